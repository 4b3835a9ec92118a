// The composition root: functions + platform rules + drivers + gateway + journal → start() and stop().

import type { Clock } from './clock.ts';
import { createClock, realTime } from './clock.ts';
import { defaultConfig } from './config/defaults.ts';
import type { FunctionConfig } from './config/function-config.ts';
import type { InvocationReport } from './core/invocation.ts';
import { Drivers } from './drivers.ts';
import { EndedInvocations } from './ended-invocations.ts';
import { ScfWsError } from './errors.ts';
import { functionSetup } from './function-setup.ts';
import { Gateway } from './gateway/server.ts';
import type { FunctionSetup } from './gateway/setup.ts';
import type { OpenTap } from './gateway/tap.ts';
import { Journal } from './journal/journal.ts';
import { prettyLines } from './journal/pretty.ts';
import type { FunctionSource } from './load-functions.ts';
import { loadFunctions } from './load-functions.ts';
import type { AttachTarget } from './sandbox/attach-driver.ts';

/** Which functions: a folder's, those of a config file, or some that are loaded already. */
export interface EmulatorOptions extends FunctionSource {
  /** Instead of `dir` and `configFile`. */
  readonly functions?: readonly FunctionConfig[];
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** 0, the default, takes any that is free. */
  readonly port?: number;
  /** Platform time per real time, 1 by default: 60 makes a minute pass in a second. */
  readonly timeScale?: number;
  /** `auto` by default. */
  readonly sandbox?: 'auto' | 'process' | 'namespace';
  /** A server that the user runs: all connections go to it, and no instance is started. */
  readonly attach?: AttachTarget;
  /** Where to write what happens; a new one by default. */
  readonly journal?: Journal;
  /** Told what happens line by line, as `scf-ws dev` prints it; `console.error`, say. */
  readonly log?: (line: string) => void;
  /** Shared with other emulators, whose business it is to close them; `sandbox` and `attach` are theirs then. */
  readonly drivers?: Drivers;
  /** Shown the bytes of every connection, to record them. */
  readonly openTap?: OpenTap;
  /** What instances get PATH, HOME and the like from; `process.env` by default. */
  readonly callerEnvironment?: Readonly<Record<string, string | undefined>>;
}

export interface Emulator {
  /** `ws://host:port/` */
  readonly url: string;
  /** The reports of ended invocations, oldest first; of very many the last 10,000. */
  readonly invocations: readonly InvocationReport[];
  readonly journal: Journal;
  readonly clock: EmulatorClock;
  /** What has a connection just now, oldest first. */
  readonly connections: readonly LiveConnection[];
  /**
   * The next report: the first that no call before has got, now or when it is there. Rejects with a `ScfWsError`
   * after `withinMs` of real time, 5000 by default.
   */
  nextInvocation(options?: { readonly withinMs?: number }): Promise<InvocationReport>;
  /** Resolves when the instances that are to be kept ready (`provisionedConcurrency`) are, or have failed. */
  ready(): Promise<void>;
  /** New connections get these functions; those that are open go on as they began. */
  update(functions: readonly FunctionConfig[]): Promise<void>;
  /** Closes every connection, ends every instance, and resolves when nothing is left. */
  stop(): Promise<void>;
  /** `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Kills every instance at once. Only to be followed by the end of the program. */
  kill(): void;
}

export interface EmulatorClock {
  /** Ms of the platform's time since the emulator was started. */
  now(): number;
  /**
   * Lets platform time pass at once: what becomes due on the way happens at its own time, each thing with its
   * consequences, before the clock goes on. Resolves when it has got there, and what is ending has ended.
   */
  advance(ms: number): Promise<void>;
}

export interface LiveConnection {
  readonly requestId: string;
  /** Bytes that have come from the client, the handshake included. */
  readonly receivedBytes: number;
  /** Kills its instance (SIGKILL), as a crash would. */
  kill(): void;
}

const NEXT_INVOCATION_MS = 5000;

/** What is ending when the clock is moved gets so long, in real time; after that its graces pass with the clock. */
const MAX_PAUSE_MS = 1000;

