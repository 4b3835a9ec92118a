// One instance in namespaces of its own, made by bubblewrap: its processes, its real port, its output and its end.
// Inside run a shell that starts the start file and tells its exit code, and, until the connection begins, the
// dialer. Only what the start file starts bears the mark, so only that is asked to end and counted.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxExit } from '../core/end-cause.ts';
import type { InstanceNetwork } from './instance-network.ts';
import type { LineReader } from './lines.ts';
import { readLines } from './lines.ts';
import { DIALER, INSIDE_NODE, PORT_OPENER } from './mounts.ts';
import { INSTANCE_NAME } from './name-files.ts';
import type { ProcessNamespace } from './namespace-processes.ts';
import { functionProcesses, isNamespaceAlive, readNamespace } from './namespace-processes.ts';
import { holdBack } from './outbound.ts';
import { ProcessLook } from './process-table.ts';
import type { ProcessMark } from './process-tree.ts';
import type { Tree } from './tree-sandbox.ts';

export interface NamespaceTreeOptions {
  /** The path of bubblewrap: the function's PATH has no say in it. */
  readonly bubblewrap: string;
  /** The mounts, for bubblewrap. */
  readonly mounts: readonly string[];
  readonly startFile: string;
  /** Where the function must listen. */
  readonly port: number;
  /** Will it serve one connection after another? */
  readonly isKept: boolean;
  /** Exactly the environment of the start file, but for the mark. */
  readonly env: Readonly<Record<string, string>>;
  readonly mark: ProcessMark;
  readonly network: InstanceNetwork;
  readonly onListening: (socket: { readonly address: string; readonly port: number }) => void;
  readonly onConnected: (socket: Socket) => void;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
  /** The start file has ended. */
  readonly onEnding: (exit: SandboxExit) => void;
  /** Once and last. */
  readonly onExit: (exit: SandboxExit) => void;
}

const NAMESPACES = ['net', 'pid', 'ipc', 'uts'].map(name => `--unshare-${name}`);

/**
 * `env -i`: a NODE_OPTIONS of the function's is none of the dialer's business. The double parentheses leave the
 * dialer to the first process, so that no start file can wait for it. The shell's own words (`Terminated`) tell a
 * signal from an exit code above 128, but bash has none. At the end the shell stays, so that what the start file
 * has left running may still tidy up; it goes with the emulator. Where the network has to be made first, it waits.
 */
const SCRIPT = `
dial() { exec env -i NODE_CHANNEL_FD=3 "$@" </dev/null >/dev/null 2>&1 4>&-; }
[ -n "$6" ] && ( dial "$6" ${PORT_OPENER} "$1" ${DIALER} $4 ) || ( dial "$1" ${DIALER} $4 & )
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
exec 5>&2 2>&4 3>&-
[ -z "$5" ] || read -r _ <&4 || exit
( export "$2"; exec "./$3" 2>&5 4>&- 5>&- )
echo "exit $?\${BASH_VERSION:+?}" >&4
exec >/dev/null 2>&1 5>&-
read -r _ <&4
`;

const LOOK_PAUSE_MS = 10;

/** The function's processes are gone with their namespace; reading what they wrote last takes no longer. */
const OUTPUT_GRACE_MS = 1000;

export class NamespaceTree implements Tree {
  readonly #options: NamespaceTreeOptions;
  readonly #child: ChildProcess;
  readonly #readers: LineReader[] = [];
  readonly #told: Promise<void>;
  readonly #outputEnded: Promise<void>;
  #namespace: ProcessNamespace | null = null;
  #exit: SandboxExit | null = null;
  #sandboxError: string | null = null;
  #isAsked = false;
  #isKilled = false;
  #isOver = false;

