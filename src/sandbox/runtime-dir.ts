// The emulator's own temporary folder: the pipe on which hooks report, and the cloud's /var/lang as far as
// start files name it. Removed with the emulator, by the guardian if need be.
import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CloudRuntime } from '../platforms/platform.ts';
import { CloudLang } from './cloud-lang.ts';
import { findOnPath } from './interpreters.ts';
import type { Hooks } from './launcher.ts';
import { writeLauncher } from './launcher.ts';

/** From `src/sandbox` and `dist/sandbox` alike: hooks run in old Nodes and Pythons and are shipped as they are. */
const HOOKS_DIR = fileURLToPath(new URL('../../src/sandbox/hooks/', import.meta.url));

/** What is longer was not written by a hook. */
const MAX_REPORT_CHARACTERS = 4096;

/** What a hook reports: a socket listens. */
export interface ListenReport {
  readonly instance: string;
  readonly port: number;
  readonly actualPort: number;
  readonly address: string;
}

export interface RuntimeDirOptions {
  readonly runtimes: readonly CloudRuntime[];
  /** The caller's PATH. */
  readonly searchPath: string;
  readonly onListen: (report: ListenReport) => void;
  readonly onWarning: (message: string) => void;
}

export class RuntimeDir {
  readonly path: string;
  /** The cloud's `/var/lang`, with hooks. */
  readonly lang: CloudLang;
  readonly #options: RuntimeDirOptions;
  readonly #pipe: Socket;
  readonly #userLinks = new Map<string, Promise<string>>();

  private constructor(path: string, pipe: Socket, options: RuntimeDirOptions) {
    this.path = path;
    this.#pipe = pipe;
    this.#options = options;
    this.lang = new CloudLang({ ...options, dir: join(path, 'lang'), hooks: this.hooks });
    pipe.setEncoding('utf8');
    let pending = '';
    pipe.on('data', (text: string) => {
      const lines = (pending + text).split('\n');
      pending = (lines.pop() ?? '').slice(-MAX_REPORT_CHARACTERS);
      for (const line of lines) {
        const report = readListenReport(line);
        if (report !== null) options.onListen(report);
      }
    });
    // The pipe is our own and always open for writing, so it never ends; nor must it hold the process.
    pipe.unref();
  }

  /** Makes the folder. Rejects, leaving nothing, when the system refuses it (no space, no `mkfifo`). */
  static async create(options: RuntimeDirOptions): Promise<RuntimeDir> {
    const path = await mkdtemp(join(isShellSafe(tmpdir()) ? tmpdir() : '/tmp', 'scf-ws-'));
    let dir: RuntimeDir | null = null;
    try {
      await promisify(execFile)('mkfifo', ['-m', '600', join(path, 'listening')]);
      await symlink(HOOKS_DIR, join(path, 'hooks'));
      // Opened for both ways, it neither waits for a writer nor ends with the last one.
      const fd = openSync(join(path, 'listening'), constants.O_RDWR | constants.O_NONBLOCK);
      dir = new RuntimeDir(path, new Socket({ fd, readable: true, writable: false }), options);
      await dir.#linkPathInterpreters();
      return dir;
    } catch (error) {
      dir?.close();
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Goes first on the PATH of instances. */
  get binDir(): string {
    return join(this.path, 'bin');
  }

  get hooks(): Hooks {
    return {
      nodeHook: join(this.path, 'hooks', 'node-hook.cjs'),
      pythonHookDir: join(this.path, 'hooks', 'python'),
      pipe: join(this.path, 'listening'),
    };
  }

  /** The code folder under a name that needs no quoting in a shell: itself, or a link to it. */
  shellSafe(codeDir: string): Promise<string> {
    if (isShellSafe(codeDir)) return Promise.resolve(codeDir);
    const known = this.#userLinks.get(codeDir);
    if (known !== undefined) return known;
    const link = join(this.path, `user${this.#userLinks.size}`);
    const made = symlink(codeDir, link).then(() => link);
    this.#userLinks.set(codeDir, made);
    return made;
  }

  /** A bare `node` or `python3` must keep its hook even where a start file sets NODE_OPTIONS or PYTHONPATH anew. */
  async #linkPathInterpreters(): Promise<void> {
    await mkdir(this.binDir);
    for (const name of ['node', 'python3', 'python']) {
      const found = await findOnPath(name, this.#options.searchPath);
      const target = found ?? (name === 'node' ? process.execPath : null);
      if (target !== null) await writeLauncher(join(this.binDir, name), { target, hooks: this.hooks });
    }
  }

  close(): void {
    this.#pipe.destroy();
  }
}

function isShellSafe(path: string): boolean {
  return /^[\w/.@+:,=-]+$/.test(path);
}

function readListenReport(line: string): ListenReport | null {
  try {
    const report: unknown = JSON.parse(line);
    return isListenReport(report) ? report : null;
  } catch {
    // The user's process can write what it likes into the pipe; only reports are of interest.
    return null;
  }
}

function isListenReport(value: unknown): value is ListenReport {
  if (typeof value !== 'object' || value === null) return false;
  const report = value as Partial<Record<keyof ListenReport, unknown>>;
  return (
    typeof report.instance === 'string' &&
    typeof report.port === 'number' &&
    typeof report.actualPort === 'number' &&
    typeof report.address === 'string'
  );
}
