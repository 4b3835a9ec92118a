// The instances of one function: a new one for each connection, unless ready ones are kept (provisioned
// concurrency), or those that have served a connection are (reuse).
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { InstanceHolder } from './instance.ts';
import { Instance } from './instance.ts';
import { KeptInstance } from './kept-instance.ts';
import type { FunctionSetup } from './setup.ts';

export interface InstancePoolOptions {
  readonly setup: FunctionSetup;
  readonly clock: Clock;
  readonly journal: Journal;
}

export class InstancePool {
  readonly setup: FunctionSetup;
  readonly #options: InstancePoolOptions;
  readonly #kept = new Set<KeptInstance>();
  #inUse = 0;
  #isClosed = false;
  #onChange = (): void => {};

  constructor(options: InstancePoolOptions) {
    this.#options = options;
    this.setup = options.setup;
  }

  /** How many instances there are, with those that no connection has. */
  get size(): number {
    return this.#inUse + this.#kept.size;
  }

  /** How many connections have an instance. */
  get inUse(): number {
    return this.#inUse;
  }

  /** The instance for a connection: `done` must follow. */
  take(requestId: string, holder: InstanceHolder): Instance {
    this.#inUse++;
    // The last that was used is the likeliest to be warm.
    const kept = [...this.#kept].reverse().find(({ isReady }) => isReady);
    if (kept === undefined) {
      return new Instance({ id: requestId, setup: this.setup, origin: 'cold', holder });
    }
    this.#kept.delete(kept);
    this.fill();
    return kept.giveTo(holder);
  }

  /** The connection's part is over; another may have the instance. */
  release(instance: Instance): void {
    const kept = this.#keep(instance);
    if (this.#isClosed) kept.end();
  }

  /** The connection is over, whatever has become of its instance. */
  done(): void {
    this.#inUse--;
    this.fill();
  }

  /** Starts what is missing of the instances that are to be ready. */
  fill(): void {
    const { provisionedConcurrency, maxInstances, driver } = this.setup;
    const most = Math.min(maxInstances ?? Infinity, driver.capacity?.maxInstances ?? Infinity);
    while (!this.#isClosed && this.#kept.size < provisionedConcurrency && this.size < most) {
      this.#keep(null);
    }
  }

  /** Resolves when every instance that is kept is ready or has failed. */
  async settled(): Promise<void> {
    while ([...this.#kept].some(({ isReady }) => !isReady)) await this.#change();
  }

  /** Ends what no connection has, and resolves when it is gone; what is released later is ended then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const kept of this.#kept) kept.end();
    while (this.#kept.size > 0) await this.#change();
  }

  /** Ends what no connection has at once. */
  kill(): void {
    for (const kept of this.#kept) kept.kill();
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      const before = this.#onChange;
      this.#onChange = () => {
        before();
        resolve();
      };
    });
  }

  #changed(): void {
    const onChange = this.#onChange;
    this.#onChange = () => {};
    onChange();
  }

  #keep(released: Instance | null): KeptInstance {
    const { setup, clock } = this.#options;
    const kept: KeptInstance = new KeptInstance(
      {
        setup,
        clock,
        onReady: () => this.#changed(),
        onGone: complaint => {
          this.#kept.delete(kept);
          if (complaint !== null && !this.#isClosed) this.#warn(complaint);
          this.#changed();
        },
      },
      released,
    );
    this.#kept.add(kept);
    return kept;
  }

  #warn(complaint: string): void {
    const { clock, journal, setup } = this.#options;
    const time = clock.wallTime(clock.now()).getTime();
    const message = `An instance of ${setup.name} that was kept ready is gone: ${complaint}`;
    journal.add({ type: 'notice', level: 'warn', time, message });
  }
}
