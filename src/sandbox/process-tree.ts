// One process and all that it starts: signals reach the whole tree, and its end is told when none of it is left.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxExit } from '../core/end-cause.ts';
import { readLines } from './lines.ts';
import { processesMarked } from './process-table.ts';

export interface ProcessTreeOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** For the platform's wording when it cannot be started. */
  readonly startFile: string;
  readonly cwd: string;
  /** Exactly the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value` within `env` that no other tree has: what has left the process group is found by it. */
  readonly mark: string;
  readonly onSpawn: (pid: number) => void;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Once and last: nothing of the tree is left, and all its output was told. */
  readonly onExit: (exit: SandboxExit) => void;
}

/** How often the table of processes is looked at for what is still dying, and how long between two looks. */
const SWEEPS = 50;
const SWEEP_PAUSE_MS = 10;

/** A process beyond our reach (another user's, its environment cleared) may hold the output open for ever. */
const OUTPUT_GRACE_MS = 1000;

export class ProcessTree {
  readonly #options: ProcessTreeOptions;
  readonly #child: ChildProcess;
  readonly #outputEnded: Promise<void>;
  #isAsked = false;
  #isKilled = false;

  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    const { command, args, cwd, env, onOutput } = options;
    // `detached`: a process group and session of its own, so that one signal reaches the group and none of the
    // terminal's does.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    readLines(child.stdout, line => onOutput('stdout', line));
    readLines(child.stderr, line => onOutput('stderr', line));
    this.#outputEnded = new Promise(resolve => child.once('close', () => resolve()));
    child.once('spawn', () => options.onSpawn(child.pid ?? 0));
    child.once('error', error => {
      if (child.pid === undefined) options.onExit(notStarted(error, options.startFile));
    });
    child.once('exit', (code, signal) => {
      const exit: SandboxExit =
        signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signaled', signal };
      void this.#finish(exit);
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** To every process of the group. What has left the group is ended when the leader has gone. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (signal === 'SIGTERM') this.#isAsked = true;
    else this.#isKilled = true;
    this.#signalGroup(signal);
  }

  /** Returns whether there is such a group (still); signal 0 only asks. */
  #signalGroup(signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
    if (this.#child.pid === undefined) return false;
    try {
      return process.kill(-this.#child.pid, signal);
    } catch {
      return false;
    }
  }

  async #finish(exit: SandboxExit): Promise<void> {
    if (this.#isAsked) await this.#othersMayEnd();
    this.#signalGroup('SIGKILL');
    await this.#sweep();
    await Promise.race([this.#outputEnded, delay(OUTPUT_GRACE_MS)]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#options.onExit(exit);
  }

  /** A shell dies of SIGTERM at once; the server that it started may still be tidying up, until it is killed. */
  async #othersMayEnd(): Promise<void> {
    while (!this.#isKilled && this.#signalGroup(0)) {
      // A group of nothing but zombies is still a group.
      if (processesMarked(this.#options.mark)?.length === 0) return;
      await delay(SWEEP_PAUSE_MS);
    }
  }

  /** Ends what is left of the tree, and waits until it is no more. */
  async #sweep(): Promise<void> {
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const left = processesMarked(this.#options.mark);
      if (left === null || left.length === 0) return;
      for (const pid of left) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // ESRCH: it ended between the two calls.
        }
      }
      await delay(SWEEP_PAUSE_MS);
    }
  }
}

/** In the platform's wording; the start file itself is there, so what is missing is its interpreter. */
function notStarted(error: NodeJS.ErrnoException, startFile: string): SandboxExit {
  const isMissing = error.code === 'ENOENT';
  return {
    kind: 'not-started',
    message: isMissing
      ? `[./${startFile}] no such file or directory`
      : `fork/exec /var/user/${startFile}: ${error.code}`,
    advice: isMissing
      ? 'The interpreter that the first line of the start file names does not exist here'
      : error.message,
  };
}
