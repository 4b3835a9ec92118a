// The `process` driver: each instance is a process tree of its own on this machine. A small hook, preloaded into
// Node and Python, turns "listen on 9000" into a free port and reports it, so any number run at once and
// readiness is an event. The user's network stays reachable.
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import type { SandboxExit } from '../core/end-cause.ts';
import type { CloudRuntime } from '../platforms/platform.ts';
import { isWildcard } from './addresses.ts';
import type { Sandbox, SandboxDriver, SandboxObserver, SandboxRequest } from './driver.ts';
import { MARK } from './guardian.ts';
import { hookEnvironment } from './launcher.ts';
import { notStarted } from './not-started.ts';
import { ProcessTree } from './process-tree.ts';
import { isPortFree, watchPort } from './real-port.ts';
import type { ListenReport } from './runtime-dir.ts';
import { RuntimeDir } from './runtime-dir.ts';
import { planStart, runtimeFoldersIn } from './start-file.ts';
import { readStartFile } from './start-file-on-disk.ts';
import { TreePool } from './tree-pool.ts';
import type { TreeSandbox } from './tree-sandbox.ts';

export interface ProcessDriverOptions {
  /** What the cloud has under `/var/lang`. */
  readonly runtimes: readonly CloudRuntime[];
  /** The caller's environment: instances get the few variables of it without which nothing runs. */
  readonly callerEnvironment: Readonly<Record<string, string | undefined>>;
  /** Told once each: what this machine has other than the cloud. */
  readonly onWarning: (message: string) => void;
  /** For programs that no hook gets into: one instance at a time, on the machine's real port. `reason` says why. */
  readonly realPort?: { readonly reason: string };
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

interface Shared {
  readonly runtimeDir: RuntimeDir;
}

/** Where a function listens, as it believes itself, and where that is. */
interface Reached {
  readonly port: number;
  readonly address: string;
  readonly actualPort?: number;
}

export class ProcessDriver implements SandboxDriver {
  readonly name = 'process';
  readonly capacity?: { readonly maxInstances: number; readonly reason: string };
  readonly #options: ProcessDriverOptions;
  readonly #pool: TreePool<Shared>;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    if (options.realPort !== undefined) this.capacity = { maxInstances: 1, ...options.realPort };
    this.#pool = new TreePool<Shared>({
      share: () => this.#share(),
      launch: (sandbox, shared) => this.#launch(sandbox, shared),
      unshare: ({ runtimeDir }) => runtimeDir.close(),
    });
  }

  start(request: SandboxRequest, observer: SandboxObserver): Sandbox {
    return this.#pool.start(request, observer);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #share(): Promise<Shared & { folder: string }> {
    const { runtimes, callerEnvironment, onWarning } = this.#options;
    const runtimeDir = await RuntimeDir.create({
      runtimes,
      searchPath: callerEnvironment.PATH ?? '',
      onListen: report => this.#listened(report),
      onWarning,
    });
    return { runtimeDir, folder: runtimeDir.path };
  }

  async #launch(sandbox: TreeSandbox, { runtimeDir }: Shared): Promise<void> {
    const { codeDir, startFile, environment, instanceId, port } = sandbox.request;
    const read = await readStartFile(codeDir, startFile);
    if ('exit' in read) return sandbox.exited(read.exit);
    for (const folder of runtimeFoldersIn(Buffer.from(read.file.bytes).toString())) {
      await runtimeDir.lang.map(folder);
    }
    const userDir = await runtimeDir.shellSafe(codeDir);
    const plan = planStart(read.file, { langDir: runtimeDir.lang.dir, userDir });
    if (plan.kind === 'cannot-run') {
      return sandbox.exited({ kind: 'not-started', message: plan.message, advice: plan.advice });
    }
    if (sandbox.isUnwanted) {
      return sandbox.exited({ kind: 'not-started', message: 'Stopped before it was started', advice: '' });
    }
    const own = { ...this.#baseEnvironment(runtimeDir), ...environment };
    const isHooked = this.#options.realPort === undefined;
    if (!isHooked && !(await isPortFree(port))) return sandbox.exited(portTaken(port, startFile));
    const hooked = isHooked ? hookEnvironment(runtimeDir.hooks, { instanceId, port, environment: own }) : {};
    const stopWatching = isHooked ? () => {} : watchPort(port, socket => this.#reached(sandbox, socket));
    try {
      sandbox.adopt(
        new ProcessTree({
          command: plan.command,
          args: plan.args,
          startFile,
          cwd: codeDir,
          env: { ...own, ...hooked, [MARK]: sandbox.mark },
          mark: { name: MARK, value: sandbox.mark },
          onOutput: (stream, line) => sandbox.printed(stream, line),
          onEnding: exit => sandbox.ending(exit),
          onExit: exit => {
            stopWatching();
            sandbox.exited(exit);
          },
        }),
      );
    } catch (error) {
      stopWatching();
      sandbox.exited(notStarted(error as NodeJS.ErrnoException, startFile));
    }
  }

  #listened(report: ListenReport): void {
    const sandbox = this.#pool.find(report.instance);
    if (sandbox !== undefined) this.#reached(sandbox, report);
  }

  #reached(sandbox: TreeSandbox, { port, address, actualPort = port }: Reached): void {
    if (!sandbox.listened({ port, address })) return;
    const host = isWildcard(address) ? '127.0.0.1' : address;
    const target = { host, port: actualPort, noDelay: true, allowHalfOpen: true };
    const socket = connect(target);
    // It has stopped listening since; it may begin again, and that is told anew.
    socket.on('error', () => {});
    socket.once('connect', () => sandbox.ready(socket, () => connect(target)));
  }

  #baseEnvironment(runtimeDir: RuntimeDir): Record<string, string> {
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
}

/** Not the function's fault, so in words of our own. */
function portTaken(port: number, startFile: string): SandboxExit {
  return {
    kind: 'not-started',
    message: `${startFile} was not run: port ${port} of this machine is in use`,
    advice: `End the program that listens on port ${port}, or let the function run in the namespace sandbox`,
  };
}
