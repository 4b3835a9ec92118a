// One of the two sockets of a connection: what comes is handed on, what goes is counted against back-pressure,
// and its end is told once as `ended` and once as `gone`.
import type { Socket } from 'node:net';

export interface TransportEvents {
  readonly onData: (chunk: Buffer) => void;
  /** The peer sends nothing any more; `reset` if the transport broke. */
  readonly onEnded: (reset: boolean) => void;
  readonly onGone: () => void;
  /** What was written has gone out: the other side may go on. */
  readonly onDrained: () => void;
  /** Shown what is written, where somebody records it. */
  readonly onWrite?: ((bytes: Uint8Array) => void) | undefined;
}

export class Transport {
  readonly #socket: Socket;
  readonly #onWrite: TransportEvents['onWrite'];

  constructor(socket: Socket, events: TransportEvents) {
    this.#socket = socket;
    this.#onWrite = events.onWrite;
    socket.on('data', events.onData);
    socket.on('end', () => events.onEnded(false));
    socket.on('error', () => events.onEnded(true));
    socket.on('close', () => events.onGone());
    socket.on('drain', events.onDrained);
    // The parser of the handshake may have left it paused.
    socket.resume();
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  /** Returns false when the other side should pause until `onDrained`. */
  write(bytes: Uint8Array): boolean {
    // Behind its end there is no one to write to, and nothing to wait for.
    if (!this.#socket.writable) return true;
    this.#onWrite?.(bytes);
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends it as the other side ended: FIN behind what was written, or RST. */
  end({ reset }: { readonly reset: boolean }): void {
    if (reset) this.#socket.resetAndDestroy();
    else this.#socket.end();
    // An end that comes cannot be seen while paused.
    this.#socket.resume();
  }

  cut(): void {
    this.#socket.destroy();
  }
}
