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

/** Everything read-only but `/tmp`; what is neither folder nor link is left out. */
export function mountArguments(options: MountOptions): readonly string[] {
  const { root, varFolder, codeDir, langDir, insideDir, nodePath, tmpBytes, etc } = options;
  return [
    ...root.filter(({ name }) => !OWN_IN_ROOT.has(name)).flatMap(entry => mountOf('/', entry)),
    '--tmpfs',
    '/var',
    ...varFolder.filter(({ name }) => !OWN_IN_VAR.has(name)).flatMap(entry => mountOf('/var/', entry)),
    ...['--symlink', '/run', '/var/run', '--symlink', '/tmp', '/var/tmp'],
    ...['--ro-bind', codeDir, CODE_DIR, '--ro-bind', langDir, '/var/lang'],
    ...['--tmpfs', '/run', '--ro-bind', insideDir, INSIDE, '--ro-bind', nodePath, INSIDE_NODE],
    ...etc,
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(tmpBytes), '--tmpfs', '/tmp'],
    ...['/var', '/run', '/'].flatMap(folder => ['--remount-ro', folder]),
    ...['--chdir', CODE_DIR],
  ];
}

function mountOf(parent: string, { name, kind, target }: FolderEntry): readonly string[] {
  const path = `${parent}${name}`;
  if (kind === 'link' && target !== undefined) return ['--symlink', target, path];
  return kind === 'folder' ? ['--ro-bind', path, path] : [];
}
