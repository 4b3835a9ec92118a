// A message that was recorded against one that comes now, as JSON in which some values may differ. Pure.

import type { JsonValue } from '../json.ts';
import { parseJson } from '../match/capture.ts';
import { prettyJson } from '../match/show.ts';
import type { Matcher } from '../scenario.ts';
import type { IgnoredPath } from './ignored-path.ts';
import { isIgnored } from './ignored-path.ts';

export type ReplayedMatcher = Extract<Matcher, { kind: 'replayed' }>;

export type Replayed =
  | { readonly kind: 'same' }
  /** Nothing in it can be ignored: the texts are to be compared as they are. */
  | { readonly kind: 'text' }
  /** `reason`: one sentence; the two texts are for a comparison line by line. */
  | {
      readonly kind: 'different';
      readonly reason: string;
      readonly expected: string;
      readonly actual: string;
    };

/** Stands in a comparison where a value may be anything. */
const IGNORED = '(ignored)';

export function compareReplayed({ text, ignore }: ReplayedMatcher, actual: string): Replayed {
  const recorded = parseJson(text);
  if (ignore.length === 0 || !isComposite(recorded)) return { kind: 'text' };
  const wanted = masked(recorded, ignore);
  const expected = prettyJson(wanted);
  const come = parseJson(actual);
  if (come === undefined) {
    return { kind: 'different', reason: 'expected JSON, got text that is not JSON', expected, actual };
  }
  const got = masked(come, ignore);
  const path = firstDifference(wanted, got, '$');
  if (path === null) return { kind: 'same' };
  const reason = `${path} is not what it was when it was recorded`;
  return { kind: 'different', reason, expected, actual: prettyJson(got) };
}

/** The value with all that may be anything made the same. */
function masked(
  value: JsonValue,
  ignore: readonly IgnoredPath[],
  keys: readonly (string | number)[] = [],
): JsonValue {
  const inner = (item: JsonValue, key: string | number): JsonValue =>
    isIgnored([...keys, key], ignore) ? IGNORED : masked(item, ignore, [...keys, key]);
  if (isList(value)) return value.map(inner);
  if (!isComposite(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item, key)]));
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

/** Whether an ignored value is there at all is ignored, too. */
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
