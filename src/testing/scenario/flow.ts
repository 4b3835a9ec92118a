// What the steps read so far have brought about: clients that connected, variables that were captured.

/** A connect whose fate the next steps may still decide. */
interface Connect {
  mustOpen: boolean;
}

type ClientState =
  | { readonly kind: 'connecting'; readonly connect: Connect }
  | { readonly kind: 'open' | 'refused' };

const OPEN: ClientState = { kind: 'open' };
const REFUSED: ClientState = { kind: 'refused' };

export class Flow {
  readonly #clients: Map<string, ClientState>;
  readonly #captured: Set<string>;
  /** As they were at the beginning of the branch. */
  readonly #before: ReadonlyMap<string, ClientState>;

  constructor(clients: Iterable<[string, ClientState]> = [], captured: Iterable<string> = []) {
    this.#clients = new Map(clients);
    this.#captured = new Set(captured);
    this.#before = new Map(this.#clients);
  }

  /** Everyone who has tried to connect. */
  get clients(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Those whose last step is a connect. */
  get connecting(): readonly string[] {
    return this.clients.filter(client => this.#clients.get(client)?.kind === 'connecting');
  }

  get refused(): readonly string[] {
    return this.clients.filter(client => this.#clients.get(client)?.kind === 'refused');
  }

  get captured(): readonly string[] {
    return [...this.#captured];
  }

  /** `connect` is null where it is not known, only that there was one. */
  connect(client: string, connect: Connect | null): void {
    this.#clients.set(client, connect === null ? OPEN : { kind: 'connecting', connect });
  }

  /** The client does something: its connection was meant to open. */
  use(client: string): void {
    if (this.#clients.get(client)?.kind === 'connecting') this.#clients.set(client, OPEN);
  }

  /** The connect that is the client's last step will be refused; false if there is none. */
  refuse(client: string): boolean {
    const state = this.#clients.get(client);
    if (state?.kind !== 'connecting') return false;
    state.connect.mustOpen = false;
    this.#clients.set(client, REFUSED);
    return true;
  }

  capture(variable: string): void {
    this.#captured.add(variable);
  }

  /** For a branch, which does not see what its siblings do. */
  copy(): Flow {
    return new Flow(this.#clients, this.#captured);
  }

  /** After the branch, what it did is known to all. */
  join(branch: Flow): void {
    for (const [client, state] of branch.#clients) {
      if (branch.#before.get(client) !== state) this.#clients.set(client, state);
    }
    for (const variable of branch.captured) this.#captured.add(variable);
    this.settle();
  }

  /** Where steps are repeated, a connect before them is not the one that the next round could refuse. */
  settle(): void {
    for (const client of this.connecting) this.#clients.set(client, OPEN);
  }
}
