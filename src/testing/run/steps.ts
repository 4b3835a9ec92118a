// What each step of a scenario does. A step that cannot do what it says throws a StepError.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { cannotHappen } from '../../core/never.ts';
import { fillJson, fillText } from '../match/variables.ts';
import type { OutgoingMessage, Step } from '../scenario.ts';
import type { ClientOptions } from './client.ts';
import { Client, describe } from './client.ts';
import {
  expectClose,
  expectInvocation,
  expectMessages,
  expectPong,
  expectRefused,
  expectSilence,
} from './expectations.ts';
import type { StepContext, StepOf } from './step-context.ts';
import { StepError } from './step-context.ts';

/** All but those that have steps of their own. */
export type SimpleStep = Exclude<Step, { kind: 'repeat' | 'parallel' }>;

export async function doStep(step: SimpleStep, context: StepContext): Promise<void> {
  const { session, emulator } = context;
  switch (step.kind) {
    case 'connect':
      return connect(step, context);
    case 'expectRefused':
      return expectRefused(step, context);
    case 'send':
      return send(step, context);
    case 'expect':
      return expectMessages(step.as, [step.message], step.withinMs, context);
    case 'expectAll':
      return expectMessages(step.as, step.messages, step.withinMs, context);
    case 'expectSilence':
      return expectSilence(step, context);
    case 'ping':
      return attempt(step, client => client.ping(fillText(step.data, context.variables)), context);
    case 'expectPong':
      return expectPong(step, context);
    case 'advance':
      await delivered(context);
      return emulator.clock.advance(step.ms);
    case 'close':
      return attempt(
        step,
        client => client.close(step.code, fillText(step.reason, context.variables)),
        context,
      );
    case 'cut':
      session.client(step.as).cut();
      return;
    case 'expectClose':
      return expectClose(step, context);
    case 'expectInvocation':
      return expectInvocation(step, context);
    case 'kill':
      return kill(step, context);
    default:
      return cannotHappen(step);
  }
}

async function connect(step: StepOf<'connect'>, context: StepContext): Promise<void> {
  const { emulator, session, variables, now } = context;
  const path = fillText(step.path, variables);
  const headers = Object.entries(step.headers).map(([name, text]) => [name, fillText(text, variables)]);
  const client = newClient(step.as, {
    url: new URL(step.isRouted === true ? path : routed(path, step, context), emulator.url).href,
    headers: Object.fromEntries(headers),
    subprotocols: step.subprotocols,
    now,
  });
  session.add(step.as, client);
  if (!step.mustOpen) return;
  await client.until(() => client.opened ?? client.refused ?? client.closed, context.over);
  if (client.opened !== null) return;
  context.over.throwIfAborted();
  // The platform's sentence comes with the report, right behind the refusal.
  await session.until(() => session.endingOf(client), AbortSignal.timeout(1000));
  const how = client.refused === null ? 'did not open' : `was refused with ${client.refused.status}`;
  throw new StepError(step.as, `The connection ${how}`);
}

/** A header that a variable makes impossible is a failure of the step. */
function newClient(as: string, options: ClientOptions): Client {
  try {
    return new Client(options);
  } catch (error) {
    throw new StepError(as, `Cannot connect: ${errorText(error)}`);
  }
}

function routed(path: string, step: StepOf<'connect'>, context: StepContext): string {
  const { route } = context.functionOf(step.functionName);
  return route === '/' ? path : `${route}${path.replace(/^\/(?=$|\?)/, '')}`;
}

async function send(step: StepOf<'send'>, context: StepContext): Promise<void> {
  const { isBinary } = step.message;
  return attempt(step, client => client.send(contentOf(step.message, context), isBinary), context);
}

/** What the client cannot do, a reason that a variable makes too long say, is a failure of the step. */
async function attempt(
  step: StepOf<'send' | 'ping' | 'close'>,
  act: (client: Client) => Promise<void> | void,
  context: StepContext,
): Promise<void> {
  const client = openClient(step.as, context);
  try {
    await act(client);
  } catch (error) {
    throw new StepError(step.as, `Cannot ${step.kind}: ${errorText(error)}`);
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function contentOf(message: OutgoingMessage, { variables }: StepContext): string | Buffer {
  switch (message.kind) {
    case 'text':
      return fillText(message.text, variables);
    case 'json':
      return JSON.stringify(fillJson(message.value, variables));
    case 'base64':
      return Buffer.from(message.data, 'base64');
    case 'size':
      return 'x'.repeat(message.bytes);
    case 'file':
      return message.content;
    default:
      return cannotHappen(message);
  }
}

async function kill(step: StepOf<'kill'>, context: StepContext): Promise<void> {
  const { session } = context;
  const live = session.liveConnectionOf(openClient(step.as, context));
  if (live === null) throw new StepError(step.as, 'There is no instance to kill: the connection has ended');
  live.kill();
}

/**
 * Resolves when the gateway has all that the clients have sent, so that it came before the clock is moved. What a
 * function does not read holds its client back, and does not come.
 */
async function delivered({ session, over }: StepContext): Promise<void> {
  const limit = AbortSignal.any([over, AbortSignal.timeout(1000)]);
  for (const client of session.clients) {
    while (!limit.aborted && client.closed === null && client.refused === null) {
      const live = session.liveConnectionOf(client);
      const hasArrived =
        live === null ? session.endingOf(client) !== null : live.receivedBytes >= client.sentBytes;
      if (hasArrived) break;
      await nextTurn();
    }
  }
}

function openClient(as: string, { session }: StepContext): Client {
  const client = session.client(as);
  if (client.closed !== null) {
    throw new StepError(as, `The connection is over: it ended with ${describe(client.closed)}`);
  }
  return client;
}
