// The README's reference of scenario files, made from the schema that they are read with.
import * as v from 'valibot';
import { stringify } from 'yaml';
import { FILE_ENTRIES } from '../src/testing/scenario/scenario-schema.ts';
import { STEP_KINDS, STEPS, type StepKind } from '../src/testing/scenario/step-schema.ts';
import { table } from './docs-tables.ts';

type Entries = Readonly<Record<string, v.GenericSchema>>;

/** What is read of a schema here. */
interface Shape {
  readonly type: string;
  readonly wrapped?: v.GenericSchema;
  readonly options?: readonly v.GenericSchema[];
  readonly entries?: Entries;
}

const shapeOf = (schema: v.GenericSchema): Shape => {
  const shape = schema as unknown as Shape;
  const isWrapper = shape.type === 'optional' || shape.type === 'nullable';
  return isWrapper && shape.wrapped ? shapeOf(shape.wrapped) : shape;
};

const code = (text: string): string => `\`${text}\``;

/** The description may be that of what may be left out, or of the leaving out. */
const descriptionOf = (schema: v.GenericSchema): string => {
  const own = v.getDescription(schema);
  const { wrapped } = schema as unknown as Shape;
  return own ?? (wrapped ? descriptionOf(wrapped) : '');
};

/** As one would write it on one line. */
export function exampleLines(kind: StepKind): string[] {
  return v.getExamples(STEPS[kind]).map(example => {
    const value = example as Readonly<Record<string, unknown>>;
    const flow = (each: unknown): string =>
      stringify(each, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trim();
    const [only, ...others] = Object.keys(value);
    return only !== undefined && others.length === 0 ? `- ${only}: ${flow(value[only])}` : `- ${flow(value)}`;
  });
}

export function stepsTable(): string {
  const rows = STEP_KINDS.map(kind => {
    const { entries = {} } = shapeOf(STEPS[kind]);
    const own = entries[kind];
    return [code(kind), own ? descriptionOf(own) : '', exampleLines(kind).map(code).join('<br>')];
  });
  return table(['step', 'what it does', 'example'], rows);
}

/** What may stand in the maps of steps or beside them; the forms of messages have a table of their own. */
export function stepOptionsTable(): string {
  const kindsByOption = new Map<string, { name: string; description: string; kinds: Set<StepKind> }>();
  for (const kind of STEP_KINDS) {
    const { [kind]: own, ...beside } = shapeOf(STEPS[kind]).entries ?? {};
    const inside = own && kind !== 'expectInvocation' ? (shapeOf(own).entries ?? {}) : {};
    for (const [name, schema] of [...Object.entries(inside), ...Object.entries(beside)]) {
      const description = descriptionOf(schema);
      const key = `${name}: ${description}`;
      const option = kindsByOption.get(key) ?? { name, description, kinds: new Set() };
      option.kinds.add(kind);
      kindsByOption.set(key, option);
    }
  }
  const rows = [...kindsByOption.values()].map(({ name, description, kinds }) => {
    const without = STEP_KINDS.filter(kind => !kinds.has(kind));
    const isForMost = kinds.size > STEP_KINDS.length / 2;
    const list = isForMost ? `all but ${without.map(code).join(', ')}` : [...kinds].map(code).join(', ');
    return [code(name), list, description];
  });
  return table(['option', 'of', 'meaning'], rows);
}

/** The forms of a message that is sent, and of one that is expected. */
export function messagesTable(): string {
  const forms = new Map<string, { description: string; kinds: string[] }>();
  for (const kind of ['send', 'expect'] as const) {
    const own = shapeOf(STEPS[kind]).entries?.[kind];
    for (const option of own ? (shapeOf(own).options ?? []) : []) {
      for (const [key, schema] of Object.entries(shapeOf(option).entries ?? {})) {
        if (key in (shapeOf(STEPS[kind]).entries ?? {})) continue;
        const description = descriptionOf(schema);
        const form = forms.get(`${key}: ${description}`) ?? { description, kinds: [] };
        if (!form.kinds.includes(kind)) form.kinds.push(kind);
        forms.set(`${key}: ${description}`, form);
      }
    }
  }
  // What goes with every form comes after them.
  const ordered = [...forms].sort(
    ([a], [b]) => Number(a.startsWith('binary')) - Number(b.startsWith('binary')),
  );
  const rows = ordered.map(([key, { description, kinds }]) => [
    code(key.slice(0, key.indexOf(':'))),
    kinds.map(code).join(', '),
    description,
  ]);
  return table(['key', 'of', 'meaning'], rows);
}

export function scenarioKeysTable(): string {
  const rows = Object.entries(FILE_ENTRIES).map(([key, schema]) => [code(key), descriptionOf(schema)]);
  return table(['key', 'meaning'], rows);
}
