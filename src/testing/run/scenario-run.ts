// One run of one scenario: an emulator of its own, the steps one by one, and what came of it.
import { createClock } from '../../clock.ts';
import type { FunctionConfig } from '../../config/function-config.ts';
import type { Drivers } from '../../drivers.ts';
import type { Emulator } from '../../emulator.ts';
import { startEmulator } from '../../emulator.ts';
import type { ScenarioResult, StepFailure } from '../result.ts';
import type { Scenario, Step } from '../scenario.ts';
import { Session } from './session.ts';
import type { StepContext } from './step-context.ts';
import { StepError } from './step-context.ts';
import { doStep } from './steps.ts';

export interface ScenarioRunOptions {
  readonly scenario: Scenario;
  readonly functions: readonly FunctionConfig[];
  readonly functionOf: (name: string | null) => FunctionConfig;
  readonly drivers: Drivers;
  /** When the scenario must stop, and the words for it. */
  readonly over: AbortSignal;
  /** Called when nothing is left to do but to wait for its instances to end. */
  readonly onSettling: () => void;
}

/** A step that failed, with the step. */
class FailedStep extends Error {
  readonly step: Step;
  readonly error: unknown;

  constructor(step: Step, error: unknown) {
    super();
    this.step = step;
    this.error = error;
  }
}

/** Rejects only for what is no matter of the scenario: the machine, or a bug. */
export async function runOne(options: ScenarioRunOptions): Promise<ScenarioResult> {
  const { scenario, functions, drivers, over } = options;
  const clock = createClock();
  const now = (): number => clock.now();
  const emulator = await startEmulator({ functions, drivers });
  const session = new Session(emulator);
  const context: StepContext = {
    emulator,
    session,
    variables: new Map(scenario.variables),
    functionOf: options.functionOf,
    now,
    over,
  };
  let failure: StepFailure | null = null;
  try {
    await emulator.ready();
    const settling = scenario.steps.findLastIndex(({ kind }) => kind !== 'expectInvocation') + 1;
    await doSteps(scenario.steps.slice(0, settling), context);
    options.onSettling();
    await doSteps(scenario.steps.slice(settling), context);
  } catch (error) {
    if (!(error instanceof FailedStep)) throw error;
    failure = failureOf(error, context);
  } finally {
    await finish(context, { emulator });
  }
  const { name, at } = scenario;
  const outcome = failure === null ? 'passed' : 'failed';
  return { name, at, outcome, durationMs: now(), failure, invocations: emulator.invocations };
}

async function doSteps(steps: readonly Step[], context: StepContext): Promise<void> {
  for (const step of steps) {
    switch (step.kind) {
      case 'repeat':
        for (let time = 0; time < step.times; time++) await doSteps(step.steps, context);
        break;
      case 'parallel': {
        const ends = await Promise.allSettled(step.branches.map(branch => doSteps(branch, context)));
        const failed = ends.find(end => end.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
        break;
      }
      default:
        await done(step, context);
    }
  }
}

async function done(
  step: Exclude<Step, { kind: 'repeat' | 'parallel' }>,
  context: StepContext,
): Promise<void> {
  try {
    context.over.throwIfAborted();
    await doStep(step, context);
  } catch (error) {
    throw new FailedStep(step, error);
  }
  if ('as' in step) context.session.find(step.as)?.mark();
}

function failureOf({ step, error }: FailedStep, { session, over }: StepContext): StepFailure {
  if (!(error instanceof StepError) && !over.aborted) throw error;
  const isStepError = error instanceof StepError;
  const capture = isStepError ? error.capture : null;
  const as = isStepError ? error.as : 'as' in step ? step.as : null;
  const client = as === null ? null : session.find(as);
  return {
    at: capture?.at ?? step.at,
    step: capture === null ? step.kind : 'capture',
    message: isStepError
      ? error.message
      : over.reason instanceof Error
        ? over.reason.message
        : String(over.reason),
    expected: isStepError ? error.expected : null,
    actual: isStepError ? error.actual : null,
    received: client?.received ?? [],
    output: client === null ? [] : session.outputOf(client),
    explanation: client === null ? null : (session.endingOf(client)?.explanation ?? null),
  };
}

/** Closes what is open, as a good client would, and leaves nothing running. */
async function finish({ session }: StepContext, { emulator }: { emulator: Emulator }): Promise<void> {
  const patience = AbortSignal.timeout(1000);
  for (const client of session.clients) client.close(1000, '');
  await session.until(() => (session.isOver ? true : null), patience);
  for (const client of session.clients) client.dispose();
  await emulator.stop();
}