/** Rejects with a `ScfWsError` for what the user can change; nothing is left running then. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const functions = await functionsOf(options);
  const { host = '127.0.0.1', port = 0, timeScale = 1, journal = new Journal() } = options;
  const { log } = options;
  if (log !== undefined) {
    const nameFunctions = functions.length > 1;
    journal.subscribe({ onRecord: prettyLines({ colour: false, nameFunctions }, log) });
  }
  const clock = createClock({ scale: timeScale });
  const { sandbox = 'auto', attach = null, callerEnvironment = process.env } = options;
  const drivers = options.drivers ?? new Drivers({ sandbox, attach, callerEnvironment, journal });
  const ended = new EndedInvocations();
  let routes: readonly Route[] = [];

  async function update(next: readonly FunctionConfig[]): Promise<void> {
    const made = await Promise.all(
      next.map(async config => ({
        prefix: config.route,
        setup: functionSetup(config, { driver: await drivers.driverFor(config), timeScale }),
      })),
    );
    // Longest prefix first: the first that fits is the one that matches most.
    routes = made.sort((a, b) => b.prefix.length - a.prefix.length);
    gateway.serve(routes.map(({ setup }) => setup));
  }

  const gateway = new Gateway({
    clock,
    journal,
    openTap: options.openTap,
    route: path => routes.find(({ prefix }) => isWithin(path, prefix))?.setup ?? null,
    onReport: report => ended.add(report),
  });
  async function end(): Promise<void> {
    await gateway.stop();
    if (drivers !== options.drivers) await drivers.close();
  }
  let stopped: Promise<void> | null = null;
  // Whoever asks for it again waits for the same end.
  function stop(): Promise<void> {
    stopped ??= end();
    return stopped;
  }
  const actualPort = await gateway.listen({ host, port });
  try {
    await update(functions);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `ws://${urlHost(host)}:${actualPort}/`,
    invocations: ended.reports,
    journal,
    clock: { now: () => clock.now(), advance: ms => advance(ms, { clock, gateway }) },
    get connections() {
      return [...gateway.connections];
    },
    nextInvocation: ({ withinMs = NEXT_INVOCATION_MS } = {}) =>
      ended.next({ withinMs, openConnections: () => gateway.connections.size }),
    update,
    ready: () => gateway.settled(),
    stop,
    [Symbol.asyncDispose]: stop,
    kill: () => gateway.kill(),
  };
}

async function functionsOf(options: EmulatorOptions): Promise<readonly FunctionConfig[]> {
  // Callers without types may pass anything.
  if (typeof options !== 'object' || options === null) {
    throw new ScfWsError('ERR_USAGE', 'startEmulator takes an object with options', {
      hint: "Name the function's folder so: startEmulator({ dir: 'my-function' })",
    });
  }
  const { dir, configFile, functions, attach } = options;
  if (functions !== undefined) {
    if (dir === undefined && configFile === undefined) return functions;
    throw new ScfWsError('ERR_USAGE', 'functions cannot stand beside dir or configFile', {
      hint: 'Leave one out: functions are what loadFunctions({ dir }) makes of a folder',
    });
  }
  const source = { ...(dir !== undefined && { dir }), ...(configFile !== undefined && { configFile }) };
  // A server that is attached needs no folder of its own.
  const needsNone = attach !== undefined && dir === undefined && configFile === undefined;
  return needsNone ? [defaultConfig({ dir: '.' })] : loadFunctions(source);
}

async function advance(ms: number, { clock, gateway }: { clock: Clock; gateway: Gateway }): Promise<void> {
  for (let left = ms; left > 0; ) {
    await pause(gateway.ended());
    const next = clock.nextWakeAt() ?? Infinity;
    const stepMs = Math.min(left, Math.max(0, next - clock.now()));
    clock.advance(stepMs);
    left -= stepMs;
  }
  await pause(gateway.ended());
}

function pause(end: Promise<void>): Promise<void> {
  return Promise.race([end, realTime(MAX_PAUSE_MS)]);
}

interface Route {
  readonly prefix: string;
  readonly setup: FunctionSetup;
}

/** `/chat` is within `/chat` and `/`, `/chatter` is not within `/chat`. */
function isWithin(path: string, prefix: string): boolean {
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
  return path === prefix || path.startsWith(folder);
}

/** How a client on this machine reaches the address that the gateway listens on. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
