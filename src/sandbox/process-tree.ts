// One process and all that it starts: signals reach the whole tree, and its end is told when none of it is left.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxExit } from '../core/end-cause.ts';
import type { LineReader } from './lines.ts';
import { readLines } from './lines.ts';
import { notStarted } from './not-started.ts';
import type { ProcessLook } from './process-table.ts';
import { isGroupAlive, processesByMark, processGroupOf } from './process-table.ts';
import type { Tree } from './tree-sandbox.ts';

export interface ProcessMark {
  readonly name: string;
  readonly value: string;
}

export interface ProcessTreeOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** For the platform's wording when it cannot be started. */
  readonly startFile: string;
  readonly cwd: string;
  /** Exactly the environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** A variable within `env` whose value no other tree has: what has left the process group is found by it. */
  readonly mark: ProcessMark;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
  /** The first process has ended. */
  readonly onEnding: (exit: SandboxExit) => void;
  /** Once and last: nothing of the tree is left, and all its output was told. */
  readonly onExit: (exit: SandboxExit) => void;
}

/** How long what was killed may take to die, and how long it is between two looks at it. */
const LOOKS = 50;
const LOOK_PAUSE_MS = 10;
const MAX_LOOK_PAUSE_MS = 100;

/** One look can miss a process that is just being forked, or replaced by another program: that takes less than a pause. */
const LOOKS_TO_BE_SURE = 2;

/** A process beyond our reach (another user's, its environment cleared) may hold the output open for ever. */
const OUTPUT_GRACE_MS = 1000;

export class ProcessTree implements Tree {
  readonly #options: ProcessTreeOptions;
  readonly #child: ChildProcess;
  readonly #readers: LineReader[] = [];
  readonly #outputEnded: Promise<void>;
  #isAsked = false;
  #isKilled = false;
  /** From then on its numbers may be those of other processes. */
  #isOver = false;

  /** Throws what the system says at once; what it says later is an exit. */
  constructor(options: ProcessTreeOptions) {
    this.#options = options;
    const { command, args, cwd, env, onOutput } = options;
    // `detached`: a process group and session of its own, so that one signal reaches the group and none of the
    // terminal's does.
    const child: ChildProcess = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.on('error', error => {
      if (child.pid === undefined) options.onExit(notStarted(error, options.startFile));
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      // Without a descriptor left there is none (EMFILE).
      const readable = child[stream];
      if (readable) this.#readers.push(readLines(readable, line => onOutput(stream, line)));
    }
    this.#outputEnded = new Promise(resolve => child.once('close', () => resolve()));
    child.once('exit', (code, signal) => {
      if (child.pid === undefined) return;
      const exit: SandboxExit =
        signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signaled', signal };
      void this.#finish(exit);
      options.onEnding(exit);
    });
  }

  /** Null if it could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  processes(look: ProcessLook): readonly number[] {
    const { name, value } = this.#options.mark;
    return [...(this.pid === null ? [] : [this.pid]), ...look.marked(name, value)];
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Asks every process of the tree to end, once. */
  terminate(): void {
    this.#isAsked = true;
    const others = this.#marked().filter(pid => processGroupOf(pid) !== this.pid);
    if (this.#signalGroup('SIGTERM')) signalEach(others, 'SIGTERM');
  }

  /** What has left the process group is ended when the leader has gone. */
  kill(): void {
    this.#isKilled = true;
    this.#signalGroup('SIGKILL');
  }

  /** Returns whether there is such a group (still). */
  #signalGroup(signal: 'SIGTERM' | 'SIGKILL'): boolean {
    if (this.pid === null || this.#isOver) return false;
    try {
      return process.kill(-this.pid, signal);
    } catch {
      return false;
    }
  }

  async #finish(exit: SandboxExit): Promise<void> {
    if (this.#isAsked) await this.#othersMayEnd();
    this.#signalGroup('SIGKILL');
    this.#isOver = true;
    await this.#sweep();
    await Promise.race([this.#outputEnded, delay(OUTPUT_GRACE_MS, undefined, { ref: false })]);
    for (const reader of this.#readers) reader.stop();
    this.#options.onExit(exit);
  }

  /** A shell dies of SIGTERM at once; the server that it started may still be tidying up, until it is killed. */
  async #othersMayEnd(): Promise<void> {
    let pauseMs = LOOK_PAUSE_MS;
    while (!this.#isKilled && (this.#marked().length > 0 || this.#isGroupAlive())) {
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 1.5, MAX_LOOK_PAUSE_MS);
    }
  }

  /** Ends what is left of the tree, and waits until it is no more. */
  async #sweep(): Promise<void> {
    let looksWithout = 0;
    for (let look = 0; look < LOOKS && looksWithout < LOOKS_TO_BE_SURE; look++) {
      const left = this.#marked();
      signalEach(left, 'SIGKILL');
      looksWithout = left.length === 0 && !this.#isGroupAlive() ? looksWithout + 1 : 0;
      if (looksWithout < LOOKS_TO_BE_SURE) await delay(LOOK_PAUSE_MS);
    }
  }

  /** What lives and bears the mark, in the group or not; nothing where the system does not tell. */
  #marked(): readonly number[] {
    const { name, value } = this.#options.mark;
    return processesByMark(name)?.get(value) ?? [];
  }

  /** Also what does not bear the mark, because its environment was cleared. */
  #isGroupAlive(): boolean {
    return this.pid !== null && isGroupAlive(this.pid);
  }
}

function signalEach(pids: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ESRCH: it ended between the look and this.
    }
  }
}
