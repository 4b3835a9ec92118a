// Runs scenarios: finds the config of each, and shares what can be shared between them.
import { dirname, resolve } from 'node:path';
import type { FunctionConfig } from '../../config/function-config.ts';
import { loadConfig } from '../../config/load.ts';
import { formatDuration } from '../../core/units.ts';
import { Drivers } from '../../drivers.ts';
import { ScfWsError } from '../../errors.ts';
import { Journal } from '../../journal/journal.ts';
import { usableFunctions } from '../../load-functions.ts';
import type { ScenarioResult } from '../result.ts';
import type { Scenario } from '../scenario.ts';
import { runOne } from './scenario-run.ts';

export interface ScenarioRunnerOptions {
  /** For scenarios that name none; null: the nearest at or above each scenario. */
  readonly configFile: string | null;
  readonly sandbox: 'auto' | 'process' | 'namespace';
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told what is worth knowing of the machine. */
  readonly journal?: Journal;
}

export interface ScenarioRunner {
  /**
   * Rejects with a `ScfWsError` when the scenario's config cannot be used, or this machine cannot do what it takes.
   */
  run(
    scenario: Scenario,
    options: {
      readonly signal: AbortSignal;
      readonly timeoutMs: number;
      /** Called when nothing is left to do but to wait for its instances to end. */
      readonly onSettling?: () => void;
    },
  ): Promise<ScenarioResult>;
  close(): Promise<void>;
}

export function createScenarioRunner(options: ScenarioRunnerOptions): ScenarioRunner {
  const { sandbox, environment, journal = new Journal() } = options;
  const drivers = new Drivers({ sandbox, attach: null, callerEnvironment: environment, journal });
  const configs = new Map<string, Promise<readonly FunctionConfig[]>>();

  function functionsOf(scenario: Scenario): Promise<readonly FunctionConfig[]> {
    const configFile = scenario.configFile ?? options.configFile;
    const key = configFile ?? dirname(resolve(scenario.at.file));
    let functions = configs.get(key);
    if (functions === undefined) {
      functions =
        configFile === null
          ? nearestFunctions(key)
          : loadConfig({ dir: '.', configFile }).then(usableFunctions);
      configs.set(key, functions);
    }
    return functions;
  }

  return {
    async run(scenario, { signal, timeoutMs, onSettling = () => {} }) {
      const functions = await functionsOf(scenario);
      const limitMs = scenario.timeoutMs ?? timeoutMs;
      const over = new AbortController();
      const tooLong = new Error(`The scenario took longer than ${formatDuration(limitMs)} (--timeout)`);
      const interrupt = (): void => over.abort(new Error('The run was interrupted'));
      if (signal.aborted) interrupt();
      AbortSignal.timeout(limitMs).addEventListener('abort', () => over.abort(tooLong));
      signal.addEventListener('abort', interrupt);
      return runOne({
        scenario,
        functions,
        functionOf: name => functionNamed(name ?? scenario.functionName, { functions, scenario }),
        drivers,
        over: over.signal,
        onSettling,
      });
    },
    close: () => drivers.close(),
  };
}

/** That of the folder of the scenario, or of the nearest folder above it that has a function. */
async function nearestFunctions(folder: string): Promise<readonly FunctionConfig[]> {
  for (let dir = folder; ; dir = dirname(dir)) {
    const loaded = await loadConfig({ dir, configFile: null });
    if (loaded.kind !== 'missing') return usableFunctions(loaded);
    if (dirname(dir) === dir) {
      throw new ScfWsError('ERR_NOT_FOUND', `Cannot find a function for the scenarios in ${folder}`, {
        hint: 'Put them into the folder of the function or below it, or name its config with config: or --config',
      });
    }
  }
}

function functionNamed(
  name: string | null,
  { functions, scenario }: { functions: readonly FunctionConfig[]; scenario: Scenario },
): FunctionConfig {
  const [only, ...others] = functions;
  const found = name === null && others.length === 0 ? only : functions.find(config => config.name === name);
  if (found !== undefined) return found;
  const { file, line } = scenario.at;
  const names = functions.map(config => config.name).join(', ');
  const what = name === null ? 'The config has several functions' : `The config has no function ${name}`;
  throw new ScfWsError('ERR_CONFIG', `${file}:${line} ${what}`, {
    hint: `Write function: with one of ${names}`,
  });
}
