// The `namespace` driver (Linux, bubblewrap): each instance has a network, processes and a file system of its own,
// so anything that the cloud can run listens on the real port 9000, and meets the cloud's file system: the code
// read-only at /var/user, a fresh /tmp, everything else read-only.
import { access, constants, mkdir, mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloudRuntime } from '../platforms/platform.ts';
import { CloudLang } from './cloud-lang.ts';
import type { Sandbox, SandboxDriver, SandboxObserver, SandboxRequest } from './driver.ts';
import { etcMounts } from './etc-mounts.ts';
import type { Guardian } from './guardian.ts';
import { MARK } from './guardian.ts';
import { InstanceNetwork } from './instance-network.ts';
import { findOnPath } from './interpreters.ts';
import type { ExtraMounts, FolderEntry } from './mounts.ts';
import { CODE_DIR, mountArguments } from './mounts.ts';
import { NamespaceTree, noBubblewrap } from './namespace-tree.ts';
import { notStarted } from './not-started.ts';
import { planStart, runtimeFoldersIn } from './start-file.ts';
import { readStartFile } from './start-file-on-disk.ts';
import { TreePool } from './tree-pool.ts';
import type { TreeSandbox } from './tree-sandbox.ts';

export interface NamespaceDriverOptions {
  readonly runtimes: readonly CloudRuntime[];
  /** The cloud's environment beside the function's own. */
  readonly cloudEnvironment: Readonly<Record<string, string>>;
  readonly tmpBytes: number;
  readonly extraMounts?: ExtraMounts;
  /** The caller's PATH: where this machine's interpreters are looked for. */
  readonly searchPath: string;
  /** Told once each: what this machine has other than the cloud. */
  readonly onWarning: (message: string, advice?: string) => void;
}

/** Where an instance has its programs, too. */
const SYSTEM_PATH = '/usr/bin:/bin';

/** What runs inside; from `src/sandbox` and `dist/sandbox` alike. */
const INSIDE_DIR = fileURLToPath(new URL('../../src/sandbox/inside/', import.meta.url));

interface Shared {
  readonly bubblewrap: string | null;
  readonly pasta: string | null;
  readonly perl: string | null;
  readonly lang: CloudLang;
  /** Folders of interpreters that the cloud's PATH does not have. */
  readonly pathFolders: readonly string[];
  readonly root: readonly FolderEntry[];
  readonly varFolder: readonly FolderEntry[];
  readonly etc: readonly string[];
}

export class NamespaceDriver implements SandboxDriver {
  readonly name = 'namespace';
  readonly userDir = CODE_DIR;
  readonly #options: NamespaceDriverOptions;
  readonly #pool: TreePool<Shared>;

