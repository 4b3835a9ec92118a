// Each kind of step, from what stands in the file to what is run: its client is known, its texts are checked, and what
// it brings about is noted for the steps after it. `repeat` and `parallel` are in read-steps.ts.
import * as v from 'valibot';
import { parseDurationMs } from '../../core/units.ts';
import type { StepAction } from '../scenario.ts';
import { checkControlText, readExpected, readMatcher, readOutgoing } from './read-message.ts';
import { readReport } from './read-report.ts';
import {
  clientOf,
  namedClient,
  optionOf,
  type Path,
  type Reading,
  readText,
  type StepPlace,
  writtenText,
} from './reading.ts';
import { DEFAULT_WITHIN_MS } from './step-options.ts';
import { STEPS, type StepKind } from './step-schema.ts';
import type { capture, headers, TextValue } from './value-schema.ts';

/** The name of a client that nobody has named. */
export const DEFAULT_CLIENT = 'client';

type StepReader = (step: StepPlace) => readonly StepAction[];

export const STEP_READERS: Readonly<Record<Exclude<StepKind, 'repeat' | 'parallel'>, StepReader>> = {
  connect(step) {
    const { connect } = v.parse(STEPS.connect, step.raw);
    return [connectAction(connect ?? {}, { as: newClient(step), step })];
  },

  expectRefused(step) {
    const { expectRefused } = v.parse(STEPS.expectRefused, step.raw);
    const { as: _as, within: _within, status, body, ...connection } = expectRefused ?? {};
    const isOwn = Object.keys(connection).length > 0;
    const as = isOwn ? newClient(step) : refusedClient(step);
    if (as === null) return [];
    const { flow } = step.reading;
    const matcher = body === undefined ? null : readMatcher(body, inside(step, 'body'));
    const withinMs = waitMs(step);
    const refused = { kind: 'expectRefused', as, status: status ?? null, body: matcher, withinMs } as const;
    if (!isOwn && flow.refuse(as)) return [refused];
    const connect = connectAction(connection, { as, step });
    flow.refuse(as);
    return [connect, refused];
  },

  send(step) {
    const { send } = v.parse(STEPS.send, step.raw);
    const as = clientOf(step);
    const message = readOutgoing(send, inside(step));
    return as === null || message === null ? [] : [{ kind: 'send', as, message }];
  },

  expect(step) {
    const { expect } = v.parse(STEPS.expect, step.raw);
    const as = clientOf(step);
    const capture = optionOf(step, 'capture');
    // As the schema has it.
    const captures = capture === null ? null : { ...capture, value: capture.value as CaptureValue };
    const message = readExpected(expect, { ...inside(step), captures });
    return as === null || message === null ? [] : [{ kind: 'expect', as, message, withinMs: waitMs(step) }];
  },

  expectAll(step) {
    const { expectAll } = v.parse(STEPS.expectAll, step.raw);
    const as = clientOf(step);
    const messages = expectAll.map((value, index) => {
      const at = inside(step, String(index));
      const capture = typeof value === 'object' ? value.capture : undefined;
      const captures = capture === undefined ? null : { value: capture, path: [...at.path, 'capture'] };
      return readExpected(value, { ...at, captures });
    });
    const sound = messages.filter(message => message !== null);
    if (as === null || sound.length < messages.length) return [];
    return [{ kind: 'expectAll', as, messages: sound, withinMs: waitMs(step) }];
  },

  expectSilence(step) {
    const { expectSilence } = v.parse(STEPS.expectSilence, step.raw);
    return withClient(step, as => ({ kind: 'expectSilence', as, forMs: durationMs(expectSilence) }));
  },

  ping(step) {
    const { ping } = v.parse(STEPS.ping, step.raw);
    const data = pingData(ping?.data ?? '', step);
    return withClient(step, as => ({ kind: 'ping', as, data }));
  },

  expectPong(step) {
    const { expectPong } = v.parse(STEPS.expectPong, step.raw);
    const data = expectPong?.data === undefined ? null : pingData(expectPong.data, step);
    return withClient(step, as => ({ kind: 'expectPong', as, data, withinMs: waitMs(step) }));
  },

  advance(step) {
    const { advance } = v.parse(STEPS.advance, step.raw);
    return [{ kind: 'advance', ms: durationMs(advance) }];
  },

  close(step) {
    const { close } = v.parse(STEPS.close, step.raw);
    const at = inside(step, 'reason');
    const reason = checkControlText(close?.reason ?? '', { ...at, most: 123, what: 'close.reason' });
    const code = close?.code ?? 1000;
    if (code === 'none' && reason !== '') {
      const message = 'close.reason cannot stand beside code: none';
      step.reading.report({ path: at.path, message, advice: 'give a code too, or remove the reason' });
    }
    return withClient(step, as => ({ kind: 'close', as, code: code === 'none' ? null : code, reason }));
  },

  cut(step) {
    return withClient(step, as => ({ kind: 'cut', as }));
  },

  expectClose(step) {
    const { code = null, reason } = v.parse(STEPS.expectClose, step.raw).expectClose ?? {};
    const matcher = reason === undefined ? null : readMatcher(reason, inside(step, 'reason'));
    const withinMs = waitMs(step);
    return withClient(step, as => ({ kind: 'expectClose', as, code, reason: matcher, withinMs }));
  },

  expectInvocation(step) {
    const { expectInvocation } = v.parse(STEPS.expectInvocation, step.raw);
    const { as: _as, within: _within, ...values } = expectInvocation ?? {};
    const report = readReport(values, inside(step));
    const withinMs = waitMs(step);
    return withClient(step, as => ({ kind: 'expectInvocation', as, report, withinMs }));
  },

  kill(step) {
    return withClient(step, as => ({ kind: 'kill', as }));
  },
};

