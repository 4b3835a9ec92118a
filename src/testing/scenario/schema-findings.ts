// A value against a schema: everything that is wrong with it at once, each in words and with its place. Pure.
// valibot stops at the first unknown key of a map and cannot say which of several shapes was meant; this can.
import * as v from 'valibot';
import { isRecord, nearest, normal, UNUSABLE_NAMES } from '../../config/key-names.ts';
import { describeKey, describeValue, type Finding } from '../../config/problem.ts';
import { expectationOf, SYNONYMS } from './scenario-words.ts';

/** What is read of a valibot schema here. */
type Schema = v.GenericSchema & {
  readonly message?: unknown;
  readonly wrapped?: Schema;
  readonly getter?: (input: unknown) => Schema;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly item?: Schema;
  readonly key?: Schema;
  readonly value?: Schema;
  readonly options?: readonly Schema[];
  readonly pipe?: readonly PipeItem[];
};

interface PipeItem {
  readonly kind: string;
  readonly pipe?: readonly PipeItem[];
}

type Check = v.BaseValidation<unknown, unknown, v.BaseIssue<unknown>>;

interface Place {
  readonly path: readonly string[];
  /** How messages call it, from the nearest schema with a title on: `expect.json`; that title at its top. */
  readonly label: string;
  readonly title: string;
}

/** All that is wrong with `value`; nothing if the schema would take it. */
export function findingsOf(
  schema: v.GenericSchema,
  value: unknown,
  path: readonly string[] = [],
): readonly Finding[] {
  return check(schema, value, { path, label: '', title: 'the file' });
}

function check(given: Schema, value: unknown, above: Place): readonly Finding[] {
  const schema = unwrapped(given, value);
  const title = v.getTitle(schema);
  const place = title === undefined ? above : { ...above, label: '', title };
  if (schema.type === 'unknown') return [];
  if (isRecord(value)) return checkMap(schema, value, place);
  return Array.isArray(value) ? checkList(schema, value, place) : ownFinding(schema, value, place);
}

/** The schema that says something about this value: not that it may be left out, or is defined elsewhere. */
function unwrapped(schema: Schema, value: unknown): Schema {
  if (schema.type === 'lazy' && schema.getter) return unwrapped(schema.getter(undefined), value);
  if (schema.type === 'optional' && schema.wrapped) return unwrapped(schema.wrapped, value);
  const isNullable = schema.type === 'nullable' && value !== null;
  return isNullable && schema.wrapped ? unwrapped(schema.wrapped, value) : schema;
}

function checkList(schema: Schema, value: readonly unknown[], place: Place): readonly Finding[] {
  const list = optionsOf(schema).find(({ item }) => item !== undefined);
  if (list?.item === undefined) return [mismatch(schema, value, place)];
  const { item } = list;
  const items = value.flatMap((each, index) => check(item, each, below(place, String(index), `[${index}]`)));
  return items.length > 0 ? items : wholeFinding(list, value, place);
}

function checkMap(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  place: Place,
): readonly Finding[] {
  const options = optionsOf(schema);
  const record = options.find(option => option.type === 'record');
  if (record) {
    const entries = Object.entries(value).flatMap(entry => checkRecordEntry(record, entry, place));
    return entries.length > 0 ? entries : wholeFinding(record, value, place);
  }
  const shapes = options.flatMap(({ entries }) => (entries ? [entries] : []));
  if (shapes.length === 0) return [mismatch(schema, value, place)];
  const known = new Set(shapes.flatMap(Object.keys));
  const unknown = Object.keys(value).filter(key => !known.has(key));
  const shape = meantShape(shapes, value);
  if (shape === null) {
    const what = place.title === 'a step' && place.label === '' ? 'step' : 'key';
    const keys = unknown.map(key => unknownKey(key, { place, known: [...known], what }));
    const entries = Object.assign({}, ...shapes);
    return [
      ...(keys.length > 0 ? keys : [mismatch(schema, value, place)]),
      ...checkEntries(entries, value, place),
    ];
  }
  const { entries, by } = shape;
  const candidates = by === '' ? [...known] : Object.keys(entries);
  const meant = unknown.map(key => meantKey(key, candidates));
  const findings = [
    ...unknown.map(key => unknownKey(key, { place, known: candidates, what: 'key' })),
    ...Object.keys(value)
      .filter(key => known.has(key) && !Object.hasOwn(entries, key))
      .map(key => excluded(key, { by, schema, place, isAction: shapes.some(each => isRequired(each, key)) })),
    ...Object.keys(entries)
      .filter(key => isRequired(entries, key) && !Object.hasOwn(value, key) && !meant.includes(key))
      .map(key => missing(key, { entries, place })),
    ...checkEntries(entries, value, place),
  ];
  const option = options.find(each => each.entries === entries);
  return findings.length > 0 || !option ? findings : wholeFinding(option, value, place);
}

function checkEntries(
  entries: Readonly<Record<string, Schema>>,
  value: Readonly<Record<string, unknown>>,
  place: Place,
): readonly Finding[] {
  return Object.entries(value).flatMap(([key, each]) => {
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
    return entry === undefined ? [] : check(entry, each, belowKey(place, key));
  });
}

function checkRecordEntry(
  record: Schema,
  [key, value]: readonly [string, unknown],
  place: Place,
): readonly Finding[] {
  const at = belowKey(place, key);
  if (UNUSABLE_NAMES.includes(key)) {
    const message = `${at.label} is a name that scf-ws cannot use`;
    return [{ path: at.path, message, advice: 'choose another name' }];
  }
  const keys = record.key ? ownFinding(record.key, key, at) : [];
  return [...keys, ...(record.value ? check(record.value, value, at) : [])];
}

