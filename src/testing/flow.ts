// What the steps read so far have brought about: clients that connected, variables that were set. Pure but for itself.

/** A connect whose fate the next steps may still decide. */
interface Connect {
  mustOpen: boolean;
}

export class Flow {
  /** Client → its connect, null once another step of the client has followed. */
  readonly #clients: Map<string, Connect | null>;
  readonly #captured: Set<string>;

  constructor(clients: Iterable<[string, Connect | null]> = [], captured: Iterable<string> = []) {
    this.#clients = new Map(clients);
    this.#captured = new Set(captured);
  }

  /** Everyone who has connected. */
  get clients(): readonly string[] {
    return [...this.#clients.keys()];
  }

  get captured(): readonly string[] {
    return [...this.#captured];
  }

  /** Those whose last step is a connect. */
  get connecting(): readonly string[] {
    return this.clients.filter(client => this.#clients.get(client));
  }

  connect(client: string, step: Connect | null): void {
    this.#clients.set(client, step);
  }

  /** The client does something: now its connection must be open. */
  use(client: string): void {
    if (this.#clients.has(client)) this.#clients.set(client, null);
  }

  /** The connect that is the client's last step will be refused; false if there is none. */
  refuse(client: string): boolean {
    const connect = this.#clients.get(client);
    if (!connect) return false;
    connect.mustOpen = false;
    this.#clients.set(client, null);
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
    for (const client of branch.clients) this.#clients.set(client, null);
    for (const variable of branch.captured) this.#captured.add(variable);
  }

  /** Where steps are repeated, a connect before them is not the one that the next round could refuse. */
  settle(): void {
    for (const client of this.#clients.keys()) this.#clients.set(client, null);
  }
}