  constructor(options: NamespaceDriverOptions) {
    this.#options = options;
    this.#pool = new TreePool<Shared>({
      share: () => this.#share(),
      launch: (sandbox, shared, guardian) => this.#launch(sandbox, shared, guardian),
      unshare: () => {},
    });
  }

  start(request: SandboxRequest, observer: SandboxObserver): Sandbox {
    return this.#pool.start(request, observer);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #share(): Promise<Shared & { folder: string }> {
    const { runtimes, searchPath, cloudEnvironment } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'scf-ws-'));
    try {
      const langDir = join(folder, 'lang');
      await mkdir(langDir);
      const { onWarning } = this.#options;
      const lang = new CloudLang({ dir: langDir, runtimes, searchPath, hooks: null, onWarning });
      const [bubblewrap, pasta, perl, root, varFolder, etc, node, python] = await Promise.all([
        findOnPath('bwrap', searchPath),
        findOnPath('pasta', searchPath),
        findOnPath('perl', SYSTEM_PATH),
        entriesOf('/'),
        entriesOf('/var'),
        etcMounts(folder),
        findOnPath('node', searchPath),
        findOnPath('python3', searchPath),
      ]);
      const cloudPath = (cloudEnvironment.PATH ?? '').split(':');
      const folders = [node ?? process.execPath, python]
        .filter(path => path !== null)
        .map(path => dirname(path));
      const pathFolders = [...new Set(folders)].filter(path => !cloudPath.includes(path));
      return { folder, bubblewrap, pasta, perl, lang, pathFolders, root, varFolder, etc };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #launch(sandbox: TreeSandbox, shared: Shared, guardian: Guardian): Promise<void> {
    const { codeDir, startFile, environment, port, network, isKept } = sandbox.request;
    const { bubblewrap, pasta, perl } = shared;
    if (bubblewrap === null) return sandbox.exited(noBubblewrap('bwrap is not on the PATH'));
    const read = await readStartFile(codeDir, startFile);
    if ('exit' in read) return sandbox.exited(read.exit);
    // The folder is bound, not copied: what is made in it later is seen inside too.
    for (const name of runtimeFoldersIn(Buffer.from(read.file.bytes).toString())) await shared.lang.map(name);
    const plan = planStart(read.file, { langDir: '/var/lang', userDir: CODE_DIR });
    if (plan.kind === 'cannot-run') {
      return sandbox.exited({ kind: 'not-started', message: plan.message, advice: plan.advice });
    }
    const refusal = await refusalOf(
      plan.command.replace(/^\/var\/lang(?=\/)/, shared.lang.dir).replace(/^\/var\/user(?=\/)/, codeDir),
    );
    if (refusal !== null) return sandbox.exited(notStarted(refusal, startFile));
    if (sandbox.isUnwanted) {
      return sandbox.exited({ kind: 'not-started', message: 'Stopped before it was started', advice: '' });
    }
    try {
      const tree: NamespaceTree = new NamespaceTree({
        bubblewrap,
        mounts: mountArguments({
          ...shared,
          langDir: shared.lang.dir,
          codeDir,
          insideDir: INSIDE_DIR,
          nodePath: process.execPath,
          tmpBytes: this.#options.tmpBytes,
          extra: this.#options.extraMounts ?? {},
        }),
        startFile,
        port,
        isKept,
        env: { ...this.#cloudEnvironment(shared), ...environment },
        mark: { name: MARK, value: sandbox.mark },
        network: new InstanceNetwork({
          network,
          pasta,
          perl,
          mark: sandbox.mark,
          guardian,
          onWarning: this.#options.onWarning,
        }),
        onListening: socket => {
          if (sandbox.listened(socket)) tree.dial();
        },
        onConnected: (socket: Socket) => sandbox.ready(socket),
        onOutput: (stream, line) => sandbox.printed(stream, line),
        onEnding: exit => sandbox.ending(exit),
        onExit: exit => sandbox.exited(exit),
      });
      sandbox.adopt(tree);
    } catch (error) {
      sandbox.exited(notStarted(error as NodeJS.ErrnoException, startFile));
    }
  }

  #cloudEnvironment({ pathFolders }: Shared): Record<string, string> {
    const { cloudEnvironment } = this.#options;
    return { ...cloudEnvironment, PATH: [cloudEnvironment.PATH, ...pathFolders].filter(Boolean).join(':') };
  }
}

async function entriesOf(folder: string): Promise<readonly FolderEntry[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return Promise.all(
    entries.map(async entry => {
      if (!entry.isSymbolicLink()) return { name: entry.name, kind: entry.isDirectory() ? 'folder' : 'file' };
      return { name: entry.name, kind: 'link', target: await readlink(join(folder, entry.name)) };
    }),
  );
}

/** What the system would say to running this interpreter; null if it would run it. */
async function refusalOf(path: string): Promise<NodeJS.ErrnoException | null> {
  if (!path.startsWith('/')) return null;
  try {
    await access(path, constants.X_OK);
    if ((await stat(path)).isFile()) return null;
    return Object.assign(new Error('Not a file'), { code: 'EACCES' });
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}
