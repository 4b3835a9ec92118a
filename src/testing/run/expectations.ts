// The steps of a scenario that expect something: each waits for it, and says what came instead.
import { formatDuration } from '../../core/units.ts';
import { matchMessage, matchText } from '../match/match.ts';
import { matchReport } from '../match/match-report.ts';
import { fillText } from '../match/variables.ts';
import type { ExpectedMessage } from '../scenario.ts';
import { describe } from './client.ts';
import type { StepContext, StepOf } from './step-context.ts';
import { StepError, within } from './step-context.ts';

export async function expectRefused(step: StepOf<'expectRefused'>, context: StepContext): Promise<void> {
  const { session, variables } = context;
  const client = session.client(step.as);
  await client.until(() => client.opened ?? client.refused ?? client.closed, within(step.withinMs, context));
  context.over.throwIfAborted();
  const { refused } = client;
  if (refused === null) {
    const what =
      client.opened === null
        ? `no answer came within ${formatDuration(step.withinMs)}`
        : 'the connection opened';
    throw new StepError(step.as, `Expected a refusal, but ${what}`, {
      expected: step.status === null ? 'a refusal' : `refused with ${step.status}`,
      actual: client.opened === null ? 'nothing' : describe(client.opened),
    });
  }
  if (step.status !== null && refused.status !== step.status) {
    throw new StepError(step.as, `Expected a refusal with ${step.status}, got ${refused.status}`, {
      expected: String(step.status),
      actual: describe(refused),
    });
  }
  if (step.body === null) return;
  const mismatch = matchText(step.body, refused.body, variables);
  if (mismatch !== null) throw new StepError(step.as, `Body of the refusal: ${mismatch.reason}`, mismatch);
}

/** The next messages are these, in any order. */
export async function expectMessages(
  as: string,
  expected: readonly ExpectedMessage[],
  withinMs: number,
  context: StepContext,
): Promise<void> {
  const { session } = context;
  const client = session.client(as);
  const over = within(withinMs, context);
  const missing = [...expected];
  const wanted = (): string => missing.map(each => expectedText(each, context)).join('\n');
  while (missing.length > 0) {
    const next = await client.until(() => client.nextMessage ?? client.closed, over);
    context.over.throwIfAborted();
    if (next === null || 'code' in next) {
      // The platform's sentence comes with the report, right behind the end.
      if (next !== null) await session.until(() => session.endingOf(client), AbortSignal.timeout(1000));
      const what =
        expected.length === 1 ? 'a message' : `${missing.length} more of ${expected.length} messages`;
      const instead = next === null ? `none came within ${formatDuration(withinMs)}` : 'the connection ended';
      throw new StepError(as, `Expected ${what}, but ${instead}`, {
        expected: wanted(),
        actual: next === null ? 'nothing' : describe(next),
      });
    }
    const matches = missing.map(each => matchMessage(each, next, context.variables));
    const match = matches.find(({ ok }) => ok) ?? matches[0];
    if (match === undefined) return;
    if (!match.ok) {
      if (expected.length === 1) throw new StepError(as, match.reason, match);
      throw new StepError(as, 'A message came that is none of those expected', {
        expected: wanted(),
        actual: match.actual,
      });
    }
    client.takeMessage();
    missing.splice(matches.indexOf(match), 1);
    for (const [name, value] of match.captured) context.variables.set(name, value);
  }
}

/** As a comparison has it. */
function expectedText(expected: ExpectedMessage, { variables }: StepContext): string {
  const nothing = { data: Buffer.alloc(0), isBinary: expected.isBinary ?? false };
  const match = matchMessage(expected, nothing, variables);
  return (match.ok ? null : match.expected) ?? 'any message';
}

export async function expectSilence(step: StepOf<'expectSilence'>, context: StepContext): Promise<void> {
  const client = context.session.client(step.as);
  const message = await client.until(() => client.nextMessage, within(step.forMs, context));
  context.over.throwIfAborted();
  if (message === null) return;
  throw new StepError(step.as, `Expected silence for ${formatDuration(step.forMs)}, but a message came`, {
    expected: 'silence',
    actual: describe({ type: 'message', ...message }),
  });
}

export async function expectPong(step: StepOf<'expectPong'>, context: StepContext): Promise<void> {
  const client = context.session.client(step.as);
  const pong = await client.until(() => client.takePong(), within(step.withinMs, context));
  context.over.throwIfAborted();
  if (pong === null) {
    throw new StepError(step.as, `Expected a pong, but none came within ${formatDuration(step.withinMs)}`);
  }
  const data = step.data === null ? null : fillText(step.data, context.variables);
  if (data === null || pong.data.toString() === data) return;
  throw new StepError(step.as, 'The pong carries other data', {
    expected: data,
    actual: pong.data.toString(),
  });
}

export async function expectClose(step: StepOf<'expectClose'>, context: StepContext): Promise<void> {
  const client = context.session.client(step.as);
  const closed = await client.until(() => client.closed, within(step.withinMs, context));
  context.over.throwIfAborted();
  if (closed === null) {
    throw new StepError(
      step.as,
      `Expected the connection to close${step.code === null ? '' : ` with ${step.code}`}, but it is still open after ${formatDuration(step.withinMs)}`,
    );
  }
  if (step.code !== null && closed.code !== step.code) {
    await context.session.until(() => context.session.endingOf(client), AbortSignal.timeout(1000));
    throw new StepError(step.as, `Expected close code ${step.code}, got ${closed.code}`, {
      expected: `close ${step.code}`,
      actual: describe(closed),
    });
  }
  if (step.reason === null) return;
  const mismatch = matchText(step.reason, closed.reason, context.variables);
  if (mismatch !== null) throw new StepError(step.as, `Reason of the close: ${mismatch.reason}`, mismatch);
}

export async function expectInvocation(
  step: StepOf<'expectInvocation'>,
  context: StepContext,
): Promise<void> {
  const { session } = context;
  const client = session.client(step.as);
  const ending = await session.until(() => session.endingOf(client), within(step.withinMs, context));
  context.over.throwIfAborted();
  if (ending === null) {
    throw new StepError(
      step.as,
      `Expected the invocation to end, but it still runs after ${formatDuration(step.withinMs)}: close the connection first`,
    );
  }
  const mismatch = matchReport(step.report, ending.report, context.variables);
  if (mismatch !== null) throw new StepError(step.as, mismatch.reason, mismatch);
}
