// One run of the program as a user's shell sees it: arguments in, streams and exit code out.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const program = fileURLToPath(new URL('../../bin/scf-ws.js', import.meta.url));

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { cwd, env = {} }: ProgramOptions) {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#closed = new Promise(resolve => child.once('close', resolve));
  }

  /** A run that is expected to end by itself. */
  static run(args: readonly string[], options: ProgramOptions): Promise<ProgramEnd> {
    return new Program(args, options).ended();
  }

  async ended(): Promise<ProgramEnd> {
    const exitCode = await this.#closed;
    return { exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Resolves when `text` stands on one of its streams so many times. */
  async says(text: string, times = 1): Promise<void> {
    await until(
      () => `${text}, ${times} times; it said:\n${this.stdout}${this.stderr}`,
      () => `${this.stdout}${this.stderr}`.split(text).length > times,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** For the end of a test, however it went. */
  dispose(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }
}
