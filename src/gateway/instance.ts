// One instance of the function: starts its sandbox, tells what it does to whoever has it, a connection or the pool,
// and remembers what explains an end.
import type { SandboxExit } from '../core/end-cause.ts';
import type { InstanceOrigin } from '../core/invocation.ts';
import { LastWords } from '../core/last-words.ts';
import type { Event } from '../core/lifecycle-words.ts';
import type { Sandbox } from '../sandbox/driver.ts';
import type { RecordBody } from './recorder.ts';
import type { Circumstances, FunctionSetup } from './setup.ts';

/** Whoever has the instance just now. */
export interface InstanceHolder {
  record(body: RecordBody): void;
  raise(event: InstanceEvent): void;
  /** Real ms since it asked for the instance. */
  waitedMs(): number;
}

export type InstanceEvent = Extract<
  Event,
  {
    type:
      | 'sandbox-ready'
      | 'sandbox-bound-to-loopback'
      | 'memory-measured'
      | 'sandbox-ending'
      | 'sandbox-exited';
  }
>;

export interface InstanceOptions {
  /** Unique within the emulator. */
  readonly id: string;
  readonly setup: FunctionSetup;
  readonly origin: InstanceOrigin;
  readonly holder: InstanceHolder;
}

export class Instance {
  readonly #setup: FunctionSetup;
  readonly #sandbox: Sandbox;
  #origin: InstanceOrigin;
  #holder: InstanceHolder;
  #otherPorts: number[] = [];
  #words = new LastWords();
  #exit: SandboxExit | null = null;

  constructor({ id, setup, origin, holder }: InstanceOptions) {
    this.#setup = setup;
    this.#origin = origin;
    this.#holder = holder;
    const { driver, codeDir, startFile, port, environment, network, memoryMB, keepsInstances } = setup;
    this.#sandbox = driver.start(
      { instanceId: id, codeDir, startFile, port, environment, network, isKept: keepsInstances },
      {
        onStarted: pid => this.#holder.record({ type: 'instance-started', driver: driver.name, pid }),
        onReady: () => {
          this.#holder.record({
            type: 'instance-ready',
            origin: this.#origin,
            initMs: this.#holder.waitedMs(),
            memoryMB,
            memUsageBytes: this.#sandbox.peakMemoryBytes,
          });
          this.#holder.raise({ type: 'sandbox-ready' });
        },
        onLoopbackOnly: address => this.#holder.raise({ type: 'sandbox-bound-to-loopback', address }),
        onOtherPort: otherPort => {
          if (this.#otherPorts.includes(otherPort)) return;
          this.#otherPorts.push(otherPort);
          this.#holder.record({ type: 'listening-elsewhere', port: otherPort, expectedPort: port });
        },
        onOutput: (stream, line) => {
          this.#words.add(stream, line);
          this.#holder.record({ type: 'output', stream, line });
        },
        onMemory: usedBytes => this.#holder.raise({ type: 'memory-measured', usedBytes }),
        onEnding: exit => this.#holder.raise({ type: 'sandbox-ending', exit }),
        onExit: exit => {
          this.#exit = exit;
          this.#holder.raise({ type: 'sandbox-exited', exit });
        },
      },
    );
  }

  get sandbox(): Sandbox {
    return this.#sandbox;
  }

  /** How the connection that has it came by it. */
  get origin(): InstanceOrigin {
    return this.#origin;
  }

  get exit(): SandboxExit | null {
    return this.#exit;
  }

  get circumstances(): Omit<Circumstances, 'isUnanswered' | 'wasOpen'> {
    const { namedError, lastWords } = this.#words;
    return { otherPorts: this.#otherPorts, namedError, lastWords };
  }

  /** Hands it, ready, to a connection, which is told when it can connect. */
  giveTo(holder: InstanceHolder, origin: InstanceOrigin): void {
    this.#holder = holder;
    this.#origin = origin;
    // What an earlier connection met explains nothing of this one.
    this.#otherPorts = [];
    this.#words = new LastWords();
    holder.record({
      type: 'instance-taken',
      origin,
      driver: this.#setup.driver.name,
      pid: this.#sandbox.pid,
    });
    this.#sandbox.renew();
  }

  /** Takes it from the connection that it has served. */
  takeBack(holder: InstanceHolder): void {
    this.#holder = holder;
  }
}
