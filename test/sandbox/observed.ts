// Runs instances in a driver and keeps all that it tells of them, so that a test can wait for what it needs.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SandboxExit } from '../../src/core/end-cause.ts';
import type { Sandbox, SandboxDriver, SandboxObserver, SandboxRequest } from '../../src/sandbox/driver.ts';

/** For what takes milliseconds on an idle machine. */
export const CEILING_MS = 25_000;

const fixturesDir = fileURLToPath(new URL('../fixtures/bootstrap/', import.meta.url));

export type Told =
  | { readonly type: 'started'; readonly pid: number | null }
  | { readonly type: 'ready' }
  | { readonly type: 'loopback-only'; readonly address: string }
  | { readonly type: 'other-port'; readonly port: number }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  | { readonly type: 'memory'; readonly usedBytes: number }
  | { readonly type: 'ending'; readonly exit: SandboxExit }
  | { readonly type: 'exit'; readonly exit: SandboxExit };

export interface StartOptions extends Partial<SandboxRequest> {
  readonly codeDir: string;
}

/** One instance and all that was told of it. A class, as an observer may be one. */
export class Observed implements SandboxObserver {
  readonly instanceId: string;
  readonly sandbox: Sandbox;
  readonly told: Told[] = [];
  /** Whether anything was told before `start` returned. */
  readonly wasToldAtOnce: boolean;
  exit: SandboxExit | null = null;
  renewals = 0;
  /** Called while the exit is told. */
  atExit: () => void = () => {};
  readonly #waiting = new Set<() => void>();

  constructor(driver: SandboxDriver, options: StartOptions) {
    this.instanceId = options.instanceId ?? randomUUID();
    this.sandbox = driver.start(
      {
        startFile: 'scf_bootstrap',
        port: 9000,
        environment: {},
        isKept: false,
        network: { hostPorts: [], isOutbound: false },
        ...options,
        instanceId: this.instanceId,
      },
      this,
    );
    this.wasToldAtOnce = this.told.length > 0;
  }

  onStarted(pid: number | null): void {
    this.#tell({ type: 'started', pid });
  }
  onReady(): void {
    this.#tell({ type: 'ready' });
  }
  onLoopbackOnly(address: string): void {
    this.#tell({ type: 'loopback-only', address });
  }
  onOtherPort(port: number): void {
    this.#tell({ type: 'other-port', port });
  }
  onOutput(stream: 'stdout' | 'stderr', line: string): void {
    this.#tell({ type: 'output', stream, line });
  }
  onMemory(usedBytes: number): void {
    this.#tell({ type: 'memory', usedBytes });
  }
  onEnding(exit: SandboxExit): void {
    this.#tell({ type: 'ending', exit });
  }
  onExit(exit: SandboxExit): void {
    this.exit = exit;
    this.atExit();
    this.#tell({ type: 'exit', exit });
  }

  /** Without what is measured, or told in advance, which depends on the moment. */
  get types(): readonly string[] {
    return this.told.map(({ type }) => type).filter(type => type !== 'memory' && type !== 'ending');
  }

  get lines(): readonly string[] {
    return this.told.flatMap(told => (told.type === 'output' ? [told.line] : []));
  }

  async ready(): Promise<void> {
    await this.until('ready', () => this.types.includes('ready'));
  }

  renew(): void {
    this.renewals++;
    this.sandbox.renew();
  }

  async exited(): Promise<SandboxExit> {
    return this.until('exit', () => this.exit);
  }

  /** The number in the first line that is `<word> <number>`. */
  async printedNumber(word: string): Promise<number> {
    const pattern = new RegExp(`^${word} (\\d+)$`);
    const number = await this.until(`line "${word} <number>"`, () => {
      const match = this.lines.map(line => pattern.exec(line)).find(found => found !== null);
      return match?.[1];
    });
    return Number(number);
  }

  async printed(line: string): Promise<void> {
    await this.until(`line "${line}"`, () => this.lines.includes(line));
  }

