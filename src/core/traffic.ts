// What passes in one direction of a connection: scanned, counted, and held to the quotas. Pure: time is an argument.
import type { QuotaKind } from './end-cause.ts';
import type { CloseMessage } from './frame.ts';
import type { FrameSeen, Room } from './frame-scanner.ts';
import { FrameScanner, UNLIMITED } from './frame-scanner.ts';
import type { RateQuota } from './quota.ts';
import { RateMeter } from './quota.ts';

export interface TrafficLimits {
  /** Null: no limit. */
  readonly maxMessageBytes: number | null;
  /** Null: this direction's rates are not limited. */
  readonly rate: RateQuota | null;
  /** Do pings and pongs count as messages for the idle timeout? */
  readonly controlFramesResetIdle: boolean;
}

export interface BrokenQuota {
  readonly quota: QuotaKind;
  /** The size, or the number within the window, that was too much. */
  readonly measured: number;
}

/** What one chunk came to. Owned by the `Traffic` and filled anew by every `observe`. */
export interface Observation {
  /** How much of the chunk, from its start, may be forwarded. */
  passBytes: number;
  /** Did a message begin or end, or came what counts as one for the idle timeout? */
  sawMessage: boolean;
  close: CloseMessage | null;
  broken: BrokenQuota | null;
}

export class Traffic {
  /** Whole messages that were let through, and the payload bytes of their frames. */
  messages = 0;
  bytes = 0;
  /** Does what was let through end between two frames? */
  isAtBoundary = true;
  /** Was a quota broken? Then the frame that broke it is not let through. */
  isBroken = false;

  readonly #scanner: FrameScanner;
  readonly #meter: RateMeter | null;
  readonly #controlFramesResetIdle: boolean;
  readonly #room: Room;
  readonly #observation: Observation = {
    passBytes: 0,
    sawMessage: false,
    close: null,
    broken: null,
  };

  constructor(
    limits: TrafficLimits,
    options: { readonly onFrame?: ((frame: FrameSeen) => void) | undefined } = {},
  ) {
    this.#meter = limits.rate && new RateMeter(limits.rate);
    this.#scanner = new FrameScanner(options);
    this.#controlFramesResetIdle = limits.controlFramesResetIdle;
    this.#room = { messages: Infinity, bytes: Infinity, messageBytes: limits.maxMessageBytes ?? Infinity };
  }

  /** Looks at a chunk that came at `at` (ms). The first broken quota ends what passes. */
  observe(chunk: Uint8Array, at: number): Observation {
    const observation = this.#observation;
    const meter = this.#meter;
    if (meter !== null) {
      meter.forget(at);
      this.#room.messages = meter.messageRoom;
      this.#room.bytes = meter.byteRoom;
    }
    const scan = this.#scanner.scan(chunk, this.#room);
    this.messages += scan.messagesEnded;
    this.bytes += scan.dataBytes;
    this.isAtBoundary = scan.passEndsAtBoundary;
    observation.passBytes = scan.passBytes;
    observation.sawMessage =
      scan.messagesBegun > 0 ||
      scan.messagesEnded > 0 ||
      (this.#controlFramesResetIdle && scan.controlFrames > 0);
    observation.close = scan.close;
    observation.broken = scan.stopped && {
      quota: scan.stopped,
      measured: scan.measured + this.#alreadyCounted(scan.stopped),
    };
    if (meter !== null && (scan.messagesBegun > 0 || scan.dataBytes > 0)) meter.charge(at, scan);
    if (scan.stopped !== null) {
      // The rest is not forwarded, but the peer's close frame may be in it.
      this.isBroken = true;
      observation.close ??= this.#scanner.scan(chunk.subarray(scan.scannedBytes), UNLIMITED).close;
    }
    return observation;
  }

  /** Counts what still passes after the connection's end was decided: limits are for what decides it. */
  observeUnlimited(chunk: Uint8Array): CloseMessage | null {
    const scan = this.#scanner.scan(chunk, UNLIMITED);
    this.messages += scan.messagesEnded;
    this.bytes += scan.dataBytes;
    return scan.close;
  }

  /** Looks at what no longer passes, for the close frame in it and the end of the frame under way. */
  observeRest(chunk: Uint8Array): { readonly close: CloseMessage | null; readonly firstFrameEnd: number } {
    return this.#scanner.scan(chunk, UNLIMITED);
  }

  #alreadyCounted(quota: QuotaKind): number {
    if (this.#meter === null || quota === 'message-size') return 0;
    return quota === 'bandwidth' ? this.#meter.bytes : this.#meter.messages;
  }
}
