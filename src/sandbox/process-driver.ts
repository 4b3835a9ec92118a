// The `process` driver: each instance is a process tree of its own on this machine. A small hook, preloaded into
// Node and Python, turns "listen on 9000" into a free port and reports it, so any number run at once and
// readiness is an event. The user's network stays reachable.
import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import type { SandboxExit } from '../core/end-cause.ts';
import type { CloudRuntime } from '../platforms/platform.ts';
import type { Sandbox, SandboxDriver, SandboxObserver, SandboxRequest } from './driver.ts';
import { Guardian, MARK, markOf } from './guardian.ts';
import { hookEnvironment } from './launcher.ts';
import { processesByMark, treeMemory } from './process-table.ts';
import { notStarted, ProcessTree } from './process-tree.ts';
import type { ListenReport } from './runtime-dir.ts';
import { RuntimeDir } from './runtime-dir.ts';
import { planStart, runtimeFoldersIn } from './start-file.ts';

export interface ProcessDriverOptions {
  /** What the cloud has under `/var/lang`. */
  readonly runtimes: readonly CloudRuntime[];
  /** The caller's environment: instances get the few variables of it without which nothing runs. */
  readonly callerEnvironment: Readonly<Record<string, string | undefined>>;
  /** Told once each: what this machine has other than the cloud. */
  readonly onWarning: (message: string) => void;
}

/** Of the caller's environment, beside PATH. */
const PASSED_VARIABLES = [
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'SHELL',
  'VIRTUAL_ENV',
];

const MEMORY_LOOK_EVERY_MS = 500;

/** What all sandboxes share; made with the first of them. */
interface Shared {
  readonly runtimeDir: RuntimeDir;
  readonly guardian: Guardian;
}

