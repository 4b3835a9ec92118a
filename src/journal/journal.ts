// What happened, for whoever wants to know: the last records in a ring, and every new one to its subscribers.
// Nothing in here or before here knows what readers make of it.
import type { TraceRecord } from '../core/trace.ts';

export interface Subscription {
  readonly onRecord: (record: TraceRecord) => void;
  /** Records of single frames are made only while somebody wants them. */
  readonly frames?: boolean;
}

const DEFAULT_CAPACITY = 1000;

export class Journal {
  readonly #capacity: number;
  #ring: TraceRecord[] = [];
  #oldest = 0;
  readonly #subscriptions = new Set<Subscription>();
  #frameReaders = 0;

  /** `capacity`: how many records are kept, 1000 by default. */
  constructor({ capacity = DEFAULT_CAPACITY }: { readonly capacity?: number } = {}) {
    this.#capacity = capacity;
  }

  get wantsFrames(): boolean {
    return this.#frameReaders > 0;
  }

  /** The records kept, oldest first. */
  get records(): readonly TraceRecord[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  add(record: TraceRecord): void {
    if (this.#ring.length < this.#capacity) {
      this.#ring.push(record);
    } else {
      this.#ring[this.#oldest] = record;
      this.#oldest = (this.#oldest + 1) % this.#capacity;
    }
    for (const { onRecord } of this.#subscriptions) onRecord(record);
  }

  /** Returns the function that ends the subscription. */
  subscribe(subscription: Subscription): () => void {
    this.#subscriptions.add(subscription);
    if (subscription.frames === true) this.#frameReaders++;
    return () => {
      if (this.#subscriptions.delete(subscription) && subscription.frames === true) this.#frameReaders--;
    };
  }
}
