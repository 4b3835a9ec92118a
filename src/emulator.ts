// The composition root: functions + platform rules + drivers + gateway + journal → start() and stop().

import type { Clock } from './clock.ts';
import { createClock, realTime } from './clock.ts';
import type { FunctionConfig } from './config/function-config.ts';
import type { InvocationReport } from './core/invocation.ts';
import { Drivers } from './drivers.ts';
import { functionSetup } from './function-setup.ts';
import { Gateway } from './gateway/server.ts';
import type { FunctionSetup } from './gateway/setup.ts';
import type { OpenTap } from './gateway/tap.ts';
import { Journal } from './journal/journal.ts';
import type { AttachTarget } from './sandbox/attach-driver.ts';

export interface EmulatorOptions {
  readonly functions: readonly FunctionConfig[];
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
  /** Resolves when the instances that are to be kept ready (`provisionedConcurrency`) are, or have failed. */
  ready(): Promise<void>;
  /** New connections get these functions; those that are open go on as they began. */
  update(functions: readonly FunctionConfig[]): Promise<void>;
  /** Closes every connection, ends every instance, and resolves when nothing is left. */
  stop(): Promise<void>;
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

const MAX_KEPT_REPORTS = 10_000;

/** What is ending when the clock is moved gets so long, in real time; after that its graces pass with the clock. */
const MAX_PAUSE_MS = 1000;

/** Rejects with a `ScfWsError` for what the user can change; nothing is left running then. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { functions, host = '127.0.0.1', port = 0, timeScale = 1, journal = new Journal() } = options;
  const clock = createClock({ scale: timeScale });
  const { sandbox = 'auto', attach = null, callerEnvironment = process.env } = options;
  const drivers = options.drivers ?? new Drivers({ sandbox, attach, callerEnvironment, journal });
  const invocations: InvocationReport[] = [];
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
    onReport: report => {
      invocations.push(report);
      if (invocations.length > MAX_KEPT_REPORTS) invocations.shift();
    },
  });
  async function stop(): Promise<void> {
    await gateway.stop();
    if (drivers !== options.drivers) await drivers.close();
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
    invocations,
    journal,
    clock: { now: () => clock.now(), advance: ms => advance(ms, { clock, gateway }) },
    get connections() {
      return [...gateway.connections];
    },
    update,
    ready: () => gateway.settled(),
    stop,
    kill: () => gateway.kill(),
  };
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
