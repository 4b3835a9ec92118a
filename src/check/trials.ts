// The trials of one function: as the cloud would start it; where it fails for want of a module or of the network,
// once more with what this machine has; and once where it may write what it likes, to see what it writes.
import type { Clock } from '../clock.ts';
import type { FunctionConfig } from '../config/function-config.ts';
import { functionSetup } from '../function-setup.ts';
import type { SandboxDriver } from '../sandbox/driver.ts';
import type { ExtraMounts } from '../sandbox/mounts.ts';
import { canBeHooked } from '../sandbox/start-file.ts';
import { hoistedFolders, nodeModuleOutside, pythonFolders, pythonModuleOutside } from './modules.ts';
import type { MissingModule } from './output-words.ts';
import { missingCommand, missingModule, networkError, readOnlyPaths } from './output-words.ts';
import { languageOf } from './program-uses.ts';
import type { Trial } from './trial.ts';
import { isReached, runTrial } from './trial.ts';
import type { NotTried, SandboxKind } from './trial-drivers.ts';
import { TrialDrivers } from './trial-drivers.ts';
import { WritableCopy } from './writes.ts';

export interface TrialsOptions {
  readonly config: FunctionConfig;
  readonly initTimeoutMs: number;
  readonly kind: SandboxKind;
  readonly startFile: Uint8Array;
  readonly callerEnvironment: Readonly<Record<string, string | undefined>>;
  /** Small enough to be copied? */
  readonly isCopied: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface AbsentModule extends MissingModule {
  /** Where this machine has it; null: nowhere. */
  readonly outside: string | null;
}

export interface Trials {
  readonly kind: SandboxKind;
  /** The trial that got furthest. */
  readonly trial: Trial;
  readonly absentModule: AbsentModule | null;
  /** What it was seen to write outside of `/tmp`; null: nobody looked. */
  readonly written: readonly string[] | null;
  /** Outside of `/tmp` it may not write, and it ended of that. */
  readonly isStoppedByWriting: boolean;
  /** It was tried with the network of this machine, as it fails without. */
  readonly hasUsedNetwork: boolean;
  readonly warnings: readonly string[];
}

export async function runTrials(options: TrialsOptions): Promise<Trials> {
  const drivers = new TrialDrivers(options.config, options.callerEnvironment);
  try {
    const trials = await (options.kind === 'namespace'
      ? inNamespace(options, drivers)
      : inProcess(options, drivers));
    return { ...trials, kind: options.kind, warnings: drivers.warnings };
  } finally {
    await drivers.close();
  }
}

type Outcome = Omit<Trials, 'kind' | 'warnings'>;

async function inProcess(options: TrialsOptions, drivers: TrialDrivers): Promise<Outcome> {
  const trial = await oneTrial(options, drivers.process());
  const missing = isReached(trial) ? null : missingModule(trial.lines);
  const absentModule = missing === null ? null : { ...missing, outside: null };
  return { trial, absentModule, written: null, isStoppedByWriting: false, hasUsedNetwork: false };
}

async function inNamespace(options: TrialsOptions, drivers: TrialDrivers): Promise<Outcome> {
  const { config, startFile, isCopied } = options;
  const python = await pythonFolders(Buffer.from(startFile).toString(), {
    codeDir: config.srcDir,
    runtimes: config.platform.runtimes.value,
    searchPaths: [
      options.callerEnvironment.PATH ?? '',
      config.platform.fileSystem.variables.value.PATH ?? '',
    ],
  });
  const copying = isCopied ? WritableCopy.of(config.srcDir).catch(() => null) : Promise.resolve(null);
  try {
    let mounts: ExtraMounts = { hidden: python.sitePackages };
    const looks: Promise<Look | null>[] = [];
    // Once, and while the first instance is at rest.
    const look = (): void => {
      if (looks.length === 0) looks.push(lookAtWrites(options, { drivers, mounts, copying }));
    };
    let trial = await oneTrial(options, drivers.namespace(mounts), look);
    const missing = isReached(trial) ? null : missingModule(trial.lines);
    let absentModule: AbsentModule | null = null;
    if (missing !== null) {
      const outside = await whereOutside(missing, { options, interpreters: python.interpreters });
      absentModule = { ...missing, outside };
      if (outside !== null && !options.signal.aborted) {
        mounts = missing.language === 'python' ? {} : { ...mounts, bound: hoisted(outside, config.srcDir) };
        trial = await oneTrial(options, drivers.namespace(mounts), look);
      }
    }
    const isStopped = !isReached(trial) && trial.exit !== null;
    // Not every program says that it could not write.
    if (isStopped) look();
    const seen = (await looks[0]) ?? null;
    const helps = isStopped && seen !== null && isReached(seen.trial);
    const isStoppedByWriting = isStopped && (helps || readOnlyPaths(trial.lines).length > 0);
    if (helps) trial = { ...seen.trial, lines: trial.lines };
    const hasUsedNetwork = isStalled(trial, startFile, options.signal);
    if (hasUsedNetwork) trial = await oneTrial(options, drivers.process());
    return { trial, absentModule, written: seen?.written ?? null, isStoppedByWriting, hasUsedNetwork };
  } finally {
    await (await copying)?.remove();
  }
}

/** An instance of the namespace sandbox may reach less than this machine does. */
function isStalled(trial: Trial, startFile: Uint8Array, signal: AbortSignal): boolean {
  const isUp = trial.readyAfterMs !== null && trial.exit === null;
  return !isUp && networkError(trial.lines) !== null && canBeHooked(startFile) && !signal.aborted;
}

/** What its machine lacks, and the cloud has, says nothing of the function. */
export function notTriedAfterAll({ trial, warnings }: Trials): NotTried | null {
  if (isReached(trial) || trial.exit === null) return null;
  if (trial.exit.kind === 'not-started' && /^bwrap:|bubblewrap/.test(trial.exit.message)) {
    return { cause: trial.exit.message, remedy: trial.exit.advice };
  }
  const lacking = warnings.find(warning => warning.includes('this machine has no'));
  const remedy = 'Install it to have the start tried';
  if (lacking !== undefined) return { cause: lacking, remedy };
  const program = missingCommand(trial.lines) ?? '';
  const isInterpreter = languageOf(program) !== null || program === 'npm' || program === 'npx';
  return isInterpreter ? { cause: `this machine has no ${program}`, remedy } : null;
}

interface Look {
  readonly trial: Trial;
  readonly written: readonly string[];
}

async function lookAtWrites(
  options: TrialsOptions,
  on: { drivers: TrialDrivers; mounts: ExtraMounts; copying: Promise<WritableCopy | null> },
): Promise<Look | null> {
  const copy = await on.copying;
  if (copy === null || options.signal.aborted) return null;
  const { isCodeWritable = false, bound = [] } = copy.mounts;
  const mounts = { ...on.mounts, isCodeWritable, bound: [...(on.mounts.bound ?? []), ...bound] };
  const driver = on.drivers.namespace(mounts);
  const { config } = options;
  const environment = { ...copy.environment, ...config.environment };
  const own = { ...options, config: { ...config, environment } };
  const trial = await oneTrial(own, driver, undefined, copy.codeDir);
  return { trial, written: await copy.written() };
}

function oneTrial(
  { config, initTimeoutMs, clock, signal }: TrialsOptions,
  driver: SandboxDriver,
  onListening: () => void = () => {},
  codeDir = config.srcDir,
): Promise<Trial> {
  return runTrial({
    driver,
    setup: functionSetup(config, { driver, timeScale: 1 }),
    codeDir,
    clock,
    initTimeoutMs,
    terminateGraceMs: config.assume.terminateGraceMs,
    signal,
    onListening,
  });
}

async function whereOutside(
  { language, name }: MissingModule,
  { options, interpreters }: { options: TrialsOptions; interpreters: readonly string[] },
): Promise<string | null> {
  if (language === 'python') return pythonModuleOutside(name, interpreters);
  if (/^[./]/.test(name)) return null;
  const searchPath = options.callerEnvironment.PATH ?? '';
  return nodeModuleOutside(name, { codeDir: options.config.srcDir, searchPath });
}

/** Seen inside from `/var/user` as outside from the code folder: in a folder above. */
function hoisted(module: string, codeDir: string): NonNullable<ExtraMounts['bound']> {
  const from = hoistedFolders(codeDir).find(folder => module.startsWith(`${folder}/`));
  const folder = from ?? module.replace(/(\/node_modules)\/.*$/, '$1');
  return [{ from: folder, at: '/var/node_modules', isWritable: false }];
}
