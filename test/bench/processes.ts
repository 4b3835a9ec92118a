// The processes of a run: started with a clean environment, known by the port or line they print, all ended at the end.
import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import type {
  GeneratorReply,
  GeneratorRequest,
  LoadResult,
  LoadSpec,
  OpenResult,
} from './generator-words.ts';

/** Nothing takes this long unless it fails. */
const START_TIMEOUT_MS = 30_000;

const running = new Set<ChildProcess>();

/** What a shell may have set (certificates to load, options, debuggers) would be measured too. */
export function cleanEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR'];
  const kept = names.flatMap(name => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

/** A program of this folder, as it was built. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The command itself. Built by `npm run build`. */
export const SCF_WS = fileURLToPath(new URL('../../../bin/scf-ws.js', import.meta.url));

export interface Started {
  readonly pid: number;
  /** The first line on its standard output. */
  readonly line: string;
  /** From its start to that line. */
  readonly afterMs: number;
  end(): Promise<void>;
}

/** Resolves with its first line, or, with `port`, when it accepts connections there. */
export async function start(
  words: readonly string[],
  { port, cwd, env = {} }: { port?: number; cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Started> {
  const [command = '', ...args] = words;
  const from = performance.now();
  const child = spawn(command, args, {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  });
  keep(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000);
  });
  const line = await inTime(
    () => `${words.join(' ')} did not start:\n${errors}`,
    port === undefined ? firstLine(child) : accepts(child, port),
  );
  const afterMs = performance.now() - from;
  return { pid: child.pid ?? 0, line, afterMs, end: () => endOf(child) };
}

/** How long a program takes from its start to its end. */
export async function timed(words: readonly string[]): Promise<number> {
  const [command = '', ...args] = words;
  const from = performance.now();
  const child = spawn(command, args, { env: cleanEnvironment(), stdio: 'ignore' });
  keep(child);
  const code = await new Promise<number | null>(resolve => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
  return performance.now() - from;
}

/** The load generator. */
export class Generator {
  readonly #child = keep(fork(programPath('generator.js'), [], { env: cleanEnvironment(), execArgv: [] }));

  async run(spec: LoadSpec): Promise<LoadResult> {
    return (await this.#ask({ do: 'run', spec })) as LoadResult;
  }

  async hold(port: number, count: number): Promise<void> {
    await this.#ask({ do: 'hold', port, count });
  }

  async openEach(port: number, count: number): Promise<OpenResult> {
    return (await this.#ask({ do: 'open-each', port, count })) as OpenResult;
  }

  async openBurst(port: number, count: number): Promise<OpenResult> {
    return (await this.#ask({ do: 'open-burst', port, count })) as OpenResult;
  }

  async letGo(): Promise<void> {
    await this.#ask({ do: 'let-go' });
  }

  end(): Promise<void> {
    return endOf(this.#child);
  }

  #ask(request: GeneratorRequest): Promise<LoadResult | OpenResult | null> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error('The load generator has ended'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (reply: GeneratorReply) => {
        this.#child.off('exit', onExit);
        if ('error' in reply) reject(new Error(reply.error));
        else resolve(reply.result);
      });
      this.#child.send(request);
    });
  }
}

/** Ends whatever still runs. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function keep<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** scf-ws ends its instances when it is interrupted; the others just end. */
async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`it ended with ${code}`)));
  });
}

async function accepts(child: ChildProcess, port: number): Promise<string> {
  while (child.exitCode === null) {
    const isOpen = await new Promise<boolean>(resolve => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return '';
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`it ended with ${child.exitCode}`);
}

async function inTime<Result>(problem: () => string, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), START_TIMEOUT_MS);
  });
  try {
    return await Promise.race([result, late]);
  } catch (error) {
    throw new Error(`${problem()}\n${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
  }
}
