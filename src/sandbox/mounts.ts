// What an instance of the namespace driver sees: the arguments of bubblewrap that make the cloud's file system
// out of this machine's. Pure: folder listings in, arguments out.

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'folder' | 'link' | 'file';
  /** Where a link leads. */
  readonly target?: string;
}

export interface MountOptions {
  /** What is in `/` and in `/var` of this machine. */
  readonly root: readonly FolderEntry[];
  readonly varFolder: readonly FolderEntry[];
  /** The cloud's `/var/user` and `/var/lang` on this machine. */
  readonly codeDir: string;
  readonly langDir: string;
  /** The folder with what runs inside, mounted at `INSIDE`. */
  readonly insideDir: string;
  /** The Node that runs it: wherever it is, `/tmp` for one, it must be seen inside. */
  readonly nodePath: string;
  readonly tmpBytes: number;
  /** Mounts over what stands in `/etc` and `/run`. */
  readonly etc: readonly string[];
  readonly extra?: ExtraMounts;
}

/** Beside what every instance sees: for a look at what a function needs of its machine. */
export interface ExtraMounts {
  /** Folders of this machine that are empty inside. */
  readonly hidden?: readonly string[];
  /** Further folders of this machine, and where they are inside: in `/var` or `/run`. */
  readonly bound?: readonly { readonly from: string; readonly at: string; readonly isWritable: boolean }[];
  readonly isCodeWritable?: boolean;
}

/** Where the cloud has the code. */
export const CODE_DIR = '/var/user';

/** Where scf-ws's own files are within the sandbox. */
export const INSIDE = '/run/scf-ws';

export const INSIDE_NODE = '/run/scf-ws-node';
export const DIALER = `${INSIDE}/dialer.cjs`;
export const PORT_OPENER = `${INSIDE}/open-ports.pl`;

/** Made anew for each instance, so this machine's own are left out. */
const OWN_IN_ROOT = new Set(['proc', 'dev', 'tmp', 'run', 'var']);
const OWN_IN_VAR = new Set(['user', 'lang', 'run', 'tmp']);

/** What a container has unless told otherwise: without an end it would be memory that nobody counts. */
const SHARED_MEMORY_BYTES = 64 * 1024 ** 2;

/** Everything read-only but `/tmp` and `/dev/shm`; what is neither folder nor link is left out. */
export function mountArguments(options: MountOptions): readonly string[] {
  const { root, varFolder, codeDir, langDir, insideDir, nodePath, tmpBytes, etc, extra = {} } = options;
  const { hidden = [], bound = [], isCodeWritable = false } = extra;
  return [
    ...root.filter(({ name }) => !OWN_IN_ROOT.has(name)).flatMap(entry => mountOf('/', entry)),
    '--tmpfs',
    '/var',
    ...varFolder.filter(({ name }) => !OWN_IN_VAR.has(name)).flatMap(entry => mountOf('/var/', entry)),
    ...['--symlink', '/run', '/var/run', '--symlink', '/tmp', '/var/tmp'],
    ...[isCodeWritable ? '--bind' : '--ro-bind', codeDir, CODE_DIR, '--ro-bind', langDir, '/var/lang'],
    ...['--tmpfs', '/run', '--ro-bind', insideDir, INSIDE, '--ro-bind', nodePath, INSIDE_NODE],
    ...etc,
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ...['--size', String(tmpBytes), '--tmpfs', '/tmp'],
    ...hidden.flatMap(folder => ['--tmpfs', folder]),
    ...bound.flatMap(({ from, at, isWritable }) => [isWritable ? '--bind' : '--ro-bind', from, at]),
    ...[...hidden, '/var', '/run', '/dev', '/'].flatMap(folder => ['--remount-ro', folder]),
    ...['--chdir', CODE_DIR],
  ];
}

function mountOf(parent: string, { name, kind, target }: FolderEntry): readonly string[] {
  const path = `${parent}${name}`;
  if (kind === 'link' && target !== undefined) return ['--symlink', target, path];
  return kind === 'folder' ? ['--ro-bind', path, path] : [];
}
