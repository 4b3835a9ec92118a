// Runs scenarios, several at once, and tells what happens; how one of them is run is not known here.
import type { Clock } from '../../clock.ts';
import type { ConfigProblem } from '../../config/function-config.ts';
import { EXIT_BUG, ScfWsError } from '../../errors.ts';
import type { RunEvent, RunTotals, ScenarioResult, StepFailure } from '../result.ts';
import type { Scenario } from '../scenario.ts';

export interface RunOptions {
  /** In the order in which they are to start. */
  readonly scenarios: readonly Scenario[];
  readonly problems: readonly ConfigProblem[];
  /** May reject: with a `ScfWsError` for what the user or this machine lacks, with anything else for a bug. */
  readonly runOne: (
    scenario: Scenario,
    options: {
      readonly signal: AbortSignal;
      readonly timeoutMs: number;
      /** Nothing is left to do but to wait for its instances to end: meanwhile another can start. */
      readonly onSettling: () => void;
    },
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

interface Ended {
  readonly result: ScenarioResult;
  readonly exitCode: number;
}

/** One that runs, and one that only waits for its end. */
const MAX_RUNNING_PER_WORKER = 2;

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
  let onIdle = (): void => {};
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
    if (running.size === 0) onIdle();
  };

  const finish = (index: number, scenario: Scenario, { result, exitCode: code }: Ended): void => {
    const { outcome, durationMs } = result;
    // What an interruption has cut short says nothing about the function.
    if (signal.aborted && outcome === 'failed' && code === EXIT_FAILED) {
      end(index, { ...skipped(scenario), durationMs });
      return;
    }
    hasFailed ||= outcome === 'failed';
    exitCode = Math.max(exitCode, code);
    end(index, result);
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
      await new Promise<void>(goOn => {
        const settle = (): void => {
          // What has failed is known only at the end; and what takes long to end must not pile up.
          if (!options.bail && running.size <= MAX_RUNNING_PER_WORKER * parallel) goOn();
        };
        void runSafely(scenario, { ...options, signal: interruption.signal }, settle).then(ended => {
          running.delete(interruption);
          finish(index, scenario, ended);
          goOn();
        });
      });
    }
  };
  signal.addEventListener('abort', interrupt);
  await Promise.all(Array.from({ length: Math.min(parallel, scenarios.length) }, work));
  await new Promise<void>(resolve => {
    onIdle = resolve;
    if (running.size === 0) resolve();
  });
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
  onSettling: () => void,
): Promise<Ended> {
  const startedAt = clock.now();
  try {
    const result = await runOne(scenario, {
      signal,
      timeoutMs: scenario.timeoutMs ?? timeoutMs,
      onSettling,
    });
    if (result.outcome !== 'failed') return { result, exitCode: 0 };
    // What is not in the message is a matter of the scenario as much as of the function.
    return { result, exitCode: result.failure?.step === 'capture' ? EXIT_PROBLEM : EXIT_FAILED };
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
