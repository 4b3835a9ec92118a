// The two rates of a connection: messages and bytes within any window of one second. Pure: time is an argument.
//
// The window slides, so the answer does not depend on where a second is thought to begin: what counts at
// `at` is all that came after `at - windowMs`. Charges of the same millisecond share one slot, so memory is
// bounded by the window however fast messages come, and it is taken only as far as slots are used.

export interface RateQuota {
  /** Null: not limited. */
  readonly maxMessages: number | null;
  readonly maxBytes: number | null;
  readonly windowMs: number;
}

interface Slot {
  readonly atMs: number;
  messages: number;
  bytes: number;
}

/** Forgotten slots are dropped in batches: shifting an array at every message would cost more than the message. */
const DROP_AFTER_SLOTS = 1024;

/** What came lately. Changed in place, as it is on the path of every message. */
export class RateMeter {
  readonly #quota: RateQuota;
  #slots: Slot[] = [];
  /** Index of the oldest slot that is still within the window. */
  #head = 0;
  #messages = 0;
  #bytes = 0;

  constructor(quota: RateQuota) {
    this.#quota = quota;
  }

  /** What counts now: as of the last `forget` or `charge`. */
  get messages(): number {
    return this.#messages;
  }
  get bytes(): number {
    return this.#bytes;
  }

  get messageRoom(): number {
    return this.#quota.maxMessages === null ? Infinity : this.#quota.maxMessages - this.#messages;
  }
  get byteRoom(): number {
    return this.#quota.maxBytes === null ? Infinity : this.#quota.maxBytes - this.#bytes;
  }

  /** Lets go of what no longer counts at `at` (ms). */
  forget(at: number): void {
    const slots = this.#slots;
    const lastForgottenMs = Math.floor(at) - this.#quota.windowMs;
    let slot = slots[this.#head];
    while (slot !== undefined && slot.atMs <= lastForgottenMs) {
      this.#messages -= slot.messages;
      this.#bytes -= slot.bytes;
      this.#head++;
      slot = slots[this.#head];
    }
    if (this.#head === slots.length) {
      slots.length = 0;
      this.#head = 0;
    } else if (this.#head > DROP_AFTER_SLOTS) {
      this.#slots = slots.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Counts what came at `at` (ms). */
  charge(at: number, come: { readonly messagesBegun: number; readonly dataBytes: number }): void {
    const atMs = Math.floor(at);
    const last = this.#slots.at(-1);
    if (last !== undefined && last.atMs === atMs) {
      last.messages += come.messagesBegun;
      last.bytes += come.dataBytes;
    } else {
      this.#slots.push({ atMs, messages: come.messagesBegun, bytes: come.dataBytes });
    }
    this.#messages += come.messagesBegun;
    this.#bytes += come.dataBytes;
  }
}
