// The clients of a running scenario, and what the emulator's journal tells of their connections.
import type { InvocationReport } from '../../core/invocation.ts';
import type { TraceRecord } from '../../core/trace.ts';
import type { Emulator, LiveConnection } from '../../emulator.ts';
import type { OutputLine } from '../result.ts';
import type { Client } from './client.ts';
import { Waiting } from './waiting.ts';

/** How a connection ended. */
export interface Ending {
  readonly report: InvocationReport;
  readonly explanation: string | null;
}

/** Enough to see the error that a function ends with. */
const MAX_OUTPUT_LINES = 50;

export class Session {
  readonly #emulator: Emulator;
  readonly #clients = new Map<string, Client>();
  /** By the client's port; the last connection counts where a port was used twice. */
  readonly #requestIds = new Map<number, string>();
  readonly #outputs = new Map<string, OutputLine[]>();
  readonly #endings = new Map<string, Ending>();
  readonly #waiting = new Waiting();

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
    emulator.journal.subscribe({ onRecord: record => this.#learn(record) });
  }

  get clients(): Iterable<Client> {
    return this.#clients.values();
  }

  /** The client of that name. The reader of scenarios lets no step through that names another. */
  client(as: string): Client {
    const client = this.#clients.get(as);
    if (client === undefined) throw new Error(`There is no client ${as}`);
    return client;
  }

  find(as: string): Client | null {
    return this.#clients.get(as) ?? null;
  }

  add(as: string, client: Client): void {
    this.#clients.get(as)?.dispose();
    this.#clients.set(as, client);
  }

  /** Null until the gateway has its connection. */
  requestIdOf(client: Client): string | null {
    return client.localPort === null ? null : (this.#requestIds.get(client.localPort) ?? null);
  }

  liveConnectionOf(client: Client): LiveConnection | null {
    const requestId = this.requestIdOf(client);
    return this.#emulator.connections.find(connection => connection.requestId === requestId) ?? null;
  }

  /** Have the connections of all clients ended, as far as they have come to the gateway? */
  get isOver(): boolean {
    return [...this.#requestIds.values()].every(requestId => this.#endings.has(requestId));
  }

  outputOf(client: Client): readonly OutputLine[] {
    return this.#outputs.get(this.requestIdOf(client) ?? '') ?? [];
  }

  endingOf(client: Client): Ending | null {
    return this.#endings.get(this.requestIdOf(client) ?? '') ?? null;
  }

  /** Resolves when `look` finds something, looking after all that the journal tells. */
  until<T>(look: () => T | null, over: AbortSignal): Promise<T | null> {
    return this.#waiting.until(look, over);
  }

  #learn(record: TraceRecord): void {
    switch (record.type) {
      case 'connected':
        if (record.fromPort !== null) this.#requestIds.set(record.fromPort, record.requestId);
        break;
      case 'output': {
        const lines = this.#outputs.get(record.requestId) ?? [];
        lines.push({ stream: record.stream, line: record.line });
        if (lines.length > MAX_OUTPUT_LINES) lines.shift();
        this.#outputs.set(record.requestId, lines);
        break;
      }
      case 'ended':
        this.#endings.set(record.requestId, { report: record.report, explanation: record.explanation });
        break;
      default:
        return;
    }
    this.#waiting.tell();
  }
}
