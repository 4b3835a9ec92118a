// One instance, really started and observed from its first process to its last: what it did, and when. It judges
// nothing.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { SandboxExit } from '../core/end-cause.ts';
import { LastWords } from '../core/last-words.ts';
import type { FunctionSetup } from '../gateway/setup.ts';
import type { SandboxDriver } from '../sandbox/driver.ts';

export interface TrialOptions {
  readonly driver: SandboxDriver;
  readonly setup: FunctionSetup;
  /** Another folder than the function's own: a copy of it. */
  readonly codeDir?: string;
  readonly clock: Clock;
  readonly initTimeoutMs: number;
  readonly terminateGraceMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** It listens, somewhere, for the first time. */
  readonly onListening?: () => void;
}

export interface Listening {
  readonly address: string;
  readonly port: number;
  /** Since the process was started. */
  readonly afterMs: number;
}

export interface Trial {
  /** Every socket that listened, in order, as long as it was not ready. */
  readonly listening: readonly Listening[];
  /** Null: it was never where the platform connects. */
  readonly readyAfterMs: number | null;
  /** It listened on the right port, but where only the machine itself gets. */
  readonly loopbackAddress: string | null;
  readonly otherPorts: readonly number[];
  /** Its end by itself. */
  readonly exit: SandboxExit | null;
  /** It was asked to end: how long that took, and whether it had to be killed. */
  readonly termination: { readonly afterMs: number; readonly isKilled: boolean } | null;
  /** The memory of the whole tree when it had nothing to do. */
  readonly memoryBytes: number | null;
  readonly lines: readonly string[];
  readonly namedError: string | null;
  readonly lastWords: string | null;
}

/** Did it listen anywhere? Then its start is no longer the question. */
export function isReached({ listening }: Trial): boolean {
  return listening.length > 0;
}

/** What begins with the listening is over by then: its memory is at rest, and it has not ended. */
const SETTLE_MS = 200;

/** Who listens on another port first listens on the right one soon, or never. */
const OTHER_PORT_MS = 2000;

const MAX_LINES = 2000;

export function runTrial(options: TrialOptions): Promise<Trial> {
  const { driver, setup, clock, initTimeoutMs, terminateGraceMs, signal } = options;
  const listening: Listening[] = [];
  const otherPorts: number[] = [];
  const lines: string[] = [];
  const words = new LastWords();
  let startedAt = clock.now();
  let readyAfterMs: number | null = null;
  let loopbackAddress: string | null = null;
  let memoryBytes: number | null = null;
  let askedAt: number | null = null;
  let isKilled = false;

  return new Promise(resolve => {
    const deadline = clock.wakeAt(clock.now() + initTimeoutMs, ask);
    const wakes = [deadline];
    const after = (ms: number, callback: () => void): void => {
      wakes.push(clock.wakeAt(clock.now() + ms, callback));
    };
    function ask(): void {
      if (askedAt !== null) return;
      askedAt = clock.now();
      sandbox.terminate();
      after(terminateGraceMs, kill);
    }
    function kill(): void {
      isKilled = true;
      askedAt ??= clock.now();
      sandbox.kill();
    }
    signal.addEventListener('abort', kill);

    const sandbox = driver.start(
      {
        instanceId: randomUUID(),
        codeDir: options.codeDir ?? setup.codeDir,
        startFile: setup.startFile,
        port: setup.port,
        environment: setup.environment,
        isKept: false,
        network: setup.network,
      },
      {
        onStarted: () => {
          startedAt = clock.now();
        },
        onListening: (address, port) => {
          listening.push({ address, port, afterMs: clock.now() - startedAt });
          if (listening.length === 1) options.onListening?.();
        },
        onReady: () => {
          readyAfterMs = clock.now() - startedAt;
          deadline.cancel();
          // As the platform does; and an open connection would be a reason not to end.
          sandbox
            .connect()
            .on('error', () => {})
            .destroy();
          after(SETTLE_MS, ask);
        },
        onLoopbackOnly: address => {
          loopbackAddress ??= address;
          after(SETTLE_MS, ask);
        },
        onOtherPort: port => {
          if (!otherPorts.includes(port)) otherPorts.push(port);
          after(OTHER_PORT_MS, () => {
            if (readyAfterMs === null) ask();
          });
        },
        onOutput: (stream, line) => {
          if (lines.length < MAX_LINES) lines.push(line);
          words.add(stream, line);
        },
        onMemory: usedBytes => {
          memoryBytes = usedBytes;
        },
        onEnding: () => {},
        onExit: exit => {
          for (const wake of wakes) wake.cancel();
          signal.removeEventListener('abort', kill);
          const { namedError, lastWords } = words;
          resolve({
            ...{
              listening,
              readyAfterMs,
              loopbackAddress,
              otherPorts,
              memoryBytes,
              lines,
              namedError,
              lastWords,
            },
            exit: askedAt === null ? exit : null,
            termination: askedAt === null ? null : { afterMs: clock.now() - askedAt, isKilled },
          });
        },
      },
    );
    if (signal.aborted) kill();
  });
}
