// Which driver makes a function's instances, and why. Drivers are made when first needed and shared by functions.
import type { FunctionConfig } from './config/function-config.ts';
import { ScfWsError } from './errors.ts';
import type { Journal } from './journal/journal.ts';
import type { AttachTarget } from './sandbox/attach-driver.ts';
import { AttachDriver } from './sandbox/attach-driver.ts';
import { tryNamespaces, tryOutbound } from './sandbox/capabilities.ts';
import type { SandboxDriver } from './sandbox/driver.ts';
import { noWayOut } from './sandbox/instance-network.ts';
import { NamespaceDriver } from './sandbox/namespace-driver.ts';
import { ProcessDriver } from './sandbox/process-driver.ts';
import { canBeHooked } from './sandbox/start-file.ts';
import { readStartFile } from './sandbox/start-file-on-disk.ts';

export interface DriversOptions {
  readonly sandbox: 'auto' | 'process' | 'namespace';
  readonly attach: AttachTarget | null;
  readonly callerEnvironment: Readonly<Record<string, string | undefined>>;
  readonly journal: Journal;
}

/** `real-port`: the `process` driver without hooks. */
type Kind = 'process' | 'real-port' | 'namespace' | 'attach';

export class Drivers {
  readonly #options: DriversOptions;
  readonly #made = new Map<string, SandboxDriver>();
  readonly #told = new Set<string>();
  #namespaces: ReturnType<typeof tryNamespaces> | null = null;
  #outbound: ReturnType<typeof tryOutbound> | null = null;

  constructor(options: DriversOptions) {
    this.#options = options;
  }

  /** Rejects with a `ScfWsError` when this machine cannot do what was asked for. */
  async driverFor(config: FunctionConfig): Promise<SandboxDriver> {
    const kind = await this.#kindFor(config);
    if (kind === 'namespace' && config.network === 'outbound') await this.#warnIfThereIsNoWayOut();
    const key = `${config.platform.id} ${kind}`;
    let driver = this.#made.get(key);
    if (driver === undefined) {
      driver = this.#create(kind, config);
      this.#made.set(key, driver);
    }
    return driver;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(driver => driver.close()));
  }

  async #kindFor({ name, srcDir, platform }: FunctionConfig): Promise<Kind> {
    const { sandbox, attach } = this.#options;
    if (attach !== null) return 'attach';
    if (sandbox === 'process') return 'process';
    if (sandbox === 'namespace') {
      const capability = await this.#canUseNamespaces();
      if (capability.isAble) return 'namespace';
      const message = `Cannot use --sandbox namespace: ${capability.cause}`;
      throw new ScfWsError('ERR_DRIVER_UNAVAILABLE', message, { hint: capability.remedy });
    }
    const read = await readStartFile(srcDir, platform.startFile.value);
    // It will not run, and every connection says why.
    if ('exit' in read) return 'process';
    if (canBeHooked(read.file.bytes)) {
      this.#tell('info', `${name} runs in the process sandbox, as its start file runs Node or Python`);
      return 'process';
    }
    const capability = await this.#canUseNamespaces();
    if (capability.isAble) {
      this.#tell(
        'info',
        `${name} runs in the namespace sandbox, as its start file runs neither Node nor Python`,
      );
      return 'namespace';
    }
    const why = `${name} runs neither Node nor Python, and ${capability.cause}`;
    this.#tell('warn', `${why}: it gets one instance at a time, on the real port`, capability.remedy);
    return 'real-port';
  }

  #canUseNamespaces(): ReturnType<typeof tryNamespaces> {
    this.#namespaces ??= tryNamespaces();
    return this.#namespaces;
  }

  /** Before the first connection, which would tell it too. */
  async #warnIfThereIsNoWayOut(): Promise<void> {
    this.#outbound ??= tryOutbound(this.#options.callerEnvironment.PATH);
    const capability = await this.#outbound;
    if (!capability.isAble) this.#tell('warn', ...noWayOut(capability));
  }

  #create(kind: Kind, { platform }: FunctionConfig): SandboxDriver {
    const { attach, callerEnvironment } = this.#options;
    if (kind === 'attach' && attach !== null) return new AttachDriver(attach);
    const runtimes = platform.runtimes.value;
    const reason =
      'without namespaces there is only one real port, and the program is neither Node nor Python';
    const onWarning = (message: string, advice?: string): void => this.#tell('warn', message, advice);
    if (kind === 'process') return new ProcessDriver({ runtimes, callerEnvironment, onWarning });
    if (kind === 'real-port')
      return new ProcessDriver({ runtimes, callerEnvironment, onWarning, realPort: { reason } });
    return new NamespaceDriver({
      runtimes,
      cloudEnvironment: platform.fileSystem.variables.value,
      tmpBytes: platform.fileSystem.tmpBytes.value,
      searchPath: callerEnvironment.PATH ?? '',
      onWarning,
    });
  }

  #tell(level: 'info' | 'warn', message: string, advice?: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.journal.add({ type: 'notice', level, time: Date.now(), message, advice });
  }
}
