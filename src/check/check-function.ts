// The check of one function: what its files say first, and then what an instance of it does, if one can be started.
import type { Clock } from '../clock.ts';
import type { FunctionConfig } from '../config/function-config.ts';
import type { CloudRuntime } from '../platforms/platform.ts';
import type { NamespaceCapability } from '../sandbox/capabilities.ts';
import { runtimeFoldersIn } from '../sandbox/start-file.ts';
import type { CodeFolder } from './code-folder.ts';
import { codeFolder } from './code-folder.ts';
import { dependencyFindings } from './dependency-findings.ts';
import type { Finding } from './finding.ts';
import type { Fixed } from './fix.ts';
import { applyFixes } from './fix.ts';
import { missingStartFile } from './missing-start-file.ts';
import type { Observations } from './observations.ts';
import { observationsOf } from './observations.ts';
import type { PackageFacts } from './package.ts';
import { packageFacts, pythonModuleFindings, sizeFindings } from './package.ts';
import type { CheckedStartFile } from './start-file-check.ts';
import { checkStartFile } from './start-file-check.ts';
import type { NotTried, SandboxKind } from './trial-drivers.ts';
import { kindFor } from './trial-drivers.ts';
import { listeningFindings, trialFindings } from './trial-findings.ts';
import type { Trials } from './trials.ts';
import { notTriedAfterAll, runTrials } from './trials.ts';

export interface CheckOptions {
  /** Null: nothing is started. */
  readonly sandbox: 'auto' | SandboxKind | null;
  readonly isFixing: boolean;
  readonly namespaces: Promise<NamespaceCapability>;
  readonly callerEnvironment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface FunctionReport {
  readonly name: string;
  readonly codeDir: string;
  readonly findings: readonly Finding[];
  readonly fixed: readonly Fixed[];
  readonly observations: Observations;
}

export async function checkFunction(config: FunctionConfig, options: CheckOptions): Promise<FunctionReport> {
  const { name, srcDir, platform } = config;
  const folder = codeFolder(srcDir);
  let start = await checkStartFile(config, folder);
  const fixed = options.isFixing ? await applyFixes(srcDir, start?.findings ?? []) : [];
  if (fixed.length > 0) start = await checkStartFile(config, folder);
  const facts = await packageFacts(srcDir);
  const attempted: Attempt =
    start === null
      ? { trials: null, notTried: { cause: 'there is no start file', remedy: null } }
      : await attempt(config, { start, facts, options });
  const startFindings =
    start === null
      ? [missingStartFile(folder, platform)]
      : [...start.findings, ...attemptFindings(attempted, { config, folder, start })];
  const findings = [...startFindings, ...packageFindings(facts, start, config)];
  return {
    name,
    codeDir: srcDir,
    findings: [...findings.filter(isError), ...findings.filter(each => !isError(each))],
    fixed,
    observations: observationsOf({
      config,
      facts,
      ...attempted,
      bareInterpreters: start?.bareInterpreters ?? [],
    }),
  };
}

const isError = ({ level }: Finding): boolean => level === 'error';

function packageFindings(
  facts: PackageFacts,
  start: CheckedStartFile | null,
  { platform }: FunctionConfig,
): readonly Finding[] {
  const runtime = pythonOf(start?.text ?? '', platform.runtimes.value);
  return [
    ...sizeFindings(facts, platform),
    ...(runtime === null ? [] : pythonModuleFindings(facts, runtime, platform)),
  ];
}

/** The one that the start file names; with two it may choose. */
function pythonOf(text: string, runtimes: readonly CloudRuntime[]): CloudRuntime | null {
  const named = runtimeFoldersIn(text);
  const pythons = runtimes.filter(({ folder, language }) => language === 'python' && named.includes(folder));
  return pythons.length === 1 ? (pythons[0] ?? null) : null;
}

interface Attempt {
  readonly trials: Trials | null;
  /** The trial says nothing of the cloud, or there was none. */
  readonly notTried: NotTried | null;
}

/** Where the start file alone tells that it fails, this is long enough to see how. */
const DOOMED_INIT_TIMEOUT_MS = 5000;

/** A copy of more would take longer than it is worth. */
const MAX_COPIED_BYTES = 200 * 1024 ** 2;

async function attempt(
  config: FunctionConfig,
  on: { start: CheckedStartFile; facts: PackageFacts; options: CheckOptions },
): Promise<Attempt> {
  const { start, facts, options } = on;
  const { sandbox, callerEnvironment, clock, signal } = options;
  const none = (cause: string): Attempt => ({ trials: null, notTried: { cause, remedy: null } });
  if (sandbox === null) return none('--no-start was given');
  if (!start.canRun) return none('the start file cannot be run');
  const startFile = start.file.bytes;
  const kind = kindFor({ sandbox, startFile, namespaces: await options.namespaces });
  if (typeof kind !== 'string') return { trials: null, notTried: kind };
  const isCopied = facts.bytes <= MAX_COPIED_BYTES;
  const isDoomed = start.findings.some(isError);
  const initTimeoutMs = Math.min(config.initTimeoutMs, isDoomed ? DOOMED_INIT_TIMEOUT_MS : Infinity);
  const trials = await runTrials({
    config,
    initTimeoutMs,
    kind,
    startFile,
    callerEnvironment,
    isCopied,
    clock,
    signal,
  });
  return { trials, notTried: notTriedAfterAll(trials) };
}

function attemptFindings(
  { trials, notTried }: Attempt,
  { config, folder, start }: { config: FunctionConfig; folder: CodeFolder; start: CheckedStartFile },
): readonly Finding[] {
  const { findings, words, text } = start;
  const guessed = listeningFindings(words, config);
  if (trials === null || notTried !== null) return guessed;
  const seen = trialFindings(trials, { config, folder, words, text, known: findings });
  const isSettled = trials.trial.readyAfterMs !== null || seen.some(({ id }) => id === 'port-not-bound');
  const isWithinReach = trials.kind === 'process' || trials.hasUsedNetwork;
  const { srcDir: codeDir, platform } = config;
  return [
    ...seen,
    ...(isSettled ? [] : guessed),
    ...(isWithinReach ? dependencyFindings(folder, { codeDir, platform }) : []),
  ];
}
