// Runs scenarios, several at once, and tells what happens; how one of them is run is not known here.
import type { Clock } from '../clock.ts';
import type { ConfigProblem } from '../config/function-config.ts';
import { EXIT_BUG, ScfWsError } from '../errors.ts';
import type { RunEvent, RunTotals, ScenarioResult, StepFailure } from './result.ts';
import type { Scenario } from './scenario.ts';

export interface RunOptions {
  /** In the order in which they are to start. */
  readonly scenarios: readonly Scenario[];
  readonly problems: readonly ConfigProblem[];
  /** May reject: with a `ScfWsError` for what the user or this machine lacks, with anything else for a bug. */
  readonly runOne: (
    scenario: Scenario,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ) => Promise<ScenarioResult>;
  readonly tell: (event: RunEvent) => void;
  /** How many run at once. */
  readonly parallel: number;
  /** Start no other once one has failed. */
  readonly bail: boolean;
  /** For a scenario that has no timeout of its own; `runOne` keeps it. */
  readonly timeoutMs: number;
  /** Interrupts the run: those running are told to stop, no other starts. */
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'now'>;
}

export interface RunOutcome {
  readonly totals: RunTotals;
  /** Of the process: 0, 1, 2, 3 or 70, the worst that happened. An interruption is known to whoever caused it. */
  readonly exitCode: number;
}

const EXIT_FAILED = 1;
const EXIT_PROBLEM = 2;

export async function run(options: RunOptions): Promise<RunOutcome> {
  const { scenarios, problems, tell, parallel, signal, clock } = options;
  const startedAt = clock.now();
  const finished = new Map<number, ScenarioResult>();
  let exitCode = problems.length > 0 ? EXIT_PROBLEM : 0;
  let hasFailed = false;
  let next = 0;
  const running = new Set<AbortController>();
  const interrupt = (): void => {
    for (const each of running) each.abort();
  };
  const stopped = (): 'bail' | 'interrupted' | null => {
    if (signal.aborted) return 'interrupted';
    return options.bail && hasFailed ? 'bail' : null;
  };
  const end = (index: number, result: ScenarioResult): void => {
    finished.set(index, result);
    tell({ type: 'scenario-ended', result });
  };

  tell({ type: 'run-started', total: scenarios.length, parallel });
  for (const problem of problems) tell({ type: 'problem', problem });

  const work = async (): Promise<void> => {
    for (;;) {
      const index = next;
      const scenario = scenarios[index];
      if (scenario === undefined || stopped() !== null) return;
      next++;
      tell({ type: 'scenario-started', name: scenario.name, at: scenario.at });
      // A signal of its own: each listens to it in many places, and none of that must stay behind.
      const interruption = new AbortController();
      running.add(interruption);
      const ended = await runSafely(scenario, { ...options, signal: interruption.signal });
      running.delete(interruption);
      const { outcome, durationMs } = ended.result;
      // What an interruption has cut short says nothing about the function.
      if (signal.aborted && outcome === 'failed' && ended.exitCode === EXIT_FAILED) {
        end(index, { ...skipped(scenario), durationMs });
        continue;
      }
      hasFailed ||= outcome === 'failed';
      exitCode = Math.max(exitCode, ended.exitCode);
      end(index, ended.result);
    }
  };
  signal.addEventListener('abort', interrupt);
  await Promise.all(Array.from({ length: Math.min(parallel, scenarios.length) }, work));
  signal.removeEventListener('abort', interrupt);

  const results = scenarios.map((scenario, index) => {
    const result = finished.get(index) ?? skipped(scenario);
    if (!finished.has(index)) tell({ type: 'scenario-ended', result });
    return result;
  });
  const totals = countOutcomes(results, { problems: problems.length, durationMs: clock.now() - startedAt });
  // An interruption after the last scenario has stopped nothing.
  tell({ type: 'run-ended', totals, stopped: totals.skipped === 0 ? null : stopped(), results });
  return { totals, exitCode };
}

/** Whatever comes of one scenario, the others still run. */
async function runSafely(
  scenario: Scenario,
  { runOne, signal, timeoutMs, clock }: RunOptions,
): Promise<{ readonly result: ScenarioResult; readonly exitCode: number }> {
  const startedAt = clock.now();
  try {
    const result = await runOne(scenario, { signal, timeoutMs: scenario.timeoutMs ?? timeoutMs });
    return { result, exitCode: result.outcome === 'failed' ? EXIT_FAILED : 0 };
  } catch (error) {
    const durationMs = clock.now() - startedAt;
    const failure = { ...whyNotRun(error), expected: null, actual: null, received: [], output: [] };
    const { name, at } = scenario;
    return {
      result: { name, at, outcome: 'failed', durationMs, failure: { ...failure, at }, invocations: [] },
      exitCode: error instanceof ScfWsError ? error.exitCode : EXIT_BUG,
    };
  }
}

function whyNotRun(error: unknown): Pick<StepFailure, 'step' | 'message' | 'explanation'> {
  if (error instanceof ScfWsError) return { step: 'start', message: error.message, explanation: error.hint };
  return {
    step: 'scf-ws',
    message: 'this is a bug in scf-ws; please report it with what stands below',
    explanation: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

function skipped({ name, at }: Scenario): ScenarioResult {
  return { name, at, outcome: 'skipped', durationMs: 0, failure: null, invocations: [] };
}

function countOutcomes(
  results: readonly ScenarioResult[],
  rest: Pick<RunTotals, 'problems' | 'durationMs'>,
): RunTotals {
  const count = (wanted: ScenarioResult['outcome']): number =>
    results.filter(({ outcome }) => outcome === wanted).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), ...rest };
}
