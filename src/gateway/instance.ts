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
  /** Platform ms since the connection arrived. */
  readonly sinceArrival: () => number;
}

export class Instance {
  readonly #sandbox: Sandbox;
  readonly #otherPorts: number[] = [];
  #errorLine: string | null = null;
  #exit: SandboxExit | null = null;

  constructor({ requestId, setup, recorder, raise, sinceArrival }: InstanceOptions) {
    const { driver, codeDir, startFile, port, environment, memoryMB } = setup;
    const memoryLimitBytes = memoryMB * 1024 ** 2;
    this.#sandbox = driver.start(
      { instanceId: requestId, codeDir, startFile, port, environment, memoryLimitBytes },
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
          if (stream === 'stderr') this.#errorLine = betterErrorLine(this.#errorLine, line);
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

  get circumstances(): Circumstances {
    return { otherPorts: this.#otherPorts, errorLine: this.#errorLine };
  }
}

/** `TypeError: …`, `ModuleNotFoundError: …`, `java.lang.Exception: …`: how most runtimes name what nothing caught. */
const NAMED_ERROR = /^(?:Caused by: )?[\w.]*(?:Error|Exception)\b/;

/** The last line that names an error; without one the last line that is not the runtime's own trailer. */
function betterErrorLine(known: string | null, line: string): string | null {
  if (NAMED_ERROR.test(line)) return line;
  if (known !== null && NAMED_ERROR.test(known)) return known;
  return line.trim() === '' || /^\s+at |^Node\.js v/.test(line) ? known : line;
}
