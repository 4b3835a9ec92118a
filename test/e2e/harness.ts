// `scf-ws dev` as a user runs it: the built program as a child, its streams and its report file watched, and at
// its end a look at whether it left anything behind.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import { processesThatKnow } from '../leftovers.ts';
import { until } from './until.ts';

const program = fileURLToPath(new URL('../../bin/scf-ws.js', import.meta.url));

/** Functions that stand in files beside this one; see the first lines of each. */
export const scriptedDir = fileURLToPath(new URL('functions/scripted', import.meta.url));
export const recorderDir = fileURLToPath(new URL('functions/recorder', import.meta.url));
export const examplesDir = fileURLToPath(new URL('../../examples', import.meta.url));

export const NODE_START_FILE = '#!/bin/bash\n/var/lang/node20/bin/node app.js\n';

/** Exits of the program, as README has them. */
export const INTERRUPTED = 130;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'scf-ws-e2e-'));
}

/** Writes a function of one file; returns its folder. */
export function writeFunction(
  dir: string,
  { app, startFile = NODE_START_FILE, mode = 0o755 }: { app: string; startFile?: string; mode?: number },
): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'app.js'), app);
  writeFileSync(join(dir, 'scf_bootstrap'), startFile, { mode });
  return dir;
}

export interface DevOptions {
  /** The folder of the function. */
  readonly dir: string;
  /** As whom to run the program, and where they find it; left out: as the one who runs the tests. */
  readonly user?: { readonly uid: number; readonly program: string };
  /** Where standard error goes, for a run that says too much to keep. */
  readonly stderrFile?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that has ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the program, from its start to its end. */
export class Dev {
  readonly #folder = temporaryFolder();
  /** Instances inherit TMPDIR, or see a folder within it: whatever knows its name is of this run. */
  readonly #temporary = join(this.#folder, 'tmp');
  readonly #reportFile = join(this.#folder, 'report.jsonl');
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #hasEnded = false;
  #stdout = '';
  #stderr = '';

  private constructor({ dir, args = [], env = {}, user, stderrFile }: DevOptions) {
    mkdirSync(this.#temporary);
    if (user !== undefined)
      for (const path of [this.#folder, this.#temporary]) chownSync(path, user.uid, user.uid);
    const stderr = stderrFile === undefined ? 'pipe' : openSync(stderrFile, 'w');
    const child = spawn(
      process.execPath,
      [user?.program ?? program, 'dev', dir, '--port', '0', '--report', this.#reportFile, ...args],
      {
        env: { ...process.env, NO_COLOR: '1', ...env, TMPDIR: this.#temporary },
        stdio: ['ignore', 'pipe', stderr],
        ...(user !== undefined && { uid: user.uid, gid: user.uid, cwd: '/' }),
      },
    );
    if (typeof stderr === 'number') closeSync(stderr);
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise(resolve => {
      child.once('close', (exitCode, signal) => {
        this.#hasEnded = true;
        resolve({ exitCode, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Resolves when it has printed its URL. */
  static async start(options: DevOptions): Promise<Dev> {
    const dev = new Dev(options);
    await until(
      () => `the URL; stderr was:\n${dev.#stderr}`,
      () => dev.#stdout.includes('\n') || dev.#hasEnded,
    );
    if (dev.#hasEnded) {
      dev.dispose();
      throw new Error(`scf-ws dev ended before it was ready:\n${dev.#stderr}`);
    }
    return dev;
  }

  /** A run that is expected to end by itself, or by Ctrl-C once it has said `interruptAt`. */
  static async run({ interruptAt, ...options }: DevOptions & { interruptAt?: string }): Promise<Ended> {
    const dev = new Dev(options);
    try {
      if (interruptAt !== undefined) {
        await dev.saysOnStderr(interruptAt);
        dev.signal('SIGINT');
      }
      await until(
        () => `the end; stderr was:\n${dev.#stderr}`,
        () => dev.#hasEnded,
      );
      expect(dev.survivors()).toEqual([]);
      return await dev.#ended;
    } finally {
      dev.dispose();
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** `ws://127.0.0.1:PORT` and `path`. */
  url(path = '/'): string {
    return new URL(path, this.#stdout.trim()).href;
  }

  get port(): number {
    return Number(new URL(this.#stdout.trim()).port);
  }

  /** What stands in the report file, up to the last whole line. */
  get reports(): readonly InvocationReport[] {
    const text = readFileSync(this.#reportFile, 'utf8');
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter(line => line !== '').map(line => JSON.parse(line) as InvocationReport);
  }

  /** The report at `index`, as soon as it is there. */
  async report(index: number): Promise<InvocationReport> {
    return until(
      () => `report ${index}; stderr was:\n${this.#stderr}`,
      () => this.reports[index] ?? null,
    );
  }

  /** The first report of a function, as soon as it is there. */
  async reportOf(functionName: string): Promise<InvocationReport> {
    return until(
      () => `a report of ${functionName}; stderr was:\n${this.#stderr}`,
      () => this.reports.find(report => report.function === functionName) ?? null,
    );
  }

  async saysOnStderr(text: string | RegExp): Promise<void> {
    await until(
      () => `${text} on stderr, which was:\n${this.#stderr}`,
      () => (typeof text === 'string' ? this.#stderr.includes(text) : text.test(this.#stderr)),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<Ended> {
    await until(
      () => `the end; stderr was:\n${this.#stderr}`,
      () => this.#hasEnded,
    );
    return this.#ended;
  }

  /** The pids of what runs by or for this run: the program, its guardian, its instances and what they started. */
  survivors(): readonly number[] {
    return processesThatKnow(join(basename(this.#folder), 'tmp')).map(({ pid }) => pid);
  }

  /** What it left in the temporary folder. */
  leftFiles(): readonly string[] {
    return readdirSync(this.#temporary);
  }

  /** Ctrl-C, and the promises that hold for its end. */
  async stop(): Promise<Ended> {
    try {
      this.signal('SIGINT');
      const ended = await this.ended();
      expect(ended.exitCode, ended.stderr).toBe(INTERRUPTED);
      expect(ended.stdout.split('\n'), 'the URL and nothing else').toEqual([
        expect.stringMatching(/^ws:\/\//),
        '',
      ]);
      expect(this.survivors()).toEqual([]);
      expect(this.leftFiles()).toEqual([]);
      return ended;
    } finally {
      this.dispose();
    }
  }

  /** For the end of a test, however it went: ends what still runs. */
  dispose(): void {
    // The guardian ends the rest.
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
