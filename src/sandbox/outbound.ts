// Joins an instance's network with what this machine reaches, by `pasta`: it acts at this machine's sockets for what
// the instance sends, needs no rights and leaves nothing. Nothing is let in, and this machine's loopback not reached.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { RESOLVER_ADDRESS } from './name-files.ts';

/** Why there is no way out, and what to paste. */
export interface NoOutbound {
  readonly cause: string;
  readonly remedy: string;
}

export interface OutboundOptions {
  /** The path of pasta. */
  readonly pasta: string;
  /** The first process of the instance, which bubblewrap holds back. */
  readonly init: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Nothing is forwarded in, nor to this machine's loopback, of which the gateway would be another name. */
const CLOSED = ['-t', 'none', '-u', 'none', '-T', 'none', '-U', 'none', '--no-map-gw'];

/** The kernel does not tell when a network changes. */
const LOOK_EVERY_MS = 1;

/** Pasta takes some ten milliseconds. */
const MAX_LOOKS = 5000;

export class Outbound {
  readonly #init: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #words = '';

  /** Null if the instance has ended. It may go on as soon as this resolves. */
  static async join(options: OutboundOptions): Promise<Outbound | NoOutbound | null> {
    const { init } = options;
    // Bubblewrap cannot bring the loopback up after pasta has done it.
    if (!(await comesTrue(() => hasLoopback(init)))) return null;
    const opened: number[] = [];
    try {
      // Opened here: pasta has not the right to as root, and the instance will leave the users' namespace that its
      // network belongs to.
      for (const kind of ['net', 'user']) opened.push(openSync(`/proc/${init}/ns/${kind}`, 'r'));
      return new Outbound(options, opened);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ESRCH' ? null : explainPasta(message);
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  }

  /** `namespaces` are open files: the network's, and that of its users. */
  private constructor({ pasta, init, environment }: OutboundOptions, namespaces: readonly number[]) {
    this.#init = init;
    const isOwnUser = readlinkSync(`/proc/${init}/ns/user`) === readlinkSync('/proc/self/ns/user');
    const child: ChildProcess = spawn(
      pasta,
      [
        ...['--foreground', '--quiet', '--config-net', ...CLOSED, '--dns-forward', RESOLVER_ADDRESS],
        ...['--no-netns-quit', '--netns', '/proc/self/fd/0'],
        // Of its own accord pasta makes itself nobody where it is root.
        ...(isOwnUser ? ['--runas', '0'] : ['--userns', '/proc/self/fd/1']),
      ],
      { detached: true, env: environment, stdio: [...namespaces, 'pipe'] },
    );
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-4096);
    });
    child.once('exit', () => {
      this.#hasEnded = true;
    });
    this.#ended = new Promise(resolve => {
      child.once('close', () => resolve());
      child.once('error', error => {
        if (child.pid !== undefined) return;
        this.#words = error.message;
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Null once what the instance sends goes out; otherwise why it never will. */
  async isUp(): Promise<NoOutbound | null> {
    if (
      await comesTrue(
        () => !this.#hasEnded && hasWayOut(this.#init),
        () => this.#hasEnded,
      )
    )
      return null;
    await this.end();
    return explainPasta(this.#words);
  }

  async end(): Promise<void> {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

function hasLoopback(pid: number): boolean {
  return readFileSync(`/proc/${pid}/net/fib_trie`, 'latin1').includes('127.0.0.1');
}

/** Is there a default route, by IPv4 or IPv6? */
function hasWayOut(pid: number): boolean {
  const [v4, v6] = ['route', 'ipv6_route'].map(file => textOf(`/proc/${pid}/net/${file}`));
  return /^\S+\s+0{8}\s/m.test(v4 ?? '') || /^0{32} 00 .* (?!lo$)\S+$/m.test(v6 ?? '');
}

/** Looks again and again; false if it cannot be looked at any more. */
async function comesTrue(look: () => boolean, isVain: () => boolean = () => false): Promise<boolean> {
  try {
    for (let looks = 0; looks < MAX_LOOKS && !isVain(); looks++) {
      if (look()) return true;
      await delay(LOOK_EVERY_MS);
    }
    return false;
  } catch {
    // The process has ended.
    return false;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // A kernel without IPv6 has no ipv6_route.
    return '';
  }
}

/**
 * For bubblewrap, ahead of all mounts: it goes on when what it reads has ended, and has not yet left the users'
 * namespace that the network belongs to. The file stands where `/tmp` will be.
 */
export function holdBack(fd: number): readonly string[] {
  return ['--file', String(fd), '/tmp/network'];
}

export const NO_PASTA: NoOutbound = {
  cause: 'pasta is not installed',
  remedy: 'Install it: sudo apt-get install passt',
};

/** What pasta said before it gave up → the cause and the remedy. Pure. */
export function explainPasta(stderr: string): NoOutbound {
  // Without a system log it complains of that, too.
  const said = stderr.split('\n').filter(line => line.trim() !== '' && !/ to syslog$/.test(line));
  const last = said.at(-1)?.trim() ?? 'it did not say why';
  if (said.some(line => /\btun\b/.test(line))) {
    return {
      cause: `pasta cannot open /dev/net/tun (${last})`,
      remedy:
        'Allow it: sudo modprobe tun && sudo chmod 666 /dev/net/tun; start a container with --device /dev/net/tun',
    };
  }
  // It says of a single family that there is no interface even where it goes on with the other.
  if (/interface not usable|default route/i.test(last)) {
    return {
      cause: `this machine has no way out itself (${last})`,
      remedy: 'Connect it to a network',
    };
  }
  return {
    cause: `pasta failed (${last})`,
    remedy: 'See whether it works by itself: pasta --config-net true',
  };
}
