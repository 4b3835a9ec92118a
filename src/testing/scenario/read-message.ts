// What is sent, and what is expected: from the values of a file, which its schema has found sound, to messages and
// matchers. Findings are what no schema can see: regular expressions, files, variables.
import { resolve } from 'node:path';
import { parseSizeBytes } from '../../core/units.ts';
import { parseCapturePath } from '../match/capture.ts';
import { fillPattern } from '../match/match.ts';
import { referencesIn } from '../match/variables.ts';
import type { Capture, ExpectedMessage, FileContent, Matcher, OutgoingMessage } from '../scenario.ts';
import { type Path, type Placed, positionOf, type Reading, readJson, readText } from './reading.ts';
import type { ExpectedValue, OutgoingValue, RangeValue, SizeValue, TextValue } from './value-schema.ts';

interface At {
  readonly path: Path;
  readonly reading: Reading;
}

const below = ({ path, reading }: At, key: string): At => ({ path: [...path, key], reading });

/** Null, and reported, if it names a file that cannot be read. */
export function readOutgoing(value: OutgoingValue, at: At): OutgoingMessage | null {
  if (typeof value !== 'object') return { kind: 'text', text: readText(value, at), isBinary: false };
  const isBinary = value.binary ?? 'base64' in value;
  if ('text' in value) return { kind: 'text', text: readText(value.text, below(at, 'text')), isBinary };
  if ('json' in value) return { kind: 'json', value: readJson(value.json, below(at, 'json')), isBinary };
  if ('base64' in value) return { kind: 'base64', data: value.base64, isBinary };
  if ('size' in value) return { kind: 'size', bytes: sizeBytes(value.size), isBinary };
  const file = readContent(value.file, below(at, 'file'));
  return file === null ? null : { ...file, isBinary };
}

/** A message that is expected; `captures` stand beside it or inside of it. */
export function readExpected(
  value: ExpectedValue,
  { captures, ...at }: At & { captures: Placed<Readonly<Record<string, string>>> | null },
): ExpectedMessage | null {
  const matcher = readMatcher(value, at);
  const capture = captures === null ? [] : readCaptures(captures, at.reading);
  if (matcher === null) return null;
  const position = positionOf(at.reading.file, at.path);
  return { matcher, isBinary: expectedKind(value), capture, at: position };
}

/** Text is not binary, base64 is; a size says nothing about it. */
function expectedKind(value: ExpectedValue): boolean | null {
  if (typeof value !== 'object') return false;
  if (value.binary !== undefined) return value.binary;
  if ('base64' in value) return true;
  return 'text' in value || 'json' in value || 'matches' in value || 'file' in value ? false : null;
}

/** Null, and reported, if it cannot be used. */
export function readMatcher(value: ExpectedValue, at: At): Matcher | null {
  if (typeof value !== 'object') return { kind: 'text', text: readText(value, at) };
  if ('text' in value) return { kind: 'text', text: readText(value.text, below(at, 'text')) };
  if ('json' in value) return { kind: 'json', value: readJson(value.json, below(at, 'json')) };
  if ('matches' in value) return readRegex(value.matches, value.flags ?? '', below(at, 'matches'));
  if ('base64' in value) return { kind: 'base64', data: value.base64 };
  if ('size' in value) return { kind: 'size', ...sizeRange(value.size) };
  return 'file' in value ? readContent(value.file, below(at, 'file')) : { kind: 'any' };
}

function readRegex(pattern: string, flags: string, at: At): Matcher | null {
  const { flow, report } = at.reading;
  readText(pattern, at);
  const groups = groupsOf(pattern, flags);
  if ('reason' in groups) {
    const message = `matches must be a regular expression: ${groups.reason}`;
    const advice = 'correct it; a character with a meaning of its own stands for itself after a "\\"';
    report({ path: at.path, message, advice });
    return null;
  }
  for (const name of groups.names) flow.capture(name);
  return { kind: 'regex', pattern, flags };
}

/** The names of a pattern's groups, or why it does not compile. */
function groupsOf(pattern: string, flags: string): { names: readonly string[] } | { reason: string } {
  // Whatever the values will be: they are put in as literal text.
  const names = referencesIn(pattern).flatMap(({ name }) => (name === null ? [] : [name]));
  if (referencesIn(pattern).some(({ name }) => name === null)) return { names: [] };
  const filled = fillPattern(pattern, new Map(names.map(name => [name, 'x'])));
  try {
    // With an empty alternative it matches anything, and so tells its groups.
    const match = new RegExp(`(?:${filled})|`, flags).exec('');
    return { names: Object.keys(match?.groups ?? {}) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { reason: text.replace(/^Invalid regular expression: .*: /s, '') };
  }
}

export function readCaptures(
  captures: Placed<Readonly<Record<string, string>>>,
  reading: Reading,
): Capture[] {
  return Object.entries(captures.value).flatMap(([name, text]) => {
    reading.flow.capture(name);
    const path = parseCapturePath(text);
    const at = positionOf(reading.file, [...captures.path, name]);
    return path === null ? [] : [{ name, path, at }];
  });
}

function readContent(name: string, { path, reading }: At): FileContent | null {
  const absolute = resolve(reading.file.dir, name);
  const file = reading.readFile(absolute);
  if ('content' in file) return { kind: 'file', path: absolute, content: file.content };
  const message = `Cannot read ${name}: ${file.reason}`;
  reading.report({ path, message, advice: `name a file, relative to ${reading.file.name}` });
  return null;
}

function sizeRange(size: SizeValue | RangeValue<SizeValue>): { minBytes: number; maxBytes: number } {
  if (typeof size !== 'object') return { minBytes: sizeBytes(size), maxBytes: sizeBytes(size) };
  return {
    minBytes: size.min === undefined ? 0 : sizeBytes(size.min),
    maxBytes: size.max === undefined ? Number.POSITIVE_INFINITY : sizeBytes(size.max),
  };
}

function sizeBytes(size: SizeValue): number {
  return parseSizeBytes(String(size)) ?? 0;
}

/** Bytes that fit in a control frame with what else it carries (RFC 6455 §5.5); a text with variables is not known yet. */
export function checkControlText(
  value: TextValue,
  { most, what, ...at }: At & { most: number; what: string },
): string {
  const text = readText(value, at);
  const bytes = Buffer.byteLength(text);
  if (bytes > most && referencesIn(text).length === 0) {
    const message = `${what} must have at most ${most} bytes: got ${bytes}`;
    at.reading.report({ path: at.path, message, advice: 'shorten it' });
  }
  return text;
}