  /** Throws what the system says at once; what it says later is an exit. */
  constructor(options: NamespaceTreeOptions) {
    this.#options = options;
    const { bubblewrap, mounts, startFile, env, mark, network } = options;
    const script = ['/bin/sh', '-c', SCRIPT, 'sh', INSIDE_NODE, `${mark.name}=${mark.value}`, startFile];
    script.push(network.dialerArguments, network.isAwaited ? 'wait' : '', network.portOpener ?? '');
    const hold = network.isHeldBack ? holdBack(6) : [];
    const own = [
      '--hostname',
      INSTANCE_NAME,
      '--die-with-parent',
      '--new-session',
      '--cap-drop',
      'CAP_SYS_ADMIN',
      '--info-fd',
      '5',
    ];
    const child = spawn(bubblewrap, [...hold, ...mounts, ...NAMESPACES, ...own, '--', ...script], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', 'pipe', network.isHeldBack ? 'pipe' : 'ignore'],
    });
    this.#child = child;
    child.on('error', error => {
      if (child.pid === undefined) options.onExit(noBubblewrap(error.message));
    });
    child.on('message', (message, handle) => this.#fromDialer(message, handle));
    for (const stream of ['stdout', 'stderr'] as const) {
      const readable = child[stream];
      if (readable) this.#readers.push(readLines(readable, line => this.#printed(stream, line)));
    }
    // Too many open files: then it has none.
    const streams: readonly unknown[] | undefined = child.stdio;
    const [, , , , status, info, held] = streams ?? [];
    this.#told = this.#readNamespace(info);
    if (status instanceof Socket) void this.#prepare(status, held);
    if (status instanceof Socket) {
      status.on('error', () => {});
      let said = '';
      readLines(status, line => {
        const [, code, isUnsure] = /^exit (\d+)(\??)$/.exec(line) ?? [];
        if (code === undefined) said += line;
        else
          void this.#leaderExited(exitOf(Number(code), { hasWords: said !== '', isUnsure: isUnsure !== '' }));
      });
    }
    this.#outputEnded = new Promise(resolve => child.once('close', () => resolve()));
    child.once('exit', (code, signal) => {
      if (child.pid !== undefined) void this.#finish(signal === null ? (code ?? 0) : signal);
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Beside the function's processes there are bubblewrap's and ours. */
  processes(look: ProcessLook): readonly number[] {
    return this.#namespace === null ? [] : functionProcesses(this.#namespace, look);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Connects to the port from within; `onConnected` gets the socket. Unless the instance is kept, once. */
  dial(): void {
    const { port, isKept } = this.#options;
    if (this.#child.connected) this.#child.send({ port, isKept });
  }

  /** Asks every process of the function to end, once it has one. */
  terminate(): void {
    this.#isAsked = true;
    void this.#ask();
  }

  /** With bubblewrap its namespaces end, and with them all that is in them. */
  kill(): void {
    this.#isKilled = true;
    this.#end();
  }

  #end(): void {
    if (this.#child.pid !== undefined && !this.#isOver) signal(-this.#child.pid, 'SIGKILL');
  }

  async #ask(): Promise<void> {
    while (!this.#isOver && this.#exit === null && this.#living().length === 0) await delay(LOOK_PAUSE_MS);
    if (this.#isOver) return;
    for (const pid of this.#living()) signal(pid, 'SIGTERM');
  }

  async #readNamespace(info: unknown): Promise<void> {
    if (!(info instanceof Socket)) return;
    let json = '';
    info.setEncoding('utf8');
    info.on('data', text => {
      json += text;
    });
    info.on('error', () => {});
    await new Promise<void>(resolve => info.once('close', () => resolve()));
    this.#namespace = readNamespace(json);
  }

  /** Makes the network, then lets the start file run. */
  async #prepare(status: Socket, held: unknown): Promise<void> {
    const hold = held instanceof Socket ? held : null;
    // Bubblewrap may have ended.
    hold?.on('error', () => {});
    await this.#told;
    if (this.#namespace === null) return;
    const { network } = this.#options;
    await network.begin(this.#namespace.init, hold);
    if (network.isAwaited) status.write('\n');
  }

  #fromDialer(message: unknown, handle: unknown): void {
    if (typeof message !== 'object' || message === null || !('type' in message)) return;
    this.#options.network.received(message, handle);
    if (message.type === 'connected' && handle instanceof Socket) {
      handle.allowHalfOpen = true;
      this.#options.onConnected(handle);
    } else if (message.type === 'listening' && 'port' in message && 'address' in message) {
      this.#options.onListening({ address: String(message.address), port: Number(message.port) });
    }
  }

  #printed(stream: 'stdout' | 'stderr', line: string): void {
    if (stream === 'stderr' && line.startsWith('bwrap: ')) this.#sandboxError = line;
    this.#options.onOutput(stream, line);
  }

  async #leaderExited(exit: SandboxExit): Promise<void> {
    this.#exit = exit;
    const mayFinish = this.#isAsked;
    this.#options.onEnding(exit);
    await this.#told;
    while (mayFinish && !this.#isKilled && this.#living().length > 0) await delay(LOOK_PAUSE_MS);
    this.#end();
  }

  /** Bubblewrap has ended, by `end`: an exit code or a signal. */
  async #finish(end: number | string): Promise<void> {
    this.#isOver = true;
    const networkEnded = this.#options.network.end();
    await this.#told;
    while (this.#namespace !== null && isNamespaceAlive(this.#namespace)) await delay(1);
    await Promise.race([this.#outputEnded, delay(OUTPUT_GRACE_MS, undefined, { ref: false })]);
    for (const reader of this.#readers) reader.stop();
    await networkEnded;
    if (this.#child.connected) this.#child.disconnect();
    this.#options.onExit(this.#exit ?? this.#exitOfBubblewrap(end));
  }

  #exitOfBubblewrap(end: number | string): SandboxExit {
    if (typeof end === 'string') return { kind: 'signaled', signal: end };
    if (this.#sandboxError === null) return exitOf(end);
    return {
      kind: 'not-started',
      message: this.#sandboxError,
      advice: 'This machine does not let bubblewrap make namespaces: use --sandbox process',
    };
  }

  #living(): readonly number[] {
    return this.processes(new ProcessLook());
  }
}

/** The start file has no part in this. */
export function noBubblewrap(why: string): SandboxExit {
  const advice = 'Install bubblewrap, or use --sandbox process';
  return { kind: 'not-started', message: `Cannot start bubblewrap: ${why}`, advice };
}

const SIGNALS: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

/** Of these a shell never says anything. */
const WORDLESS = new Set(['SIGINT', 'SIGPIPE']);

/** A shell's exit code: above 128 it is that of a process that was ended by a signal, if the shell said so too. */
function exitOf(code: number, { hasWords = false, isUnsure = true } = {}): SandboxExit {
  const name = code > 128 ? SIGNALS.get(code - 128) : undefined;
  if (name === undefined || !(hasWords || isUnsure || WORDLESS.has(name))) return { kind: 'exited', code };
  return { kind: 'signaled', signal: name };
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended already.
  }
}
