// The cloud's /var/lang on this machine: launchers under the cloud's names for the interpreters that are here.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CloudRuntime } from '../platforms/platform.ts';
import { findInterpreter, findOnPath, isPromisedVersion } from './interpreters.ts';
import type { Hooks } from './launcher.ts';
import { writeLauncher } from './launcher.ts';

export interface CloudLangOptions {
  /** The folder to make. */
  readonly dir: string;
  readonly runtimes: readonly CloudRuntime[];
  /** The caller's PATH. */
  readonly searchPath: string;
  /** Null: interpreters as they are. */
  readonly hooks: Hooks | null;
  readonly onWarning: (message: string) => void;
}

export class CloudLang {
  readonly dir: string;
  readonly #options: CloudLangOptions;
  readonly #mapped = new Map<string, Promise<void>>();

  constructor(options: CloudLangOptions) {
    this.dir = options.dir;
    this.#options = options;
  }

  /** Makes `/var/lang/<folder>/bin/*` for a folder that a start file names, as far as this machine can. */
  map(folder: string): Promise<void> {
    let mapped = this.#mapped.get(folder);
    if (mapped === undefined) {
      mapped = this.#map(folder);
      this.#mapped.set(folder, mapped);
    }
    return mapped;
  }

  async #map(folder: string): Promise<void> {
    const { dir, runtimes, searchPath, hooks, onWarning } = this.#options;
    const runtime = runtimes.find(candidate => candidate.folder === folder);
    if (runtime === undefined) {
      onWarning(`The start file uses /var/lang/${folder}, which the platform is not known to have`);
      return;
    }
    const interpreter = await findInterpreter(runtime, searchPath);
    if (interpreter === null) {
      onWarning(`The start file uses /var/lang/${folder}, but this machine has no ${runtime.language}`);
      return;
    }
    if (!isPromisedVersion(runtime, interpreter.version)) {
      onWarning(
        `The start file asks for ${runtime.language} ${runtime.version} (/var/lang/${folder}); ` +
          `this machine runs it with ${interpreter.version}`,
      );
    }
    const bin = join(dir, folder, 'bin');
    await mkdir(bin, { recursive: true });
    // npm lies beside its node.
    const companionPath = `${dirname(interpreter.path)}:${searchPath}`;
    for (const name of runtime.binaries) {
      const isCompanion = name === 'npm' || name === 'npx';
      const target = isCompanion ? await findOnPath(name, companionPath) : interpreter.path;
      if (target !== null) await writeLauncher(join(bin, name), { target, hooks });
    }
  }
}
