// The order of a run, with scenarios that only pretend: each ends when the test says so.
import { describe, expect, it, test } from 'vitest';
import { createClock } from '../../src/clock.ts';
import { ScfWsError } from '../../src/errors.ts';
import type { RunEvent, ScenarioResult } from '../../src/testing/result.ts';
import type { RunOptions, RunOutcome } from '../../src/testing/run/run.ts';
import { run } from '../../src/testing/run/run.ts';
import type { Scenario } from '../../src/testing/scenario.ts';
import { scenarioOf } from './scenarios.ts';

type Ending = ScenarioResult['outcome'] | Error;

/** A run whose scenarios wait for `end`; those in `endings` end by themselves, in the turn in which they begin. */
class PretendedRun {
  readonly events: RunEvent[] = [];
  readonly #running = new Map<string, (ending: Ending) => void>();
  readonly #settling = new Map<string, () => void>();
  readonly #interruption = new AbortController();
  readonly timeouts = new Map<string, number>();
  readonly outcome: Promise<RunOutcome>;
  mostAtOnce = 0;

  constructor(
    names: string,
    options: Partial<RunOptions> & { readonly endings?: Readonly<Record<string, Ending>> } = {},
  ) {
    const { endings = {}, ...rest } = options;
    this.outcome = run({
      scenarios: names.split(' ').map(scenarioOf),
      problems: [],
      runOne: (scenario, { signal, timeoutMs, onSettling }) =>
        new Promise((resolve, reject) => {
          this.timeouts.set(scenario.name, timeoutMs);
          this.#settling.set(scenario.name, onSettling);
          const finish = (ending: Ending): void => {
            this.#running.delete(scenario.name);
            if (ending instanceof Error) reject(ending);
            else resolve(resultOf(scenario, ending));
          };
          signal.addEventListener('abort', () => finish('failed'));
          this.#running.set(scenario.name, finish);
          this.mostAtOnce = Math.max(this.mostAtOnce, this.#running.size);
          const ending = endings[scenario.name];
          if (ending !== undefined) finish(ending);
        }),
      tell: event => this.events.push(event),
      parallel: 2,
      bail: false,
      timeoutMs: 1000,
      signal: this.#interruption.signal,
      clock: createClock(),
      ...rest,
    });
  }

  get running(): string {
    return [...this.#running.keys()].join(' ');
  }

  async end(name: string, ending: Ending): Promise<void> {
    const finish = this.#running.get(name);
    if (finish === undefined) throw new Error(`${name} does not run, but ${this.running}`);
    finish(ending);
    // What follows from it takes a few turns of the microtask queue.
    await new Promise(resolve => setImmediate(resolve));
  }

  /** Now it only waits for its instances to end. */
  async settle(name: string): Promise<void> {
    this.#settling.get(name)?.();
    await new Promise(resolve => setImmediate(resolve));
  }

  interrupt(): void {
    this.#interruption.abort();
  }

  /** `name outcome` in the order of the end's results. */
  async results(): Promise<string> {
    await this.outcome;
    return this.#end()
      .results.map(({ name, outcome }) => `${name} ${outcome}`)
      .join(', ');
  }

  async stopped(): Promise<string | null> {
    await this.outcome;
    return this.#end().stopped;
  }

  /** What was told, in a word each. */
  get told(): string {
    return this.events
      .map(event => {
        if (event.type === 'scenario-started') return `>${event.name}`;
        return event.type === 'scenario-ended' ? `<${event.result.name}` : event.type;
      })
      .join(' ');
  }

  #end(): Extract<RunEvent, { type: 'run-ended' }> {
    const last = this.events.at(-1);
    if (last?.type !== 'run-ended') throw new Error('The last event is not the end of the run');
    return last;
  }
}

function resultOf({ name, at }: Scenario, outcome: ScenarioResult['outcome']): ScenarioResult {
  return { name, at, outcome, durationMs: 1, failure: null, invocations: [] };
}

const PROBLEM = { file: 'f', line: 1, column: 1, message: 'm', advice: 'a' };

it('starts in order, as many at once as it may, and tells what happens when it does', async () => {
  const pretended = new PretendedRun('a b c d');
  expect(pretended.running).toBe('a b');
  await pretended.end('b', 'passed');
  expect(pretended.running).toBe('a c');
  await pretended.end('c', 'passed');
  await pretended.end('d', 'failed');
  await pretended.end('a', 'passed');
  expect(await pretended.results()).toBe('a passed, b passed, c passed, d failed');
  expect(pretended.told).toBe('run-started >a >b <b >c <c >d <d <a run-ended');
  expect(pretended.mostAtOnce).toBe(2);
  expect(await pretended.outcome).toMatchObject({
    exitCode: 1,
    totals: { passed: 3, failed: 1, skipped: 0, problems: 0 },
  });
  expect(await pretended.stopped()).toBeNull();
});

describe('while a scenario only waits for its instances to end', () => {
  it('another starts, but they do not pile up', async () => {
    const pretended = new PretendedRun('a b c d', { parallel: 1 });
    await pretended.settle('a');
    expect(pretended.running).toBe('a b');
    await pretended.settle('b');
    await pretended.settle('a');
    expect(pretended.running).toBe('a b c');
    await pretended.settle('c');
    expect(pretended.running).toBe('a b c');
    await pretended.end('c', 'passed');
    expect(pretended.running).toBe('a b d');
    for (const name of ['d', 'b', 'a']) await pretended.end(name, name === 'a' ? 'failed' : 'passed');
    expect(await pretended.results()).toBe('a failed, b passed, c passed, d passed');
    expect((await pretended.outcome).exitCode).toBe(1);
  });

  it('none starts where the first failure is to be the last', async () => {
    const pretended = new PretendedRun('a b', { parallel: 1, bail: true });
    await pretended.settle('a');
    expect(pretended.running).toBe('a');
    await pretended.end('a', 'failed');
    expect(await pretended.results()).toBe('a failed, b skipped');
  });
});

it.each([1, 3, 7, 50])('never runs more than %i at once', async parallel => {
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  const pretended = new PretendedRun(names.join(' '), { parallel });
  // Whichever runs, ends; the last started first, which mixes the order up.
  for (;;) {
    const name = pretended.running.split(' ').at(-1);
    if (name === undefined || name === '') break;
    await pretended.end(name, 'passed');
  }
  expect((await pretended.outcome).totals.passed).toBe(40);
  expect(pretended.mostAtOnce).toBe(Math.min(parallel, 40));
  expect(await pretended.results()).toBe(names.map(name => `${name} passed`).join(', '));
});

it('gives a scenario its own timeout, and the others that of the run', async () => {
  const own = { ...scenarioOf('own'), timeoutMs: 7 };
  const pretended = new PretendedRun('', {
    scenarios: [own, scenarioOf('other')],
    endings: { own: 'passed', other: 'passed' },
  });
  await pretended.outcome;
  expect(Object.fromEntries(pretended.timeouts)).toEqual({ own: 7, other: 1000 });
});

describe('with bail', () => {
  it('starts no other once one has failed, and lets those that run end', async () => {
    const pretended = new PretendedRun('a b c d', { bail: true });
    await pretended.end('b', 'failed');
    expect(pretended.running).toBe('a');
    await pretended.end('a', 'passed');
    expect(await pretended.results()).toBe('a passed, b failed, c skipped, d skipped');
    expect(pretended.told).toBe('run-started >a >b <b <a <c <d run-ended');
    expect(await pretended.stopped()).toBe('bail');
    expect((await pretended.outcome).exitCode).toBe(1);
  });

  it('has stopped nothing if it was the last one that failed', async () => {
    const pretended = new PretendedRun('a', { bail: true, endings: { a: 'failed' } });
    expect(await pretended.stopped()).toBeNull();
  });
});

describe('interrupted', () => {
  it('tells those that run to stop, starts no other, and still tells its end', async () => {
    const pretended = new PretendedRun('a b c d', { endings: { a: 'failed' } });
    await new Promise(resolve => setImmediate(resolve));
    expect(pretended.running).toBe('b c');
    pretended.interrupt();
    // What is cut short has not failed.
    expect(await pretended.results()).toBe('a failed, b skipped, c skipped, d skipped');
    expect(await pretended.stopped()).toBe('interrupted');
  });

  it('before it begins starts nothing', async () => {
    const interruption = new AbortController();
    interruption.abort();
    const pretended = new PretendedRun('a b', { signal: interruption.signal });
    expect(await pretended.results()).toBe('a skipped, b skipped');
    expect(pretended.told).toBe('run-started <a <b run-ended');
  });
});

describe('the exit code is the worst that happened', () => {
  const config = new ScfWsError('ERR_CONFIG', 'scf.yaml:2:1 idleTimeout is too short', { hint: 'Raise it' });
  const machine = new ScfWsError('ERR_DRIVER_UNAVAILABLE', 'No namespaces here', { hint: 'Install bwrap' });
  const bug = new TypeError('x is not a function');

  test.each<[string, number, Record<string, Ending>, Partial<RunOptions>]>([
    ['all passed', 0, { a: 'passed', b: 'passed' }, {}],
    ['one failed', 1, { a: 'passed', b: 'failed' }, {}],
    ['a file cannot be used', 2, { a: 'passed', b: 'passed' }, { problems: [PROBLEM] }],
    ['one failed, and a file cannot be used', 2, { a: 'passed', b: 'failed' }, { problems: [PROBLEM] }],
    ['a config cannot be used', 2, { a: config, b: 'failed' }, {}],
    ['this machine cannot', 3, { a: config, b: machine }, { problems: [PROBLEM] }],
    ['a bug', 70, { a: bug, b: machine }, { problems: [PROBLEM] }],
  ])('%s: %i', async (_, exitCode, endings, options) => {
    const pretended = new PretendedRun('a b', { endings, ...options });
    expect((await pretended.outcome).exitCode).toBe(exitCode);
    expect(pretended.told).toMatch(/<b/);
  });

  test('what could not be run says why and what to do', async () => {
    const pretended = new PretendedRun('a b c', { endings: { a: config, b: bug, c: 'passed' } });
    expect(await pretended.results()).toBe('a failed, b failed, c passed');
    const failures = pretended.events.flatMap(event =>
      event.type === 'scenario-ended' && event.result.failure !== null ? [event.result.failure] : [],
    );
    expect(failures).toMatchObject([
      { step: 'start', message: 'scf.yaml:2:1 idleTimeout is too short', explanation: 'Raise it' },
      {
        step: 'scf-ws',
        message: expect.stringContaining('a bug in scf-ws'),
        explanation: expect.stringMatching(/^TypeError: x is not a function\n +at /),
      },
    ]);
  });
});

test('problems are told before any scenario starts', async () => {
  const pretended = new PretendedRun('a', { problems: [PROBLEM, PROBLEM], endings: { a: 'passed' } });
  await pretended.outcome;
  expect(pretended.told).toBe('run-started problem problem >a <a run-ended');
});

test('a run without scenarios ends at once', async () => {
  const pretended = new PretendedRun('', { scenarios: [] });
  expect(await pretended.outcome).toMatchObject({ exitCode: 0, totals: { passed: 0 } });
  expect(pretended.told).toBe('run-started run-ended');
});
