// The connection's instance: starts the sandbox, records what it tells, and remembers what explains an end.
import type { SandboxExit } from '../core/end-cause.ts';
import type { Event } from '../core/lifecycle-words.ts';
import type { Sandbox } from '../sandbox/driver.ts';
import type { Recorder } from './recorder.ts';
import type { Circumstances, FunctionSetup } from './setup.ts';

export interface InstanceOptions {
  readonly requestId: string;
  readonly setup: FunctionSetup;
  readonly recorder: Recorder;
  readonly raise: (event: Event) => void;
  /** Real ms since the connection arrived. */
  readonly sinceArrival: () => number;
}

export class Instance {
  readonly #sandbox: Sandbox;
  readonly #otherPorts: number[] = [];
  #namedError: string | null = null;
  #lastWords: string | null = null;
  #exit: SandboxExit | null = null;

  constructor({ requestId, setup, recorder, raise, sinceArrival }: InstanceOptions) {
    const { driver, codeDir, startFile, port, environment, network, memoryMB } = setup;
    this.#sandbox = driver.start(
      { instanceId: requestId, codeDir, startFile, port, environment, network },
      {
        onStarted: pid => recorder.record({ type: 'instance-started', driver: driver.name, pid }),
        onReady: () => {
          const memUsageBytes = this.#sandbox.peakMemoryBytes;
          recorder.record({ type: 'instance-ready', initMs: sinceArrival(), memoryMB, memUsageBytes });
          raise({ type: 'sandbox-ready' });
        },
        onLoopbackOnly: address => raise({ type: 'sandbox-bound-to-loopback', address }),
        onOtherPort: otherPort => {
          if (this.#otherPorts.includes(otherPort)) return;
          this.#otherPorts.push(otherPort);
          recorder.record({ type: 'listening-elsewhere', port: otherPort, expectedPort: port });
        },
        onOutput: (stream, line) => {
          if (NAMED_ERROR.test(line)) this.#namedError = line;
          if (stream === 'stderr' && !TRAILER.test(line)) this.#lastWords = line;
          recorder.record({ type: 'output', stream, line });
        },
        onMemory: usedBytes => raise({ type: 'memory-measured', usedBytes }),
        onExit: exit => {
          this.#exit = exit;
          raise({ type: 'sandbox-exited', exit });
        },
      },
    );
  }

  get sandbox(): Sandbox {
    return this.#sandbox;
  }

  get exit(): SandboxExit | null {
    return this.#exit;
  }

  get circumstances(): Omit<Circumstances, 'isUnanswered'> {
    return { otherPorts: this.#otherPorts, namedError: this.#namedError, lastWords: this.#lastWords };
  }
}

/** `TypeError: …`, `ModuleNotFoundError: …`, `java.lang.Exception: …`: how most runtimes name what nothing caught. */
const NAMED_ERROR = /^(?:Caused by: )?[\w.]*(?:Error|Exception)\b/;

/** What says nothing of its own: blank lines, stack lines, Node's version, npm's remarks. */
const TRAILER = /^\s*$|^\s+at |^Node\.js v|^npm /;