/** The one of several shapes that a map was meant to have: the one of the first key that only it must have. */
function meantShape(
  shapes: readonly Readonly<Record<string, Schema>>[],
  value: Readonly<Record<string, unknown>>,
): { readonly entries: Readonly<Record<string, Schema>>; readonly by: string } | null {
  const [only] = shapes;
  if (only && shapes.length === 1) return { entries: only, by: '' };
  for (const key of Object.keys(value)) {
    const entries = shapes.find(shape => isRequired(shape, key));
    if (entries) return { entries, by: key };
  }
  const optional = shapes.find(shape => !Object.keys(shape).some(key => isRequired(shape, key)));
  return optional ? { entries: optional, by: '' } : null;
}

function isRequired(entries: Readonly<Record<string, Schema>>, key: string): boolean {
  return Object.hasOwn(entries, key) && entries[key]?.type !== 'optional';
}

function optionsOf(schema: Schema): readonly Schema[] {
  const options = schema.type === 'union' ? (schema.options ?? []) : [schema];
  return options.map(option => unwrapped(option, undefined));
}

/** What no part can show: an empty list, a range whose ends are the wrong way round. */
function wholeFinding(schema: Schema, value: unknown, place: Place): readonly Finding[] {
  const checks = pipeOf(schema).filter((item): item is Check => item.kind === 'validation');
  return checks.length === 0 ? [] : ownFinding(v.pipe(v.unknown(), ...checks), value, place);
}

function pipeOf({ pipe = [] }: { readonly pipe?: readonly PipeItem[] }): readonly PipeItem[] {
  return pipe.flatMap(item => (item.pipe ? pipeOf(item) : [item]));
}

/** What valibot itself has to say, without looking for more. */
function ownFinding(schema: Schema, value: unknown, place: Place): readonly Finding[] {
  const result = v.safeParse(schema, value);
  if (result.success) return [];
  const [issue] = result.issues;
  return [mismatch({ ...schema, message: issue.message }, value, place)];
}

function mismatch(schema: Schema, value: unknown, { path, label, title }: Place): Finding {
  const { must, advice } = expectationOf(schema.message);
  const name = label || title;
  if (value === null) return { path, message: `${name} has no value`, advice };
  const meant = typeof value === 'string' ? nearest(value, wordsOf(schema)) : null;
  return {
    path,
    message: `${name} ${must}: got ${describeContent(value)}`,
    advice: meant === null ? advice : `did you mean ${meant}?`,
  };
}

/** The words of which it must be one. */
function wordsOf({ type, options }: Schema): readonly string[] {
  return type === 'picklist' ? (options ?? []).map(String) : [];
}

/** Like `describeValue`, but tells what a map or list has where that may be what is wrong with it. */
function describeContent(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return 'an empty list';
  if (!isRecord(value)) return describeValue(value);
  const keys = Object.keys(value).map(describeKey);
  return keys.length === 0 ? 'an empty map' : `a map with ${keys.slice(0, 5).join(', ')}`;
}

function missing(
  key: string,
  { entries, place }: { entries: Readonly<Record<string, Schema>>; place: Place },
): Finding {
  const what = entries[key] ? v.getDescription(entries[key]) : undefined;
  const advice = `add ${key}${what === undefined ? '' : `: ${lowerFirst(what).replace(/\..*$/, '')}`}`;
  return { path: place.path, message: `${place.label || place.title} has no ${key}`, advice };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A key that belongs to another of the shapes. */
function excluded(
  key: string,
  { by, schema, place, isAction }: { by: string; schema: Schema; place: Place; isAction: boolean },
): Finding {
  const { apart } = expectationOf(schema.message);
  const path = [...place.path, key];
  const beside = by === '' ? 'here' : `beside ${by}`;
  const advice = isAction || place.title === 'the file' ? (apart ?? 'keep one of the two') : 'remove it';
  return { path, message: `${belowKey(place, key).label} cannot stand ${beside}`, advice };
}

function unknownKey(
  key: string,
  { place, known, what }: { place: Place; known: readonly string[]; what: 'step' | 'key' },
): Finding {
  const { path, label } = belowKey(place, key);
  const unknown = `Unknown ${what} ${label}`;
  if (key === '<<') {
    return { path, message: `${unknown}: merge keys are not read`, advice: 'write the merged keys out' };
  }
  const meant = meantKey(key, known);
  if (meant !== null) {
    return { path, message: `${unknown}: did you mean ${meant}?`, advice: `rename it to ${meant}` };
  }
  return { path, message: unknown, advice: `remove it; known here: ${known.join(', ')}` };
}

/** The one of `known` that was probably meant, by its letters or by what it does elsewhere. */
export function meantKey(key: string, known: readonly string[]): string | null {
  const near = nearest(key, known);
  if (near !== null && normal(near) === normal(key)) return near;
  const word = normal(key);
  const synonym = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word] : undefined;
  return synonym !== undefined && known.includes(synonym) ? synonym : near;
}

function belowKey(place: Place, key: string): Place {
  return below(place, key, place.label === '' ? describeKey(key) : `.${describeKey(key)}`);
}

function below({ path, label, title }: Place, key: string, added: string): Place {
  return { path: [...path, key], label: label + added, title };
}
