// Is a message what a scenario expects, and if not, what differs; what is captured from it. Pure.
import { cannotHappen } from '../../core/never.ts';
import type { ReplayedMatcher } from '../har/replayed-message.ts';
import { compareReplayed } from '../har/replayed-message.ts';
import type { JsonValue } from '../json.ts';
import type { Capture, ExpectedMessage, Matcher, Template, Variables } from '../scenario.ts';
import { parseJson, readCapture } from './capture.ts';
import { comparedPart, differencesIn, inOneSentence } from './match-json.ts';
import { comparison, exactSize, firstDifference, hexDump, prettyJson, quoted } from './show.ts';
import { fillJson, fillText } from './variables.ts';

export type MatchResult =
  | { readonly ok: true; readonly captured: Variables }
  | ({ readonly ok: false } & Mismatch);

export interface Mismatch {
  /** One sentence: what was expected and what came instead. */
  readonly reason: string;
  /** Fit to be compared line by line; null where there is nothing to compare. */
  readonly expected: string | null;
  readonly actual: string | null;
  /** The message is as expected, but this capture finds nothing in it. */
  readonly capture: Capture | null;
}

export interface ReceivedMessage {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A message against all that is expected of it. */
export function matchMessage(
  expected: ExpectedMessage,
  message: ReceivedMessage,
  variables: Variables,
): MatchResult {
  const mismatch =
    kindMismatch(expected, message, variables) ?? contentMismatch(expected.matcher, message.data, variables);
  if (mismatch !== null) return { ok: false, ...mismatch };
  const text = message.data.toString();
  const captured = new Map<string, JsonValue>(namedGroups(expected.matcher, text, variables));
  for (const capture of expected.capture) {
    const found = readCapture(capture.path, text);
    if (found.kind === 'missing') return { ok: false, ...nothingCaptured(capture, found.reason, message) };
    captured.set(capture.name, found.value);
  }
  return { ok: true, captured };
}

/** A close reason or the body of an answer; null if it is as expected. */
export function matchText(matcher: Matcher, text: string, variables: Variables): Mismatch | null {
  return contentMismatch(matcher, Buffer.from(text), variables);
}

function kindMismatch(
  { isBinary, matcher }: ExpectedMessage,
  message: ReceivedMessage,
  variables: Variables,
): Mismatch | null {
  if (isBinary === null || isBinary === message.isBinary) return null;
  const [wanted, got] = isBinary ? ['binary', 'text'] : ['text', 'binary'];
  const advice = isBinary ? '' : '; if that is meant, add binary: true';
  const size = exactSize(message.data.length);
  const reason = `expected a ${wanted} message, got a ${got} one of ${size}${advice}`;
  const actual = message.isBinary ? hexDump(message.data) : message.data.toString();
  const expected = matcher.kind === 'text' ? fillText(matcher.text, variables) : `a ${wanted} message`;
  return mismatchOf(reason, comparison(expected, actual));
}

/** Null if the content is as expected. */
function contentMismatch(matcher: Matcher, data: Buffer, variables: Variables): Mismatch | null {
  switch (matcher.kind) {
    case 'text':
      return textMismatch(fillText(matcher.text, variables), data.toString());
    case 'json':
      return jsonMismatch(fillJson(matcher.value, variables), data.toString());
    case 'regex':
      return regexMismatch(regexOf(matcher, variables), data.toString());
    case 'base64':
      return bytesMismatch(Buffer.from(matcher.data, 'base64'), data);
    case 'file':
      return fileMismatch(matcher.content, data);
    case 'size':
      return sizeMismatch(matcher, data);
    case 'replayed':
      return replayedMismatch(matcher, data.toString());
    case 'any':
      return null;
    default:
      return cannotHappen(matcher);
  }
}

function textMismatch(expected: string, actual: string): Mismatch | null {
  if (expected === actual) return null;
  const reason =
    quoted(expected) === quoted(actual)
      ? `expected another text: the two differ from character ${firstDifference(expected, actual) + 1} on`
      : `expected ${quoted(expected)}, got ${quoted(actual)}`;
  return mismatchOf(reason, comparison(expected, actual));
}

function jsonMismatch(expected: JsonValue, text: string): Mismatch | null {
  const actual = parseJson(text);
  if (actual === undefined) {
    const reason = `expected JSON, got text that is not JSON: ${quoted(text)}`;
    return mismatchOf(reason, comparison(prettyJson(expected), text));
  }
  const differences = differencesIn(expected, actual);
  if (differences.length === 0) return null;
  const compared = prettyJson(comparedPart(expected, actual));
  return mismatchOf(inOneSentence(differences), comparison(prettyJson(expected), compared));
}

function replayedMismatch(matcher: ReplayedMatcher, text: string): Mismatch | null {
  const compared = compareReplayed(matcher, text);
  if (compared.kind === 'same') return null;
  if (compared.kind === 'text') return textMismatch(matcher.text, text);
  return mismatchOf(compared.reason, comparison(compared.expected, compared.actual));
}

function regexMismatch(regex: RegExp, text: string): Mismatch | null {
  if (regex.test(text)) return null;
  const reason = `expected a text that matches ${regex}, got ${quoted(text)}`;
  return mismatchOf(reason, comparison(String(regex), text));
}

function fileMismatch(expected: Buffer, actual: Buffer): Mismatch | null {
  if (expected.equals(actual)) return null;
  const areTexts = [expected, actual].every(data => Buffer.from(data.toString()).equals(data));
  return areTexts ? textMismatch(expected.toString(), actual.toString()) : bytesMismatch(expected, actual);
}

function bytesMismatch(expected: Buffer, actual: Buffer): Mismatch | null {
  if (expected.equals(actual)) return null;
  const first = firstDifference(expected, actual);
  const sizes = `expected ${exactSize(expected.length)}, got ${exactSize(actual.length)}`;
  const reason = `${sizes}: the two differ from byte ${first + 1} on`;
  return mismatchOf(reason, { expected: hexDump(expected, first), actual: hexDump(actual, first) });
}

function sizeMismatch(range: Matcher & { kind: 'size' }, { length }: Buffer): Mismatch | null {
  const { minBytes, maxBytes } = range;
  if (length >= minBytes && length <= maxBytes) return null;
  const wanted =
    minBytes === maxBytes
      ? exactSize(minBytes)
      : maxBytes === Number.POSITIVE_INFINITY
        ? `${exactSize(minBytes)} or more`
        : `${exactSize(minBytes)} to ${exactSize(maxBytes)}`;
  const actual = exactSize(length);
  return mismatchOf(`expected a message of ${wanted}, got one of ${actual}`, { expected: wanted, actual });
}

function nothingCaptured({ name, path, at }: Capture, why: string, message: ReceivedMessage): Mismatch {
  const text = message.data.toString();
  const json = parseJson(text);
  return {
    reason: `${name} cannot be captured: there is nothing at ${path.text}, because ${why}`,
    expected: null,
    actual: json === undefined ? text : prettyJson(json),
    capture: { name, path, at },
  };
}

function mismatchOf(reason: string, compared: { expected: string; actual: string }): Mismatch {
  return { reason, ...compared, capture: null };
}

/** Compiles with any values: they stand for themselves. */
function regexOf({ pattern, flags }: Matcher & { kind: 'regex' }, variables: Variables): RegExp {
  return new RegExp(fillPattern(pattern, variables), flags);
}

/** A pattern with each variable's value in its place, as literal text. */
export function fillPattern(pattern: Template, variables: Variables): string {
  // `\-` is an error under the flag u.
  const literal = (value: string) => value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll('-', '\\x2d');
  return fillText(pattern, variables, literal);
}

function namedGroups(matcher: Matcher, text: string, variables: Variables): [string, JsonValue][] {
  if (matcher.kind !== 'regex') return [];
  const groups = regexOf(matcher, variables).exec(text)?.groups ?? {};
  return Object.entries(groups).map(([name, value]) => [name, value ?? null]);
}