  /** Waits until `look` finds something, looking after all that is told. */
  until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === null || found === undefined || found === false) return;
        stop();
        resolve(found);
      };
      const stop = (): void => {
        clearTimeout(ceiling);
        this.#waiting.delete(check);
      };
      const ceiling = setTimeout(() => {
        stop();
        reject(new Error(`Waited in vain for ${what}; told so far: ${JSON.stringify(this.told.slice(-20))}`));
      }, CEILING_MS);
      this.#waiting.add(check);
      check();
    });
  }

  /** Asks the function who it is: what it answers to a plain GET. */
  ask(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = this.sandbox.connect();
      let answer = '';
      socket.setEncoding('utf8');
      socket.on('data', text => {
        answer += text;
      });
      socket.on('error', reject);
      socket.on('end', () => {
        socket.end();
        resolve(answer.slice(answer.indexOf('\r\n\r\n') + 4));
      });
      socket.write('GET / HTTP/1.1\r\nHost: function\r\nConnection: close\r\n\r\n');
    });
  }

  #tell(told: Told): void {
    this.told.push(told);
    for (const check of [...this.#waiting]) check();
  }
}

/** The folder of a program under test/fixtures/bootstrap. */
export function fixture(name: string): string {
  return join(fixturesDir, name);
}

/** A code folder with this start file, in a temporary folder of its own; `files` beside it. */
export function writeApp(
  startFile: string | Uint8Array,
  { name = 'app', mode = 0o755, files = {} }: AppOptions = {},
): string {
  const parent = mkdtempSync(join(tmpdir(), 'app-'));
  cpSync(join(fixturesDir, 'ws-server.cjs'), join(parent, 'ws-server.cjs'));
  const codeDir = join(parent, name);
  mkdirSync(codeDir);
  writeFileSync(join(codeDir, 'scf_bootstrap'), startFile);
  chmodSync(join(codeDir, 'scf_bootstrap'), mode);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(codeDir, file), text);
  return codeDir;
}

/** A copy of a code folder, within `parent`, that needs nothing beside it. What is not there is left as it is. */
export function packed(codeDir: string, parent: string): string {
  if (!existsSync(codeDir)) return codeDir;
  const copy = mkdtempSync(join(parent, 'packed-'));
  chmodSync(copy, 0o755);
  cpSync(codeDir, copy, { recursive: true });
  cpSync(join(fixturesDir, 'ws-server.cjs'), join(copy, 'ws-server.cjs'));
  for (const file of readdirSync(copy).filter(name => name.endsWith('.cjs'))) {
    const path = join(copy, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll("'../ws-server.cjs'", "'./ws-server.cjs'"));
  }
  return copy;
}

export interface AppOptions {
  readonly name?: string;
  readonly mode?: number;
  readonly files?: Readonly<Record<string, string>>;
}

/** Looks again and again, for what no event tells. */
export async function eventually<T>(what: string, look: () => T | null | false): Promise<T> {
  const giveUpAt = Date.now() + CEILING_MS;
  for (;;) {
    const found = look();
    if (found !== null && found !== false) return found;
    if (Date.now() > giveUpAt) throw new Error(`Waited in vain for ${what}`);
    await delay(20);
  }
}

/** Alive, and not a zombie that only waits to be collected. */
export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return stateOf(pid) !== null;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The living processes that were forked by this one. */
export function childrenOf(parent: number): readonly number[] {
  return pids().filter(pid => stateOf(pid)?.parent === parent);
}

/** The living processes that have `text` in their environment. */
export function processesWith(text: string): readonly number[] {
  return pids().filter(pid => readOrEmpty(`/proc/${pid}/environ`).includes(text));
}

/** The living process that has this number in its own namespace: its number here. */
export function livingIn(namespace: string, pid: number): number | null {
  return pids().find(here => namespaceOf(here) === namespace && pidWithin(here) === pid) ?? null;
}

/** The namespace that a living process has its number, or its network, from. */
export function namespaceOf(pid: number, kind: 'pid' | 'net' = 'pid'): string | null {
  if (!isAlive(pid)) return null;
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return null;
  }
}

/** What the living processes of a network were started with. */
export function commandsIn(network: string): readonly (readonly string[])[] {
  const there = pids().filter(pid => namespaceOf(pid, 'net') === network);
  return there.map(pid => readOrEmpty(`/proc/${pid}/cmdline`).split('\0'));
}

/** The number that a process sees itself. */
export function pidWithin(pid: number): number {
  return Number(/^NSpid:.*\s(\d+)$/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1]);
}

function pids(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function stateOf(pid: number): { parent: number } | null {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const [, state, parent] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
  return state === undefined || state === 'Z' || state === 'X' ? null : { parent: Number(parent) };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The first line of a stream, without its line end. */
export async function readLine(stream: Readable): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    text += chunk;
    const end = text.indexOf('\n');
    if (end !== -1) return text.slice(0, end);
  }
  throw new Error(`The stream ended within its first line: ${text}`);
}
