// The path of every frame: look at a chunk, pass the same bytes on, say what the machine must know. Also the
// gateway's own close frames, which fit only between two frames.
import { randomBytes } from 'node:crypto';
import type { Side } from '../core/end-cause.ts';
import type { CloseMessage } from '../core/frame.ts';
import { closeFrame } from '../core/frame.ts';
import type { BrokenQuota, Traffic } from '../core/traffic.ts';
import type { Transport } from './transport.ts';

export interface RelayEvents {
  /** A message began or ended, in the chunk that came at `at`. */
  readonly onMessage: (at: number) => void;
  readonly onClose: (from: Side, close: CloseMessage) => void;
  readonly onBroken: (by: Side, broken: BrokenQuota) => void;
}

/** One direction: from one side to the other. */
export class Relay {
  readonly #from: Side;
  readonly #traffic: Traffic;
  readonly #events: RelayEvents;
  /** The gateway's close frame, waiting for the end of the frame under way. */
  #closeDue: Buffer | null = null;

  constructor(from: Side, options: { readonly traffic: Traffic; readonly events: RelayEvents }) {
    this.#from = from;
    this.#traffic = options.traffic;
    this.#events = options.events;
  }

  get counted(): { messages: number; bytes: number } {
    return { messages: this.#traffic.messages, bytes: this.#traffic.bytes };
  }

  /** A chunk of an open connection, come at `at` (ms). Returns false when its sender should pause. */
  pass(chunk: Buffer, { to, at }: { readonly to: Transport; readonly at: number }): boolean {
    const { passBytes, sawMessage, close, broken } = this.#traffic.observe(chunk, at);
    const canGoOn =
      passBytes === chunk.length
        ? to.write(chunk)
        : passBytes === 0 || to.write(chunk.subarray(0, passBytes));
    if (sawMessage) this.#events.onMessage(at);
    if (broken !== null) this.#events.onBroken(this.#from, broken);
    if (close !== null) this.#events.onClose(this.#from, close);
    return canGoOn;
  }

  /** A chunk that came while the peers' own closing handshake goes on. Returns false when its sender should pause. */
  passUnlimited(chunk: Buffer, { to }: { readonly to: Transport }): boolean {
    const canGoOn = to.write(chunk);
    const close = this.#traffic.observeUnlimited(chunk);
    if (close !== null) this.#events.onClose(this.#from, close);
    return canGoOn;
  }

  /**
   * A chunk that came after the gateway's own close frames were due. Nothing may follow a close frame
   * (RFC 6455 §5.5.1), so all that passes is the rest of the frame that it still has to wait for.
   */
  passRest(chunk: Buffer, { to }: { readonly to: Transport }): boolean {
    const { close, firstFrameEnd } = this.#traffic.observeRest(chunk);
    let canGoOn = true;
    if (this.#closeDue !== null) {
      canGoOn = to.write(firstFrameEnd < 0 ? chunk : chunk.subarray(0, firstFrameEnd));
      if (firstFrameEnd >= 0) this.#sendDue(to);
    }
    if (close !== null) this.#events.onClose(this.#from, close);
    return canGoOn;
  }

  /** Sends the gateway's close frame to this direction's receiver, as soon as it fits. */
  sendClose(
    close: { readonly code: number; readonly reason: string },
    { to }: { readonly to: Transport },
  ): void {
    // RFC 6455 §5.1: frames to a server are masked, frames to a client are not.
    this.#closeDue = Buffer.from(
      this.#from === 'client' ? closeFrame(close, randomBytes(4)) : closeFrame(close),
    );
    if (this.#traffic.isAtBoundary) this.#sendDue(to);
    // Half of the frame that broke the quota is with the receiver, and the other half will not follow.
    else if (this.#traffic.isBroken) to.cut();
  }

  #sendDue(to: Transport): void {
    if (this.#closeDue !== null) to.write(this.#closeDue);
    this.#closeDue = null;
  }
}