export class ProcessDriver implements SandboxDriver {
  readonly name = 'process';
  readonly #options: ProcessDriverOptions;
  readonly #emulatorId = randomUUID();
  readonly #running = new Map<string, ProcessSandbox>();
  #shared: Promise<Shared> | null = null;
  #memoryTimer: NodeJS.Timeout | null = null;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
  }

  start(request: SandboxRequest, observer: SandboxObserver): Sandbox {
    const { instanceId } = request;
    const mark = markOf(this.#emulatorId, instanceId);
    const sandbox = new ProcessSandbox(request, { mark, observer, onGone: () => this.#forget(instanceId) });
    this.#running.set(instanceId, sandbox);
    this.#shared ??= this.#share();
    this.#shared
      .then(shared => sandbox.launch(shared, this.#baseEnvironment(shared)))
      .catch((error: Error) => {
        sandbox.fail({
          kind: 'not-started',
          message: error.message,
          advice: 'See whether the temporary folder can be written',
        });
      });
    this.#memoryTimer ??= setInterval(() => this.#lookAtMemory(), MEMORY_LOOK_EVERY_MS).unref();
    return sandbox;
  }

  async close(): Promise<void> {
    if (this.#memoryTimer !== null) clearInterval(this.#memoryTimer);
    const shared = await this.#shared?.catch(() => null);
    shared?.runtimeDir.close();
    await shared?.guardian.close();
  }

  async #share(): Promise<Shared> {
    const { runtimes, callerEnvironment, onWarning } = this.#options;
    try {
      const runtimeDir = await RuntimeDir.create({
        runtimes,
        searchPath: callerEnvironment.PATH ?? '',
        onListen: report => this.#running.get(report.instance)?.listened(report),
        onWarning,
      });
      return {
        runtimeDir,
        guardian: new Guardian({ emulatorId: this.#emulatorId, folder: runtimeDir.path }),
      };
    } catch (error) {
      // The next sandbox tries again: the trouble may be over by then.
      this.#shared = null;
      throw error;
    }
  }

  #baseEnvironment({ runtimeDir }: Shared): Record<string, string> {
    const { callerEnvironment } = this.#options;
    const environment: Record<string, string> = {
      PATH: [runtimeDir.binDir, callerEnvironment.PATH].filter(Boolean).join(delimiter),
    };
    for (const name of PASSED_VARIABLES) {
      const value = callerEnvironment[name];
      if (value !== undefined) environment[name] = value;
    }
    return environment;
  }

  #forget(instanceId: string): void {
    this.#running.delete(instanceId);
    if (this.#running.size === 0 && this.#memoryTimer !== null) {
      clearInterval(this.#memoryTimer);
      this.#memoryTimer = null;
    }
  }

  #lookAtMemory(): void {
    const byMark = processesByMark(MARK);
    for (const sandbox of this.#running.values()) sandbox.lookAtMemory(byMark);
  }
}

interface SandboxParts {
  readonly observer: SandboxObserver;
  /** The value of the variable by which the processes of this instance are known. */
  readonly mark: string;
  /** Called before the observer is told of the exit. */
  readonly onGone: () => void;
}

class ProcessSandbox implements Sandbox {
  readonly #request: SandboxRequest;
  readonly #parts: SandboxParts;
  readonly #observer: SandboxObserver;
  #tree: ProcessTree | null = null;
  #guardian: Guardian | null = null;
  #port: { readonly host: string; readonly port: number } | null = null;
  #peakMemoryBytes: number | null = null;
  /** Asked to end before there was a process. */
  #isUnwanted = false;
  #hasExited = false;

  constructor(request: SandboxRequest, parts: SandboxParts) {
    this.#request = request;
    this.#parts = parts;
    this.#observer = parts.observer;
  }

  get pid(): number | null {
    return this.#tree?.pid ?? null;
  }

  get peakMemoryBytes(): number | null {
    return this.#peakMemoryBytes;
  }

  async launch({ runtimeDir, guardian }: Shared, base: Record<string, string>): Promise<void> {
    const { codeDir, startFile, environment, instanceId, port } = this.#request;
    const path = join(codeDir, startFile);
    const file = await Promise.all([readFile(path), stat(path)]).catch(
      (error: NodeJS.ErrnoException) => error,
    );
    if (file instanceof Error) {
      return this.fail(
        file.code === 'ENOENT' || file.code === 'ENOTDIR'
          ? {
              kind: 'not-started',
              message: `[./${startFile}] no such file or directory`,
              advice: `Put the start file ${startFile} into ${codeDir}`,
            }
          : notStarted(file, startFile),
      );
    }
    const [bytes, { mode }] = file;
    for (const folder of runtimeFoldersIn(bytes.toString())) await runtimeDir.mapRuntime(folder);
    const userDir = await runtimeDir.shellSafe(codeDir);
    const plan = planStart(
      { name: startFile, bytes, isExecutable: (mode & 0o111) !== 0 },
      { langDir: runtimeDir.langDir, userDir },
    );
    if (plan.kind === 'cannot-run') {
      return this.fail({ kind: 'not-started', message: plan.message, advice: plan.advice });
    }
    if (this.#isUnwanted) {
      return this.fail({ kind: 'not-started', message: 'Stopped before it was started', advice: '' });
    }
    const own = { ...base, ...environment };
    const { mark } = this.#parts;
    this.#guardian = guardian;
    try {
      this.#tree = new ProcessTree({
        command: plan.command,
        args: plan.args,
        startFile,
        cwd: codeDir,
        env: {
          ...own,
          ...hookEnvironment(runtimeDir.hooks, { instanceId, port, environment: own }),
          [MARK]: mark,
        },
        mark: { name: MARK, value: mark },
        onOutput: (stream, line) => this.#observer.onOutput(stream, line),
        onExit: exit => this.fail(exit),
      });
    } catch (error) {
      return this.fail(notStarted(error as NodeJS.ErrnoException, startFile));
    }
    if (this.pid === null) return;
    guardian.watch(this.pid);
    this.#observer.onStarted(this.pid);
  }

  /** Tells the end, once. */
  fail(exit: SandboxExit): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    if (this.pid !== null) this.#guardian?.forget(this.pid);
    this.#parts.onGone();
    this.#observer.onExit(exit);
  }

  listened({ port, actualPort, address }: ListenReport): void {
    if (this.#hasExited || this.#port !== null) return;
    if (port !== this.#request.port) {
      this.#observer.onOtherPort(port);
      return;
    }
    this.#port = { host: isWildcard(address) ? '127.0.0.1' : address, port: actualPort };
    this.lookAtMemory();
    if (isLoopback(address)) this.#observer.onLoopbackOnly(address);
    else this.#observer.onReady();
  }

  lookAtMemory(byMark = processesByMark(MARK)): void {
    if (this.pid === null || this.#tree?.isOver || this.#hasExited) return;
    const tree = { root: this.pid, others: byMark?.get(this.#parts.mark) ?? [] };
    const memory = treeMemory(tree, this.#request.memoryLimitBytes);
    if (memory === null) return;
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes ?? 0, memory.peakBytes);
    this.#observer.onMemory(memory.usedBytes);
  }

  connect(): Socket {
    return connect({
      ...(this.#port ?? { host: '127.0.0.1', port: this.#request.port }),
      noDelay: true,
      allowHalfOpen: true,
    });
  }

  terminate(): void {
    this.#isUnwanted = true;
    this.lookAtMemory();
    this.#tree?.terminate();
  }

  kill(): void {
    this.#isUnwanted = true;
    this.#tree?.kill();
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./.test(address) || address === '::1';
}
