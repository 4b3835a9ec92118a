// A list of steps as it stands in a file → steps as they are run, nested ones included. What is wrong beyond the
// schema is reported; what is sound is read, so that all problems come at once.
import { isRecord } from '../../config/key-names.ts';
import type { Step, StepAction } from '../scenario.ts';
import { isBroken, type Path, positionOf, type Reading } from './reading.ts';
import { meantKey } from './schema-findings.ts';
import { DEFAULT_CLIENT, STEP_READERS } from './step-readers.ts';
import { isStepKind, STEP_KINDS } from './step-schema.ts';

interface At {
  readonly path: Path;
  readonly reading: Reading;
}

export function readSteps(raw: unknown, { path, reading }: At): Step[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((each, index) => readStep(each, { path: [...path, String(index)], reading }));
}

function readStep(raw: unknown, { path, reading }: At): Step[] {
  if (!isRecord(raw)) return [];
  const kind = Object.keys(raw).find(isStepKind);
  const at = positionOf(reading.file, path);
  // What is nested is read even if something in it is broken.
  if (kind === 'repeat') return [{ ...readRepeat(raw.repeat, { path: [...path, kind], reading }), at }];
  if (kind === 'parallel') return [{ ...readParallel(raw.parallel, { path: [...path, kind], reading }), at }];
  if (kind === undefined || isBroken(reading.file, path)) {
    assumeDone(raw, reading);
    return [];
  }
  // The same object, not a copy: a step that follows may change it.
  return STEP_READERS[kind]({ kind, raw, path, reading }).map(action => Object.assign(action, { at }));
}

function readRepeat(raw: unknown, { path, reading }: At): StepAction {
  const { times, steps } = isRecord(raw) ? raw : {};
  reading.flow.settle();
  return {
    kind: 'repeat',
    // Anything else is a finding of the schema.
    times: typeof times === 'number' ? times : 1,
    steps: readSteps(steps, { path: [...path, 'steps'], reading }),
  };
}

function readParallel(raw: unknown, { path, reading }: At): StepAction {
  const flows = Object.entries(isRecord(raw) ? raw : {}).map(([branch, steps]) => {
    const flow = reading.flow.copy();
    const inner = { ...reading, flow, branch };
    return { flow, steps: readSteps(steps, { path: [...path, branch], reading: inner }) };
  });
  for (const { flow } of flows) reading.flow.join(flow);
  return { kind: 'parallel', branches: flows.map(({ steps }) => steps) };
}

/** A step that cannot be read was meant to do something: what it probably did must not be a problem of the next ones. */
function assumeDone(raw: Readonly<Record<string, unknown>>, { flow, branch }: Reading): void {
  for (const [key, value] of Object.entries(raw)) {
    const meant = isStepKind(key) ? key : meantKey(key, STEP_KINDS);
    const inside = isRecord(value) ? value : {};
    const as = raw.as ?? inside.as ?? branch ?? DEFAULT_CLIENT;
    const connects = meant === 'connect' || meant === 'expectRefused';
    if (connects && typeof as === 'string') flow.connect(as, null);
    const items = Array.isArray(value) ? value.filter(isRecord) : [];
    for (const captures of [raw.capture, inside.capture, ...items.map(item => item.capture)]) {
      for (const name of Object.keys(isRecord(captures) ? captures : {})) flow.capture(name);
    }
  }
}
