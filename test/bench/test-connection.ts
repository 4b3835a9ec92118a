// One connection of the load generator: opens, keeps so many messages on their way, and checks what comes back.
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { FramePair } from './wire.ts';
import { HANDSHAKE } from './wire.ts';

export interface Echoing {
  readonly inFlight: number;
  /** Returns whether another message should go out for the one that came back. */
  readonly onEcho: (latencyMs: number) => boolean;
}

export class TestConnection {
  readonly opened: Promise<void>;
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  #resolveOpened = (): void => {};
  #failure: (error: Error) => void = () => {};
  #head = '';
  #isOpen = false;
  #isCut = false;
  #frames: FramePair | null = null;
  #echoing: Echoing | null = null;
  /** Of the frame that is coming, and how many frames came whole. */
  #frameBytes = 0;
  #echoes = 0;
  /** When each message on its way was sent, in a ring. */
  #sentAt = new Float64Array(0);
  #sent = 0;
  #onIdle = (): void => {};

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#failure = reject;
    });
    this.gone = new Promise(resolve => this.#socket.once('close', () => resolve()));
    this.#socket.write(HANDSHAKE);
    this.#socket.on('data', chunk => (this.#isOpen ? this.#echoed(chunk) : this.#answered(chunk)));
    this.#socket.on('error', error => this.#fail(error.message));
    this.#socket.on('close', () => {
      if (!this.#isCut) this.#fail('the connection was ended');
    });
  }

  begin(frames: FramePair, echoing: Echoing): void {
    this.#frames = frames;
    this.#echoing = echoing;
    this.#sentAt = new Float64Array(echoing.inFlight);
    for (let i = 0; i < echoing.inFlight; i++) this.#send(frames);
  }

  /** Resolves when nothing is on its way any more. */
  idle(): Promise<void> {
    return new Promise(resolve => {
      this.#onIdle = resolve;
      if (this.#echoes === this.#sent) resolve();
    });
  }

  cut(): void {
    this.#isCut = true;
    this.#socket.destroy();
  }

  #fail(why: string): void {
    const error = new Error(`${why}, after ${this.#echoes} echoes`);
    this.#failure(error);
    // What has opened has nobody left who would hear of it.
    if (this.#isOpen) throw error;
  }

  #answered(chunk: Buffer): void {
    this.#head += chunk.toString('latin1');
    if (!this.#head.includes('\r\n\r\n')) return;
    if (!this.#head.startsWith('HTTP/1.1 101 ') || !this.#head.endsWith('\r\n\r\n')) {
      this.#fail(`the answer was ${this.#head.slice(0, 200)}`);
      return;
    }
    this.#isOpen = true;
    this.#resolveOpened();
  }

  #send(frames: FramePair): void {
    this.#sentAt[this.#sent % this.#sentAt.length] = performance.now();
    this.#sent++;
    this.#socket.write(frames.masked);
  }

  #echoed(chunk: Buffer): void {
    const frames = this.#frames;
    const echoing = this.#echoing;
    if (frames === null || echoing === null) throw new Error('A message came that nobody had sent');
    const { echoed, echoedHeaderBytes } = frames;
    const at = performance.now();
    let offset = 0;
    while (offset < chunk.length) {
      const taken = Math.min(echoed.length - this.#frameBytes, chunk.length - offset);
      // All of the first frame, and the header of every other: it has the length.
      const compared = Math.min(
        taken,
        (this.#echoes === 0 ? echoed.length : echoedHeaderBytes) - this.#frameBytes,
      );
      for (let i = 0; i < compared; i++) {
        if (chunk[offset + i] !== echoed[this.#frameBytes + i]) {
          throw new Error(`Echo ${this.#echoes + 1} is not what was sent, at byte ${this.#frameBytes + i}`);
        }
      }
      this.#frameBytes += taken;
      offset += taken;
      if (this.#frameBytes < echoed.length) break;
      this.#frameBytes = 0;
      const sentAt = this.#sentAt[this.#echoes % this.#sentAt.length] ?? 0;
      this.#echoes++;
      if (echoing.onEcho(at - sentAt)) this.#send(frames);
    }
    if (this.#echoes === this.#sent) this.#onIdle();
  }
}
