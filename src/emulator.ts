// The composition root: functions + platform rules + drivers + gateway + journal → start() and stop().

import type { Clock } from './clock.ts';
import { createClock } from './clock.ts';
import type { FunctionConfig } from './config/function-config.ts';
import type { InvocationReport } from './core/invocation.ts';
import { ScfWsError } from './errors.ts';
import { functionSetup } from './function-setup.ts';
import { Gateway } from './gateway/server.ts';
import type { FunctionSetup } from './gateway/setup.ts';
import { Journal } from './journal/journal.ts';
import type { AttachTarget } from './sandbox/attach-driver.ts';
import { AttachDriver } from './sandbox/attach-driver.ts';
import type { SandboxDriver } from './sandbox/driver.ts';
import { ProcessDriver } from './sandbox/process-driver.ts';

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
  /** What instances get PATH, HOME and the like from; `process.env` by default. */
  readonly callerEnvironment?: Readonly<Record<string, string | undefined>>;
}

export interface Emulator {
  /** `ws://host:port/` */
  readonly url: string;
  /** The reports of ended invocations, oldest first; of very many the last 10,000. */
  readonly invocations: readonly InvocationReport[];
  readonly journal: Journal;
  readonly clock: Pick<Clock, 'advance'>;
  /** New connections get these functions; those that are open go on as they began. */
  update(functions: readonly FunctionConfig[]): void;
  /** Closes every connection, ends every instance, and resolves when nothing is left. */
  stop(): Promise<void>;
  /** Kills every instance at once. Only to be followed by the end of the program. */
  kill(): void;
}

const MAX_KEPT_REPORTS = 10_000;

/** Rejects with a `ScfWsError` for what the user can change; nothing is left running then. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { functions, host = '127.0.0.1', port = 0, timeScale = 1, journal = new Journal() } = options;
  const clock = createClock({ scale: timeScale });
  const drivers = new Drivers(options, journal);
  const invocations: InvocationReport[] = [];
  let routes: readonly Route[] = [];

  function update(next: readonly FunctionConfig[]): void {
    routes = routesOf(next, config =>
      functionSetup(config, { driver: drivers.driverFor(config), timeScale }),
    );
  }
  update(functions);

  const gateway = new Gateway({
    clock,
    journal,
    route: path => routes.find(({ prefix }) => isWithin(path, prefix))?.setup ?? null,
    onReport: report => {
      invocations.push(report);
      if (invocations.length > MAX_KEPT_REPORTS) invocations.shift();
    },
  });
  const actualPort = await gateway.listen({ host, port });
  return {
    url: `ws://${urlHost(host)}:${actualPort}/`,
    invocations,
    journal,
    clock,
    update,
    async stop() {
      await gateway.stop();
      await drivers.close();
    },
    kill: () => gateway.kill(),
  };
}

interface Route {
  readonly prefix: string;
  readonly setup: FunctionSetup;
}

/** Longest prefix first: the first that fits is the one that matches most. */
function routesOf(
  functions: readonly FunctionConfig[],
  setupOf: (config: FunctionConfig) => FunctionSetup,
): readonly Route[] {
  return functions
    .map(config => ({ prefix: config.route, setup: setupOf(config) }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
}

/** `/chat` is within `/chat` and `/`, `/chatter` is not within `/chat`. */
function isWithin(path: string, prefix: string): boolean {
  const folder = prefix.endsWith('/') ? prefix : `${prefix}/`;
  return path === prefix || path.startsWith(folder);
}

/** The drivers in use, one for each platform. */
class Drivers {
  readonly #options: EmulatorOptions;
  readonly #journal: Journal;
  readonly #byPlatform = new Map<string, SandboxDriver>();

  constructor(options: EmulatorOptions, journal: Journal) {
    this.#options = options;
    this.#journal = journal;
  }

  driverFor(config: FunctionConfig): SandboxDriver {
    let driver = this.#byPlatform.get(config.platform.id);
    if (driver === undefined) {
      driver = this.#create(config);
      this.#byPlatform.set(config.platform.id, driver);
    }
    return driver;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byPlatform.values()].map(driver => driver.close()));
  }

  #create({ platform }: FunctionConfig): SandboxDriver {
    const { attach, sandbox = 'auto', callerEnvironment = process.env } = this.#options;
    if (attach !== undefined) return new AttachDriver(attach);
    if (sandbox === 'namespace') {
      throw new ScfWsError(
        'ERR_DRIVER_UNAVAILABLE',
        'Cannot use --sandbox namespace: this version does not have it',
        {
          hint: 'Use --sandbox process, which runs Node and Python functions',
        },
      );
    }
    return new ProcessDriver({
      runtimes: platform.runtimes.value,
      callerEnvironment,
      onWarning: message => {
        this.#journal.add({ type: 'notice', level: 'warn', time: Date.now(), message });
      },
    });
  }
}

/** How a client on this machine reaches the address that the gateway listens on. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
