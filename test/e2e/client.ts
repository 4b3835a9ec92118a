// A WebSocket client for tests: the `ws` package, with everything that happens kept, so that nothing is missed
// between two awaits.
import type { ClientOptions } from 'ws';
import { WebSocket } from 'ws';
import { until } from './until.ts';

export interface Refusal {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Closed {
  /** 1005: a close frame without a code; 1006: no close frame. */
  readonly code: number;
  readonly reason: string;
}

export class Client {
  readonly socket: WebSocket;
  readonly #messages: Buffer[] = [];
  #isOpen = false;
  #closed: Closed | null = null;
  #refusal: Refusal | null = null;

  constructor(url: string, { protocols = [], ...options }: ClientOptions & { protocols?: string[] } = {}) {
    // Without compression messages are on the wire as long as they are.
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on('open', () => {
      this.#isOpen = true;
    });
    this.socket.on('message', (data: Buffer) => this.#messages.push(data));
    this.socket.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
    });
    // What went wrong shows in how it closed.
    this.socket.on('error', () => {});
    this.socket.on('unexpected-response', (request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('close', () => {
        const { statusCode = 0, statusMessage = '', headers } = response;
        this.#refusal = { statusCode, statusMessage, headers, body };
        request.destroy();
      });
    });
  }

  /** Connects, and resolves when it is open. */
  static async open(url: string, options: ClientOptions & { protocols?: string[] } = {}): Promise<Client> {
    const client = new Client(url, options);
    await client.opened();
    return client;
  }

  /** Connects, and resolves with the answer that is not 101. */
  static async refused(url: string): Promise<Refusal> {
    return new Client(url).refused();
  }

  async refused(): Promise<Refusal> {
    return until('a refusal', () => {
      if (this.#isOpen) throw new Error('The connection opened, and should have been refused');
      return this.#refusal;
    });
  }

  async opened(): Promise<void> {
    await until('the connection to open', () => {
      if (this.#refusal !== null)
        throw new Error(`Refused: ${this.#refusal.statusCode} ${this.#refusal.body}`);
      if (this.#closed !== null) throw new Error(`Closed before it opened: ${this.#closed.code}`);
      return this.#isOpen;
    });
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** The next message that was not asked for yet. */
  async next(): Promise<string> {
    return (await this.nextBytes()).toString();
  }

  async nextBytes(): Promise<Buffer> {
    return until('a message', () => this.#messages.shift() ?? null);
  }

  /** One message there, one back. */
  async ask(question: string): Promise<string> {
    this.send(question);
    return this.next();
  }

  async closed(): Promise<Closed> {
    return until('the connection to close', () => this.#closed);
  }

  get isClosed(): boolean {
    return this.#closed !== null;
  }
}