type CaptureValue = v.InferOutput<typeof capture>;

interface Connection {
  readonly path?: string | undefined;
  readonly headers?: v.InferOutput<typeof headers> | undefined;
  readonly subprotocols?: readonly string[] | undefined;
  readonly function?: TextValue | undefined;
}

/** The same object is noted as the client's connect: an `expectRefused` that follows changes it. */
function connectAction(values: Connection, { as, step }: { as: string; step: StepPlace }): StepAction {
  const headers = Object.entries(values.headers ?? {}).map(([name, value]) => [
    name,
    readText(value, inside(step, 'headers', name)),
  ]);
  const action = {
    kind: 'connect' as const,
    as,
    path: readText(values.path ?? '/', inside(step, 'path')),
    headers: Object.fromEntries(headers),
    subprotocols: values.subprotocols ?? [],
    functionName:
      values.function === undefined
        ? null
        : writtenText(values.function, { path: inside(step, 'function').path, file: step.reading.file }),
    mustOpen: true,
  };
  step.reading.flow.connect(as, action);
  return action;
}

/** Where something inside of the step's own value stands. */
function inside(
  { kind, path, reading }: StepPlace,
  ...keys: readonly string[]
): { path: Path; reading: Reading } {
  return { path: [...path, kind, ...keys], reading };
}

function withClient(step: StepPlace, action: (as: string) => StepAction): readonly StepAction[] {
  const as = clientOf(step);
  return as === null ? [] : [action(as)];
}

/** The client of a step that connects. */
function newClient(step: StepPlace): string {
  return namedClient(step)?.value ?? step.reading.branch ?? DEFAULT_CLIENT;
}

/** The client whose connect is refused: the only one whose last step is a connect, or else one that connects now. */
function refusedClient(step: StepPlace): string | null {
  const { flow, branch, report } = step.reading;
  const [only, ...others] = flow.connecting;
  if (namedClient(step) !== null || branch !== null || only === undefined) return newClient(step);
  if (others.length === 0) return only;
  const names = flow.connecting;
  const message = `expectRefused: which client? ${names.join(', ')} have connected`;
  report({ path: step.path, message, advice: `add ${names.map(name => `as: ${name}`).join(' or ')}` });
  return null;
}

function pingData(value: TextValue, step: StepPlace): string {
  return checkControlText(value, { ...inside(step, 'data'), most: 125, what: `${step.kind}.data` });
}

function waitMs(step: StepPlace): number {
  const within = optionOf(step, 'within');
  return within === null ? DEFAULT_WITHIN_MS : durationMs(within.value);
}

/** The schema has found it to be one. */
function durationMs(value: unknown): number {
  return parseDurationMs(String(value)) ?? 0;
}
