// Does a JSON value have at least what is expected: every key, every item of a list. Pure.
import type { JsonValue } from '../json.ts';
import { describeJson, inSentence } from './show.ts';

type JsonObject = { readonly [key: string]: JsonValue };

/** What is told in a sentence; the comparison shows all. */
const MAX_TOLD = 3;

/** Each way in which `actual` lacks something of `expected`: `$.user.id is missing`. */
export function differencesIn(expected: JsonValue, actual: JsonValue, path = '$'): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual))
      return [`${path} is ${inSentence(actual)} instead of ${describeJson(expected)}`];
    if (actual.length !== expected.length) {
      return [`${path} is ${describeJson(actual)} instead of ${expected.length}`];
    }
    return expected.flatMap((item, index) => differencesIn(item, actual[index], `${path}[${index}]`));
  }
  if (!isObject(expected)) {
    return expected === actual ? [] : [`${path} is ${inSentence(actual)} instead of ${inSentence(expected)}`];
  }
  if (!isObject(actual)) return [`${path} is ${inSentence(actual)} instead of ${describeJson(expected)}`];
  return Object.entries(expected).flatMap(([key, value]) => {
    const below = /^[A-Za-z_$][\w$-]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
    const inner = own(actual, key);
    return inner === undefined ? [`${below} is missing`] : differencesIn(value, inner, below);
  });
}

/** Of `actual` only what `expected` speaks of, so that a comparison of the two shows nothing else. */
export function comparedPart(expected: JsonValue, actual: JsonValue): JsonValue {
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.map((item, index) => comparedPart(item, actual[index]));
  }
  if (!isObject(expected) || !isObject(actual)) return actual;
  const entries = Object.entries(expected).flatMap(([key, value]): [string, JsonValue][] => {
    const inner = own(actual, key);
    return inner === undefined ? [] : [[key, comparedPart(value, inner)]];
  });
  return Object.fromEntries(entries);
}

export function inOneSentence(differences: readonly string[]): string {
  const told = differences.slice(0, MAX_TOLD).join(', ');
  const rest = differences.length - MAX_TOLD;
  return rest > 0 ? `${told} and ${rest} more` : told;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
