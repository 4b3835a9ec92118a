// Is a message what it was when it was recorded: the same text, or the same JSON but for ignored values? Pure.
import type { IgnoredPath } from './ignored-path.ts';
import { isIgnored } from './ignored-path.ts';
import type { JsonValue } from './json.ts';
import type { Matcher } from './scenario.ts';

export type ReplayedMatcher = Extract<Matcher, { kind: 'replayed' }>;

export interface ReplayedMismatch {
  /** One sentence: what was expected and what came instead. */
  readonly reason: string;
  /** To be compared line by line. */
  readonly expected: string;
  readonly actual: string;
}

/** Stands in a comparison where a value may be anything. */
const IGNORED = '(ignored)';

/** Null if the message is what it was. */
export function replayedMismatch({ text, ignore }: ReplayedMatcher, actual: string): ReplayedMismatch | null {
  if (text === actual) return null;
  const recorded = parseComposite(text);
  if (ignore.length === 0 || recorded === undefined) {
    return { reason: 'expected the text that was recorded, got another', expected: text, actual };
  }
  const wanted = masked(recorded, ignore);
  const expected = shown(wanted);
  const come = parseComposite(actual);
  if (come === undefined) {
    return { reason: 'expected JSON as it was recorded, got something else', expected, actual };
  }
  const got = masked(come, ignore);
  const path = firstDifference(wanted, got, '$');
  if (path === null) return null;
  const reason = `expected the JSON that was recorded, got another ${path}`;
  return { reason, expected, actual: shown(got) };
}

/** Undefined for what is not JSON, and for a JSON value that has no parts. */
function parseComposite(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Most messages are not JSON, and that is what the caller asks.
    return undefined;
  }
}

/** The value with what may be anything made the same, and keys in order. Whether an ignored value is there at all is ignored, too. */
function masked(
  value: JsonValue,
  ignore: readonly IgnoredPath[],
  keys: readonly (string | number)[] = [],
): JsonValue {
  const inner = (item: JsonValue, key: string | number): JsonValue =>
    isIgnored([...keys, key], ignore) ? IGNORED : masked(item, ignore, [...keys, key]);
  if (isList(value)) return value.map(inner);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => [key, inner(item, key)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The path to the first value that is not the same in both; null if they are equal. */
function firstDifference(a: JsonValue | undefined, b: JsonValue | undefined, path: string): string | null {
  if (a === b || isAbsentAndIgnored(a, b)) return null;
  if (!isComposite(a) || !isComposite(b) || isList(a) !== isList(b)) return path;
  const listed = isList(a);
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const difference = firstDifference(at(a, key), at(b, key), listed ? `${path}[${key}]` : `${path}.${key}`);
    if (difference !== null) return difference;
  }
  return null;
}

function isAbsentAndIgnored(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return (a === undefined && b === IGNORED) || (b === undefined && a === IGNORED);
}

type Composite = readonly JsonValue[] | { readonly [key: string]: JsonValue };

function isComposite(value: JsonValue | undefined): value is Composite {
  return typeof value === 'object' && value !== null;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function at(value: Composite, key: string): JsonValue | undefined {
  return isList(value) ? value[Number(key)] : value[key];
}

function shown(value: JsonValue): string {
  return JSON.stringify(value, null, 2);
}
