// The steps: what each does, what may be written in it and beside it, and an example. Pure. The README's reference
// and the JSON Schema for editors are made from this.
import * as v from 'valibot';
import { reportEntries } from './report-schema.ts';
import { wants } from './scenario-words.ts';
import { as, capture, connection, data, emptyMap, within } from './step-options.ts';
import {
  clientName,
  closeCode,
  duration,
  expected,
  expectedText,
  httpStatus,
  outgoing,
  seenCloseCode,
  text,
} from './value-schema.ts';

/** The steps nested in `repeat` and `parallel`. */
export const steps = v.pipe(
  v.array(
    v.lazy((): v.GenericSchema => stepSchema),
    wants('steps'),
  ),
  v.minLength(1, wants('steps')),
);

/** Each kind of step: a map with the kind as a key, and what may stand beside it. */
export const STEPS = {
  connect: v.pipe(
    v.strictObject({
      connect: v.pipe(
        v.nullable(v.strictObject({ ...connection, as }, wants('map'))),
        v.description('Opens a connection. Its client is called client unless as: names it.'),
      ),
      as,
    }),
    v.examples([
      { connect: { as: 'alice', path: '/?room=1', headers: { Cookie: 'a=b' }, subprotocols: ['chat'] } },
    ]),
  ),
  expectRefused: v.pipe(
    v.strictObject({
      expectRefused: v.pipe(
        v.nullable(
          v.strictObject(
            {
              status: v.optional(v.pipe(httpStatus, v.description('The HTTP status of the refusal.'))),
              body: v.optional(v.pipe(expectedText, v.description('The body of the refusal.'))),
              ...connection,
              as,
              within,
            },
            wants('map'),
          ),
        ),
        v.description(
          'The connection is refused: that of the connect just before, or else one of its own, for which it takes what connect takes.',
        ),
      ),
      as,
      within,
    }),
    v.examples([{ expectRefused: { status: 446 } }]),
  ),
  send: v.pipe(
    v.strictObject({
      send: v.pipe(outgoing({ as }), v.description('Sends a message: text, or one of the forms below.')),
      as,
    }),
    v.examples([{ send: 'hello' }, { send: { json: { type: 'join', room: '${room}' } }, as: 'alice' }]),
  ),
  expect: v.pipe(
    v.strictObject({
      expect: v.pipe(
        expected({ as, within, capture }),
        v.description('The next message of the client is this: text, or one of the forms below.'),
      ),
      as,
      within,
      capture,
    }),
    v.examples([
      { expect: 'hello', within: '2s' },
      { expect: { json: { type: 'joined' } }, capture: { id: '$.user.id' } },
    ]),
  ),
  expectAll: v.pipe(
    v.strictObject({
      expectAll: v.pipe(
        v.array(expected({ capture }), wants('messages')),
        v.minLength(1, wants('messages')),
        v.description('The next messages of the client are these, in any order.'),
      ),
      as,
      within,
    }),
    v.examples([{ expectAll: ['one', { json: { n: 2 }, capture: { id: '$.id' } }] }]),
  ),
  expectSilence: v.pipe(
    v.strictObject({
      expectSilence: v.pipe(duration, v.description('No message comes for so long, in real time.')),
      as,
    }),
    v.examples([{ expectSilence: '500ms' }]),
  ),
  ping: v.pipe(
    v.strictObject({
      ping: v.pipe(
        v.nullable(v.strictObject({ data: v.optional(data), as }, wants('map'))),
        v.description('Sends a ping.'),
      ),
      as,
    }),
    v.examples([{ ping: {} }]),
  ),
  expectPong: v.pipe(
    v.strictObject({
      expectPong: v.pipe(
        v.nullable(v.strictObject({ data: v.optional(data), as, within }, wants('map'))),
        v.description('A pong comes.'),
      ),
      as,
      within,
    }),
    v.examples([{ expectPong: { data: 'abc' } }]),
  ),
  advance: v.pipe(
    v.strictObject({
      advance: v.pipe(
        duration,
        v.description('Moves the platform’s clock: idle and execution timeouts come without waiting.'),
      ),
    }),
    v.examples([{ advance: '2h' }]),
  ),
  close: v.pipe(
    v.strictObject({
      close: v.pipe(
        v.nullable(
          v.strictObject(
            {
              code: v.optional(
                v.pipe(
                  v.union([closeCode, v.literal('none')], wants('closeCode')),
                  v.description('The close code; none: a close frame without one. Left out: 1000.'),
                ),
              ),
              reason: v.optional(v.pipe(text, v.description('The reason, at most 123 bytes.'))),
              as,
            },
            wants('map'),
          ),
        ),
        v.description('Closes the connection with a close frame.'),
      ),
      as,
    }),
    v.examples([{ close: { code: 1000 } }]),
  ),
  cut: v.pipe(
    v.strictObject({
      cut: v.pipe(emptyMap, v.description('Cuts the TCP connection, without a close frame.')),
      as,
    }),
    v.examples([{ cut: {} }]),
  ),
  expectClose: v.pipe(
    v.strictObject({
      expectClose: v.pipe(
        v.nullable(
          v.strictObject(
            {
              code: v.optional(
                v.pipe(
                  seenCloseCode,
                  v.description('The close code; 1005: a close frame without one, 1006: no close frame.'),
                ),
              ),
              reason: v.optional(v.pipe(expectedText, v.description('The reason of the close.'))),
              as,
              within,
            },
            wants('map'),
          ),
        ),
        v.description('The connection ends; left out, any code and reason will do.'),
      ),
      as,
      within,
    }),
    v.examples([{ expectClose: { code: 1006 } }]),
  ),
  expectInvocation: v.pipe(
    v.strictObject({
      expectInvocation: v.pipe(
        v.nullable(v.strictObject({ ...reportEntries, as, within }, wants('map'))),
        v.description(
          'The invocation of the connection has ended, and its report has these values: its keys, and status. A number may be { min, max }.',
        ),
      ),
      as,
      within,
    }),
    v.examples([
      {
        expectInvocation: {
          status: 455,
          cause: 'idle-timeout',
          durationMs: { min: 60000 },
          up: { messages: 1 },
        },
      },
    ]),
  ),
  kill: v.pipe(
    v.strictObject({
      kill: v.pipe(emptyMap, v.description('Kills the instance (SIGKILL), to show what a crash does.')),
      as,
    }),
    v.examples([{ kill: {} }]),
  ),
  repeat: v.pipe(
    v.strictObject({
      repeat: v.pipe(
        v.strictObject(
          {
            times: v.pipe(
              v.number(wants('times')),
              v.integer(wants('times')),
              v.minValue(1, wants('times')),
              v.description('How many times.'),
            ),
            steps: v.pipe(steps, v.description('The steps to repeat.')),
          },
          wants('map'),
        ),
        v.description('Does steps so many times.'),
      ),
    }),
    v.examples([{ repeat: { times: 11, steps: [{ send: 'tick' }] } }]),
  ),
  parallel: v.pipe(
    v.strictObject({
      parallel: v.pipe(
        v.record(clientName, steps, wants('parallel')),
        v.minEntries(1, wants('parallel')),
        v.description('Clients that act at the same time: for each its steps, in which as: may be left out.'),
      ),
    }),
    v.examples([{ parallel: { alice: [{ connect: {} }, { expect: 'hi' }], bob: [{ connect: {} }] } }]),
  ),
} as const satisfies Readonly<Record<string, v.GenericSchema>>;

export type StepKind = keyof typeof STEPS;

export const STEP_KINDS = Object.keys(STEPS) as readonly StepKind[];

/** Any step; nested ones included. */
export const stepSchema = v.pipe(
  v.union(Object.values(STEPS), wants('step')),
  v.title('a step'),
  v.description('One thing that a client does, or that is expected.'),
);

export function isStepKind(key: string): key is StepKind {
  return Object.hasOwn(STEPS, key);
}
