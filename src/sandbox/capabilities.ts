// Whether this machine can give instances namespaces of their own: by doing it, since a namespace that can be made
// may still be good for nothing. Where it cannot, why, and what to paste.
import type { ChildProcess, ExecFileException } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { findOnPath } from './interpreters.ts';
import { readNamespace } from './namespace-processes.ts';
import type { NoOutbound } from './outbound.ts';
import { holdBack, NO_PASTA, Outbound } from './outbound.ts';

export type NamespaceCapability =
  | { readonly isAble: true }
  | { readonly isAble: false; readonly cause: string; readonly remedy: string };

/** Bring the loopback up, listen, connect: what an instance does. */
const TRIAL = `
const server = require('node:net').createServer(socket => socket.end());
server.listen(9000, '0.0.0.0', () => require('node:net').connect(9000, '127.0.0.1').once('end', () => process.exit(0)).resume());
`;

const ARGUMENTS = [
  ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
  ...['net', 'pid', 'ipc', 'uts'].map(name => `--unshare-${name}`),
  '--die-with-parent',
];

/** A NODE_OPTIONS of the caller's has no say in this. */
const TRIAL_ENVIRONMENT = { PATH: process.env.PATH ?? '' };

/** Then there is more to mend first. */
const NO_NAMESPACES: NoOutbound = {
  cause: 'bubblewrap cannot make namespaces here',
  remedy: 'See why: scf-ws dev --sandbox namespace',
};

/** A machine under load may take its time; one that takes longer is of no use. */
const TRIAL_TIMEOUT_MS = 10_000;

export async function tryNamespaces(): Promise<NamespaceCapability> {
  if (process.platform !== 'linux') {
    return {
      isAble: false,
      cause: 'namespaces are a feature of Linux',
      remedy: 'Use --sandbox process, or run scf-ws in a Linux virtual machine',
    };
  }
  const trial = await new Promise<{ error: ExecFileException | null; stderr: string }>(resolve => {
    const args = [...ARGUMENTS, '--', process.execPath, '-e', TRIAL];
    execFile('bwrap', args, { env: TRIAL_ENVIRONMENT, timeout: TRIAL_TIMEOUT_MS }, (error, _stdout, stderr) =>
      resolve({ error, stderr }),
    );
  });
  if (trial.error === null) return { isAble: true };
  if (trial.error.code === 'ENOENT') {
    return {
      isAble: false,
      cause: 'bubblewrap is not installed',
      remedy: 'Install it: sudo apt-get install bubblewrap',
    };
  }
  return explainRefusal(trial.stderr, await restrictions());
}

interface Restrictions {
  readonly appArmor: boolean;
  readonly userNamespaces: boolean;
}

/** What bubblewrap said, and what the kernel says of itself → the cause and the remedy. Pure. */
export function explainRefusal(
  stderr: string,
  { appArmor, userNamespaces }: Restrictions,
): NamespaceCapability {
  const said =
    stderr.split('\n').find(line => line.startsWith('bwrap: ')) ?? stderr.trim().split('\n')[0] ?? '';
  if (appArmor) {
    return {
      isAble: false,
      cause: `AppArmor restricts user namespaces on this machine (${said})`,
      remedy:
        'Allow bubblewrap: sudo cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict; or lift it: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  if (userNamespaces) {
    return {
      isAble: false,
      cause: `the kernel does not let ordinary users make namespaces (${said})`,
      remedy: 'Allow it: sudo sysctl -w kernel.unprivileged_userns_clone=1',
    };
  }
  return {
    isAble: false,
    cause: `bubblewrap cannot make namespaces here (${said})`,
    remedy:
      'In a container, start it with --privileged, or with --cap-add SYS_ADMIN --security-opt seccomp=unconfined',
  };
}

async function restrictions(): Promise<Restrictions> {
  const [appArmor, clone] = await Promise.all([
    settingOf('apparmor_restrict_unprivileged_userns'),
    settingOf('unprivileged_userns_clone'),
  ]);
  return { appArmor: appArmor === '1', userNamespaces: clone === '0' };
}

async function settingOf(name: string): Promise<string | null> {
  try {
    return (await readFile(`/proc/sys/kernel/${name}`, 'utf8')).trim();
  } catch {
    // This kernel has no such switch.
    return null;
  }
}

/** Whether instances can reach what this machine reaches: by joining the network of one that does nothing. */
export async function tryOutbound(searchPath = process.env.PATH ?? ''): Promise<NamespaceCapability> {
  const pasta = await findOnPath('pasta', searchPath);
  const problem = pasta === null ? NO_PASTA : await outboundProblem(pasta);
  return problem === null ? { isAble: true } : { isAble: false, ...problem };
}

async function outboundProblem(pasta: string): Promise<NoOutbound | null> {
  const child: ChildProcess = spawn(
    'bwrap',
    [...holdBack(4), ...ARGUMENTS, '--info-fd', '3', '--', 'cat'],
    // `cat` waits for what never comes.
    { env: TRIAL_ENVIRONMENT, stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const [, , , info, hold] = child.stdio;
  try {
    const namespace = info instanceof Socket ? readNamespace(await text(info).catch(() => '')) : null;
    if (namespace === null || !(hold instanceof Socket)) return NO_NAMESPACES;
    // Bubblewrap may have ended.
    hold.on('error', () => {});
    const joined = await Outbound.join({ pasta, init: namespace.init, environment: TRIAL_ENVIRONMENT });
    hold.end();
    if (!(joined instanceof Outbound)) return joined ?? NO_NAMESPACES;
    const problem = await joined.isUp();
    await joined.end();
    return problem;
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}
