// The drivers of trials: which kind of sandbox a function is tried in, and instances that see more or less of the
// machine than usual. All of them end together.
import type { FunctionConfig } from '../config/function-config.ts';
import type { NamespaceCapability } from '../sandbox/capabilities.ts';
import type { SandboxDriver } from '../sandbox/driver.ts';
import type { ExtraMounts } from '../sandbox/mounts.ts';
import { NamespaceDriver } from '../sandbox/namespace-driver.ts';
import { ProcessDriver } from '../sandbox/process-driver.ts';
import { canBeHooked } from '../sandbox/start-file.ts';

export type SandboxKind = 'process' | 'namespace';

/** Why nothing is started, and what would let it. */
export interface NotTried {
  readonly cause: string;
  /** Null: it goes without saying. */
  readonly remedy: string | null;
}

export interface KindOptions {
  readonly sandbox: 'auto' | SandboxKind;
  readonly startFile: Uint8Array;
  readonly namespaces: NamespaceCapability;
}

/** Nearest to the cloud first. */
export function kindFor({ sandbox, startFile, namespaces }: KindOptions): SandboxKind | NotTried {
  if (sandbox !== 'process' && namespaces.isAble) return 'namespace';
  if (canBeHooked(startFile)) return 'process';
  const only = 'it runs neither Node nor Python, so only the namespace sandbox can tell where it listens';
  return namespaces.isAble
    ? { cause: only, remedy: 'Leave out --sandbox process' }
    : { cause: `${only}, and ${namespaces.cause}`, remedy: namespaces.remedy };
}

export class TrialDrivers {
  readonly #config: FunctionConfig;
  readonly #callerEnvironment: Readonly<Record<string, string | undefined>>;
  readonly #made: SandboxDriver[] = [];
  readonly #warnings = new Set<string>();

  constructor(config: FunctionConfig, callerEnvironment: Readonly<Record<string, string | undefined>>) {
    this.#config = config;
    this.#callerEnvironment = callerEnvironment;
  }

  /** What this machine has other than the cloud. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  process(): SandboxDriver {
    return this.#kept(
      new ProcessDriver({
        runtimes: this.#config.platform.runtimes.value,
        callerEnvironment: this.#callerEnvironment,
        onWarning: message => this.#warnings.add(message),
      }),
    );
  }

  namespace(extraMounts: ExtraMounts): SandboxDriver {
    const { runtimes, fileSystem } = this.#config.platform;
    return this.#kept(
      new NamespaceDriver({
        runtimes: runtimes.value,
        cloudEnvironment: fileSystem.variables.value,
        tmpBytes: fileSystem.tmpBytes.value,
        searchPath: this.#callerEnvironment.PATH ?? '',
        extraMounts,
        onWarning: message => this.#warnings.add(message),
      }),
    );
  }

  /** Every instance has exited. */
  async close(): Promise<void> {
    await Promise.all(this.#made.map(driver => driver.close()));
  }

  #kept(driver: SandboxDriver): SandboxDriver {
    this.#made.push(driver);
    return driver;
  }
}
