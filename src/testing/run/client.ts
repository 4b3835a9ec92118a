// A scenario's WebSocket client: the `ws` package, with everything that happens kept in order, so that nothing is
// missed between two steps.
import type { Socket, TcpNetConnectOpts } from 'node:net';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { ReceivedLine } from '../result.ts';
import { Waiting } from './waiting.ts';

export interface ClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  /** Real ms of some clock. */
  readonly now: () => number;
}

export interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

export type ClientEvent =
  | { readonly type: 'opened'; readonly subprotocol: string }
  | { readonly type: 'refused'; readonly status: number; readonly body: string }
  | ({ readonly type: 'message' } & Message)
  | { readonly type: 'pong'; readonly data: Buffer }
  /** 1005: a close frame without a code; 1006: no close frame. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }
  /** What is wrong with the connection itself, as the `ws` package puts it. */
  | { readonly type: 'error'; readonly message: string };

type Seen = ClientEvent & { readonly sinceMs: number };

/** A refusal's body is looked at by people. */
const MAX_REFUSAL_BYTES = 64 * 1024;

export class Client {
  readonly #socket: WebSocket;
  readonly #options: ClientOptions;
  readonly #startedAt: number;
  readonly #seen: Seen[] = [];
  /** What no step has taken yet. */
  readonly #messages: (Message & Seen)[] = [];
  readonly #pongs: (Seen & { readonly type: 'pong' })[] = [];
  #marked = 0;
  readonly #waiting = new Waiting();
  #transport: Socket | null = null;
  #localPort: number | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    const { url, headers, subprotocols } = options;
    this.#socket = new WebSocket(url, [...subprotocols], {
      headers: { ...headers },
      // Sizes are those of the messages, and no limit of the client's own stands before the platform's.
      perMessageDeflate: false,
      maxPayload: 0,
      // `ws` calls it with options only.
      createConnection: this.#connect as typeof connect,
    });
    this.#watch();
  }

  /** Of the TCP connection, also when it is over; null before there is one. */
  get localPort(): number | null {
    return this.#localPort;
  }

  get sentBytes(): number {
    return this.#transport?.bytesWritten ?? 0;
  }

  /** What the server chose; null before the connection is open. */
  get opened(): Extract<ClientEvent, { type: 'opened' }> | null {
    return this.#find('opened');
  }

  get refused(): Extract<ClientEvent, { type: 'refused' }> | null {
    return this.#find('refused');
  }

  get closed(): Extract<ClientEvent, { type: 'closed' }> | null {
    return this.#find('closed');
  }

  /** What no step has taken, and all since the mark, as people read it. */
  get received(): readonly ReceivedLine[] {
    const [untaken] = this.#messages;
    const first = untaken === undefined ? this.#marked : Math.min(this.#marked, this.#seen.indexOf(untaken));
    return this.#seen.slice(first).map(seen => ({ sinceMs: seen.sinceMs, text: describe(seen) }));
  }

  /** Resolves when it is in the system's hands. */
  send(data: string | Buffer, isBinary: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(data, { binary: isBinary }, error => (error ? reject(error) : resolve()));
    });
  }

  ping(data: string): void {
    this.#socket.ping(data);
  }

  close(code: number | null, reason: string): void {
    if (code === null) this.#socket.close();
    else this.#socket.close(code, reason);
  }

  /** Drops the TCP connection. */
  cut(): void {
    this.#transport?.resetAndDestroy();
  }

  /** Ends whatever there is, without ado. */
  dispose(): void {
    this.#socket.terminate();
  }

  /** The oldest message that no step has taken. */
  takeMessage(): Message | null {
    return this.#messages.shift() ?? null;
  }

  /** The oldest pong that no step has taken. */
  takePong(): { readonly data: Buffer } | null {
    return this.#pongs.shift() ?? null;
  }

  /** The oldest message, left where it is. */
  get nextMessage(): Message | null {
    return this.#messages[0] ?? null;
  }

  /** What comes from now on is what a failure of the next step shows. */
  mark(): void {
    this.#marked = this.#seen.length;
  }

  /** Resolves when `look` finds something, looking after all that happens to the client. */
  until<T>(look: () => T | null, over: AbortSignal): Promise<T | null> {
    return this.#waiting.until(look, over);
  }

  #find<T extends ClientEvent['type']>(type: T): Extract<ClientEvent, { type: T }> | null {
    const found = this.#seen.find(seen => seen.type === type);
    return (found as Extract<ClientEvent, { type: T }> | undefined) ?? null;
  }

  #watch(): void {
    const socket = this.#socket;
    socket.on('open', () => this.#add({ type: 'opened', subprotocol: socket.protocol }));
    socket.on('message', (data: Buffer, isBinary) => this.#add({ type: 'message', data, isBinary }));
    socket.on('pong', data => this.#add({ type: 'pong', data }));
    socket.on('error', error => this.#add({ type: 'error', message: error.message }));
    socket.on('close', (code, reason) => {
      this.#add({ type: 'closed', code, reason: reason.toString() });
    });
    socket.on('unexpected-response', (request, response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_REFUSAL_BYTES) chunks.push(chunk);
      });
      response.on('error', () => {});
      response.on('close', () => {
        this.#add({
          type: 'refused',
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
        });
        request.destroy();
      });
    });
  }

  // The `path` among the options is HTTP's; to a socket it would be a file.
  readonly #connect = ({ host, port }: TcpNetConnectOpts): Socket => {
    const transport = connect({ port, ...(host !== undefined && { host }), noDelay: true });
    transport.once('connect', () => {
      this.#localPort = transport.localPort ?? null;
    });
    this.#transport = transport;
    return transport;
  };

  #add(event: ClientEvent): void {
    const seen = { ...event, sinceMs: this.#options.now() - this.#startedAt };
    this.#seen.push(seen);
    if (seen.type === 'message') this.#messages.push(seen);
    if (seen.type === 'pong') this.#pongs.push(seen);
    this.#waiting.tell();
  }
}

const MAX_SHOWN = 200;

/** One line for people. */
export function describe(event: ClientEvent): string {
  switch (event.type) {
    case 'opened':
      return event.subprotocol === '' ? 'open' : `open, subprotocol ${event.subprotocol}`;
    case 'refused':
      return `refused with ${event.status} ${short(event.body)}`.trim();
    case 'message':
      return event.isBinary
        ? `binary message of ${event.data.length} bytes: ${event.data.subarray(0, 32).toString('hex')}${event.data.length > 32 ? '…' : ''}`
        : `message ${JSON.stringify(short(event.data.toString()))}`;
    case 'pong':
      return `pong ${JSON.stringify(short(event.data.toString()))}`;
    case 'closed':
      return `close ${event.code}${event.reason === '' ? '' : ` ${JSON.stringify(event.reason)}`}`;
    case 'error':
      return `error: ${event.message}`;
  }
}

function short(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
}
