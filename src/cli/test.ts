// What `scf-ws test` does once its command line is read.
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import type { Clock } from '../clock.ts';
import { createClock } from '../clock.ts';
import { ScfWsError } from '../errors.ts';
import { openReporters } from '../testing/reporters/open-reporters.ts';
import type { PlannedReporter } from '../testing/reporters/reporter-plan.ts';
import { planReporters } from '../testing/reporters/reporter-plan.ts';
import { totalsText } from '../testing/reporters/statistics.ts';
import { findScenarioFiles } from '../testing/run/find-scenarios.ts';
import type { ScenarioFile } from '../testing/run/load-scenarios.ts';
import { loadScenarioFiles } from '../testing/run/load-scenarios.ts';
import { run } from '../testing/run/run.ts';
import { createScenarioRunner } from '../testing/run/run-scenario.ts';
import { filterScenarios, shardOf } from '../testing/run/select-scenarios.ts';
import { changedFiles, editedDuring, nextChange, takeSnapshot } from '../testing/run/watch-files.ts';
import { watchedPaths } from '../testing/run/watched-paths.ts';
import type { TestFlags } from './commands/test.ts';
import { Interruption } from './interruption.ts';

interface Session {
  readonly paths: readonly string[];
  readonly flags: TestFlags;
  readonly plan: readonly PlannedReporter[];
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Returns the exit code. Rejects with a `ScfWsError` for what keeps scenarios from being run at all. */
/** A scenario waits for its instance most of the time: one after another they leave even two cores idle. */
const MIN_PARALLEL = 2;

export async function runTest(paths: readonly string[], flags: TestFlags): Promise<number> {
  const plan = planReporters(flags.reporter ?? [], flags.output ?? []);
  const interruption = new Interruption();
  const ending = new AbortController();
  const interrupted = interruption.first.then(exitCode => {
    ending.abort();
    return exitCode;
  });
  const session = { paths, flags, plan, clock: createClock(), signal: ending.signal };
  const running = flags.watch === true ? runOnChanges(session) : runOnce(session, await load(session));
  // A second Ctrl-C does not wait for what the first has asked to stop.
  const exitCode = await Promise.race([running, interruption.second.then(() => 0)]);
  return ending.signal.aborted ? interrupted : exitCode;
}

async function load({ paths, flags }: Session): Promise<readonly ScenarioFile[]> {
  return loadScenarioFiles(await findScenarioFiles(paths), {
    environment: process.env,
    set: flags.set ?? {},
    ignore: flags.ignore ?? [],
  });
}

async function runOnce(session: Session, files: readonly ScenarioFile[]): Promise<number> {
  const { flags, plan, clock, signal } = session;
  const { filter = null, shard = null } = flags;
  const problems = files.flatMap(file => file.problems);
  const all = files.flatMap(({ scenarios }) => scenarios);
  const chosen = filterScenarios(all, filter);
  if (chosen.length === 0 && all.length > 0) {
    throw new ScfWsError('ERR_USAGE', `None of the ${all.length} scenarios fits --filter`, {
      hint: 'Name a part of a scenario’s name or file',
    });
  }
  const reporter = openReporters(plan, {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
  });
  // How a scenario is run is decided here, and nowhere else.
  const runner = createScenarioRunner({
    configFile: flags.config ?? null,
    sandbox: flags.sandbox,
    environment: process.env,
  });
  try {
    const { exitCode, totals } = await run({
      scenarios: shardOf(chosen, shard),
      problems,
      runOne: (scenario, options) => runner.run(scenario, options),
      tell: event => reporter.tell(event),
      parallel: flags.parallel ?? Math.max(MIN_PARALLEL, Math.floor(availableParallelism() / 2)),
      bail: flags.bail === true,
      timeoutMs: flags.timeout,
      signal,
      clock,
    });
    // Reports in files alone would leave whoever reads the log in the dark.
    if (!plan.some(({ kind }) => kind === 'text')) process.stderr.write(`${totalsText(totals)}\n`);
    return exitCode;
  } finally {
    await runner.close();
    await reporter.end();
  }
}

/** Until it is interrupted. All scenarios run again: which of them a change of the function touches is not known. */
async function runOnChanges(session: Session): Promise<number> {
  const { paths, flags, clock, signal } = session;
  let changedInLastRun: readonly string[] = [];
  for (let isFirst = true; ; isFirst = false) {
    const files = await load(session).catch(error => tolerated(error, isFirst));
    const roots = await watchedPaths(files ?? [], { paths, configFile: flags.config ?? null });
    const before = takeSnapshot(roots);
    if (files !== null) await runOnce(session, files).catch(error => tolerated(error, isFirst));
    if (signal.aborted) return 0;

    const after = takeSnapshot(roots);
    const changedInThisRun = changedFiles(before, after);
    const edited = editedDuring(changedInThisRun, changedInLastRun);
    changedInLastRun = changedInThisRun;
    if (edited.length === 0) process.stderr.write('\nWaiting for a change; Ctrl-C ends\n');
    const changed = edited.length > 0 ? edited : await nextChange(after, { roots, clock, signal });
    if (signal.aborted) return 0;
    if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
    process.stderr.write(`Changed: ${changed.map(path => relative(process.cwd(), path)).join(', ')}\n\n`);
  }
}

/** The screen, what has scrolled out of it, and the cursor to its first line. */
const CLEAR_SCREEN = '\x1b[2J\x1b[3J\x1b[H';

/** What is wrong at the start ends the program as it does without --watch; later, the next change may mend it. */
function tolerated(error: unknown, isFirst: boolean): null {
  if (isFirst || !(error instanceof ScfWsError)) throw error;
  process.stderr.write(`scf-ws: ${error.message}\n  ${error.hint}\n`);
  return null;
}
