// The functions of a folder or a config file, or a `ScfWsError` that says what to change.
import { fileURLToPath } from 'node:url';
import type { FunctionConfig } from './config/function-config.ts';
import type { LoadedConfig } from './config/load.ts';
import { loadConfig } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { ScfWsError } from './errors.ts';

export interface FunctionSource {
  /** The folder with scf.yaml or scf_bootstrap; the current one by default. */
  readonly dir?: string | URL;
  /** The config file, instead of what is found in the folder. */
  readonly configFile?: string | URL;
}

/** Rejects with a `ScfWsError` if there is none, or none that can be used. */
export async function loadFunctions({
  dir = '.',
  configFile,
}: FunctionSource = {}): Promise<readonly FunctionConfig[]> {
  return usableFunctions(
    await loadConfig({
      dir: pathOf(dir),
      configFile: configFile === undefined ? null : pathOf(configFile),
    }),
  );
}

export function usableFunctions(loaded: LoadedConfig): readonly FunctionConfig[] {
  switch (loaded.kind) {
    case 'loaded':
      return loaded.functions;
    case 'missing':
      throw new ScfWsError('ERR_NOT_FOUND', loaded.message, { hint: loaded.advice });
    case 'invalid': {
      const [problem, ...others] = loaded.problems.map(formatProblem);
      throw new ScfWsError('ERR_CONFIG', [`the config cannot be used`, problem, ...others].join('\n'), {
        hint: others.length === 0 ? 'Mend this one' : `Mend these ${others.length + 1}`,
      });
    }
  }
}

function pathOf(place: string | URL): string {
  return typeof place === 'string' ? place : fileURLToPath(place);
}
