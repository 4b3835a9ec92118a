// What `scf-ws check` does once its command line is read.
import { relative, resolve } from 'node:path';
import type { CheckOptions } from '../check/check-function.ts';
import { checkFunction } from '../check/check-function.ts';
import { codeFolder } from '../check/code-folder.ts';
import { machineReport } from '../check/machine.ts';
import { likelyStartFile } from '../check/missing-start-file.ts';
import type { CheckReport } from '../check/report.ts';
import { allFindings, checkJson, configFinding } from '../check/report.ts';
import { createClock } from '../clock.ts';
import { defaultConfig } from '../config/defaults.ts';
import type { FunctionConfig } from '../config/function-config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { ScfWsError } from '../errors.ts';
import { DEFAULT_PLATFORM } from '../platforms/registry.ts';
import { tryNamespaces } from '../sandbox/capabilities.ts';
import { checkText } from './check-text.ts';
import type { CheckFlags } from './commands/check.ts';
import { Interruption } from './interruption.ts';

const EXIT_FINDINGS = 1;

/** Returns the exit code. Rejects with a `ScfWsError` for what cannot be checked. */
export async function runCheck(dir: string, flags: CheckFlags): Promise<number> {
  const loaded = await loadConfig({ dir, configFile: flags.config ?? null, needsStartFile: false });
  const functions = functionsOf(loaded, { dir, flags });
  const namespaces = tryNamespaces();
  if (flags.sandbox === 'namespace' && flags.start) await mustBeAble(namespaces);

  const interruption = new Interruption();
  const ending = new AbortController();
  const interrupted = interruption.first.then(exitCode => {
    ending.abort();
    return exitCode;
  });
  const options: CheckOptions = {
    sandbox: flags.start ? flags.sandbox : null,
    isFixing: flags.fix === true,
    namespaces,
    callerEnvironment: process.env,
    clock: createClock(),
    signal: ending.signal,
  };
  const problems = loaded.kind === 'invalid' ? loaded.problems : [];
  const checking = report(functions, options).then(made => ({
    ...made,
    config: problems.map(configFinding),
  }));
  const first = await Promise.race([checking, interrupted]);
  if (typeof first === 'number') {
    // The instances are ended, and what was written for them is removed; a second Ctrl-C does not wait for it.
    await Promise.race([checking.catch(() => {}), interruption.second]);
    return first;
  }
  process.stdout.write(rendered(first, flags));
  return allFindings(first).length > 0 ? EXIT_FINDINGS : 0;
}

/** One after the other: functions that start at once would take each other's time. */
async function report(
  functions: readonly FunctionConfig[],
  options: CheckOptions,
): Promise<Omit<CheckReport, 'config'>> {
  const platform = functions[0]?.platform ?? DEFAULT_PLATFORM;
  const searchPath = options.callerEnvironment.PATH ?? '';
  const checked: CheckReport['functions'][number][] = [];
  for (const config of functions) {
    if (!options.signal.aborted) checked.push(await checkFunction(config, options));
  }
  const machine = await machineReport(platform, { namespaces: options.namespaces, searchPath });
  return { functions: checked, machine };
}

function functionsOf(
  loaded: LoadedConfig,
  { dir, flags }: { readonly dir: string; readonly flags: CheckFlags },
): readonly FunctionConfig[] {
  if (loaded.kind === 'missing') {
    // A start file under another name is a finding, not the want of a function.
    const isFunction =
      flags.config === undefined &&
      likelyStartFile(codeFolder(dir), DEFAULT_PLATFORM.startFile.value) !== null;
    if (!isFunction) throw new ScfWsError('ERR_NOT_FOUND', loaded.message, { hint: loaded.advice });
    return [defaultConfig({ dir })];
  }
  const { initTimeout } = flags;
  // Without its folder, a function has nothing but the problem that says so.
  const functions = loaded.functions.filter(({ srcDir }) => codeFolder(srcDir).look('.')?.kind === 'folder');
  if (initTimeout === undefined) return functions;
  return functions.map(config => ({ ...config, initTimeoutMs: initTimeout }));
}

async function mustBeAble(namespaces: CheckOptions['namespaces']): Promise<void> {
  const capability = await namespaces;
  if (capability.isAble) return;
  const message = `Cannot use --sandbox namespace: ${capability.cause}`;
  throw new ScfWsError('ERR_DRIVER_UNAVAILABLE', message, { hint: capability.remedy });
}

function rendered(report: CheckReport, { format }: CheckFlags): string {
  if (format === 'json') return `${JSON.stringify(checkJson(report), null, 2)}\n`;
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return checkText(report, { colour, shown });
}

/** As the user would write it from where they are. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), resolve(path));
  return fromHere.startsWith('..') ? path : fromHere || '.';
}
