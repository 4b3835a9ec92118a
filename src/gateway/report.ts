// The end of a connection as a record: the machine's state and what the shell has measured → report and explanation.
import type { Clock } from '../clock.ts';
import type { EndCause, Side } from '../core/end-cause.ts';
import { invocationReport } from '../core/invocation.ts';
import type { State } from '../core/lifecycle-words.ts';
import type { Instance } from './instance.ts';
import type { RecordBody } from './recorder.ts';
import type { Relay } from './relay.ts';
import type { FunctionSetup } from './setup.ts';

export interface EndedConnection {
  readonly requestId: string;
  readonly setup: FunctionSetup;
  readonly clock: Clock;
  readonly state: State & { readonly cause: EndCause };
  readonly instance: Instance | null;
  readonly relays: Readonly<Record<Side, Relay>>;
}

export type EndedBody = Extract<RecordBody, { type: 'ended' }>;

export function endedBody({ requestId, setup, clock, state, instance, relays }: EndedConnection): EndedBody {
  const { cause } = state;
  const answer = setup.answerFor(cause);
  const report = invocationReport(state, {
    requestId,
    functionName: setup.name,
    platformId: setup.platformId,
    status: { code: answer.statusCode, basis: answer.basis },
    startedAt: clock.wallTime(state.startedAt),
    closeCodes: setup.rules,
    memoryMB: setup.memoryMB,
    peakMemoryBytes: instance?.sandbox.peakMemoryBytes ?? null,
    up: relays.client.counted,
    down: relays.function.counted,
    driver: setup.driver.name,
    pid: instance?.sandbox.pid ?? null,
    exit: instance?.exit ?? null,
    origin: instance?.origin ?? null,
    timeScale: clock.scale,
  });
  const explanation = setup.explain(cause, {
    ...instance?.circumstances,
    isUnanswered: state.isUnanswered,
    wasOpen: state.openedAt !== null,
  });
  return { type: 'ended', cause, report, errorMessage: answer.errorMessage, explanation };
}
