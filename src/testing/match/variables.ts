// `${name}` in texts and JSON values: which variables they need, and the values put in. Pure.
import type { JsonValue } from '../json.ts';
import type { Template, Variables } from '../scenario.ts';

/** `$${` is a literal `${`. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)(\}?)/g;

export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface Reference {
  /** As it is written: `${name}`. */
  readonly text: string;
  /** Null if it is not a name between braces. */
  readonly name: string | null;
}

/** Every `${…}` of a text, in order. */
export function referencesIn(template: Template): Reference[] {
  return [...template.matchAll(REFERENCE)].flatMap(([text, name, end]) => {
    if (name === undefined) return [];
    return [{ text, name: end === '}' && VARIABLE_NAME.test(name) ? name : null }];
  });
}

/** The text with each variable's value in its place; `encode` makes the value fit for what the text is. */
export function fillText(
  template: Template,
  variables: Variables,
  encode: (value: string) => string = value => value,
): string {
  return template.replace(REFERENCE, (_, name?: string) =>
    name === undefined ? '${' : encode(textOf(variableIn(name, variables))),
  );
}

/** The same for every text in a JSON value; one that is exactly `${name}` becomes the variable's value with its type. */
export function fillJson(value: JsonValue, variables: Variables): JsonValue {
  if (typeof value === 'string') {
    const [only] = referencesIn(value);
    const isWhole = only !== undefined && only.text === value && only.name !== null;
    return isWhole ? variableIn(only.name, variables) : fillText(value, variables);
  }
  if (Array.isArray(value)) return value.map((item: JsonValue) => fillJson(item, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillJson(inner, variables)]));
}

/** A value in the middle of a text: a text as it is, anything else as JSON. */
function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function variableIn(name: string, variables: Variables): JsonValue {
  const value = variables.get(name);
  // The reader has seen to it that something before the step sets it.
  if (value === undefined) throw new Error(`No value for the variable ${name}`);
  return value;
}
