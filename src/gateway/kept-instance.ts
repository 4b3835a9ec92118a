// An instance that no connection has: it is being made ready beforehand, or waits for its next connection.
import { randomUUID } from 'node:crypto';
import type { Clock, Wake } from '../clock.ts';
import type { EndCause } from '../core/end-cause.ts';
import { describeExit } from '../core/invocation.ts';
import type { InstanceEvent, InstanceHolder } from './instance.ts';
import { Instance } from './instance.ts';
import type { RecordBody } from './recorder.ts';
import type { FunctionSetup } from './setup.ts';

export interface KeptInstanceOptions {
  readonly setup: FunctionSetup;
  readonly clock: Clock;
  readonly onReady: () => void;
  /** It has ended. `complaint` is one sentence on why, unless it was asked to. */
  readonly onGone: (complaint: string | null) => void;
}

/** Of what nobody has heard yet, the last so many records are told to the connection that gets the instance. */
const MAX_UNHEARD = 1000;

export class KeptInstance implements InstanceHolder {
  readonly #options: KeptInstanceOptions;
  readonly #instance: Instance;
  readonly #startedAt: number;
  readonly #unheard: RecordBody[] = [];
  readonly #origin: 'provisioned' | 'reused';
  #isReady: boolean;
  /** It was asked to. */
  #isEnding = false;
  #hasEnded = false;
  #complaint: string | null = null;
  #wake: Wake | null = null;

  /** `released`: what has served a connection; otherwise a new instance is started. */
  constructor(options: KeptInstanceOptions, released: Instance | null) {
    this.#options = options;
    const { setup, clock } = options;
    this.#startedAt = clock.now();
    this.#origin = released === null ? 'provisioned' : 'reused';
    this.#isReady = released !== null;
    if (released !== null) {
      this.#instance = released;
      released.takeBack(this);
      return;
    }
    const { initTimeoutMs } = setup.rules;
    this.#wake = clock.wakeAt(this.#startedAt + initTimeoutMs, () =>
      this.#fail({ kind: 'port-not-bound', loopbackAddress: null }),
    );
    this.#instance = new Instance({ id: randomUUID(), setup, origin: 'provisioned', holder: this });
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isEnding && !this.#hasEnded;
  }

  /** Only when it is ready. Returns what from now on is the holder's. */
  giveTo(holder: InstanceHolder): Instance {
    for (const body of this.#unheard) holder.record(body);
    this.#instance.giveTo(holder, this.#origin);
    return this.#instance;
  }

  /** Asks it to end, and ends it if it does not. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { clock, setup } = this.#options;
    this.#wake?.cancel();
    this.#wake = clock.wakeAt(clock.now() + setup.rules.terminateGraceMs, () => this.kill());
    this.#instance.sandbox.terminate();
  }

  kill(): void {
    this.#isEnding = true;
    this.#instance.sandbox.kill();
  }

  record(body: RecordBody): void {
    this.#unheard.push(body);
    if (this.#unheard.length > MAX_UNHEARD) this.#unheard.shift();
  }

  raise(event: InstanceEvent): void {
    const { maxMemoryBytes } = this.#options.setup.rules;
    switch (event.type) {
      case 'sandbox-ready':
        this.#becomeReady();
        break;
      case 'sandbox-bound-to-loopback':
        this.#fail({ kind: 'port-not-bound', loopbackAddress: event.address });
        break;
      case 'memory-measured':
        if (maxMemoryBytes === null || event.usedBytes <= maxMemoryBytes) break;
        this.#fail({ kind: 'memory-exceeded', usedBytes: event.usedBytes });
        break;
      case 'sandbox-ending':
        // Nobody gets it any more.
        this.#hasEnded = true;
        break;
      case 'sandbox-exited': {
        this.#wake?.cancel();
        const { exit } = event;
        if (!this.#isEnding && !this.#isReady) this.#complain({ kind: 'start-failed', exit });
        else if (!this.#isEnding) this.#complaint = `it ended by itself (${describeExit(exit)})`;
        this.#options.onGone(this.#complaint);
        break;
      }
    }
  }

  waitedMs(): number {
    const { clock } = this.#options;
    return (clock.now() - this.#startedAt) / clock.scale;
  }

  /** The connection that the driver has ready would be an old one by the time it is needed, and servers drop those. */
  #becomeReady(): void {
    this.#isReady = true;
    this.#wake?.cancel();
    this.#instance.sandbox
      .connect()
      .on('error', () => {})
      .destroy();
    this.#options.onReady();
  }

  #fail(cause: EndCause): void {
    this.#complain(cause);
    this.kill();
  }

  #complain(cause: EndCause): void {
    this.#complaint = this.#options.setup.explain(cause, {
      ...this.#instance.circumstances,
      isUnanswered: false,
      wasOpen: false,
    });
  }
}
