// `$.items[0].id`: reading such a path, and what stands there in a message. Pure.
import type { JsonValue } from '../json.ts';
import type { CapturePath } from '../scenario.ts';
import { describeJson } from './show.ts';

const PART = /\.([A-Za-z_$][\w$-]*)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\]/y;

/** Null if it is not such a path. */
export function parseCapturePath(text: string): CapturePath | null {
  if (!text.startsWith('$')) return null;
  const keys: (string | number)[] = [];
  PART.lastIndex = 1;
  for (let end = 1; end < text.length; end = PART.lastIndex) {
    const match = PART.exec(text);
    if (match === null) return null;
    const [, name, index, quoted, singleQuoted] = match;
    keys.push(index === undefined ? (name ?? quoted ?? singleQuoted ?? '') : Number(index));
  }
  return { text, keys };
}

export type Captured =
  | { readonly kind: 'found'; readonly value: JsonValue }
  /** `reason` goes after "because". */
  | { readonly kind: 'missing'; readonly reason: string };

/** What stands at `path` in the text of a message. */
export function readCapture(path: CapturePath, message: string): Captured {
  const json = parseJson(message);
  if (path.keys.length === 0) return { kind: 'found', value: wholeValue(json, message) };
  if (json === undefined) return { kind: 'missing', reason: 'the message is not JSON' };
  let value: JsonValue = json;
  let reached = '$';
  for (const key of path.keys) {
    const next = childOf(value, key);
    if (next === undefined) return { kind: 'missing', reason: `${reached} is ${describeJson(value)}` };
    value = next;
    reached += typeof key === 'number' ? `[${key}]` : `.${key}`;
  }
  return { kind: 'found', value };
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // Most messages are not JSON, and that is what the caller asks.
    return undefined;
  }
}

/** The text `1.10` must not come back as 1.1: only what JSON would write the same way is taken as JSON. */
function wholeValue(json: JsonValue | undefined, message: string): JsonValue {
  if (json === undefined) return message;
  const isComposite = typeof json === 'object' && json !== null;
  return isComposite || JSON.stringify(json) === message.trim() ? json : message;
}

function childOf(value: JsonValue, key: string | number): JsonValue | undefined {
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, JsonValue>>)[key] : undefined;
}
