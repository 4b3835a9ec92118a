// Messages as people see them when one is not what was expected: short in a sentence, long enough in a comparison. Pure.
import { formatSize } from '../../core/units.ts';
import type { JsonValue } from '../json.ts';

const MAX_IN_SENTENCE = 80;
const MAX_COMPARED = 2000;
/** Shown before the first difference of long texts. */
const LEAD = 200;
const DUMPED_BYTES = 64;
const DUMP_WIDTH = 16;

/** Two texts, or as much of them as shows their first difference. */
export interface Comparison {
  readonly expected: string;
  readonly actual: string;
}

/** A text in a sentence, in quotes. */
export function quoted(text: string): string {
  const isLong = text.length > MAX_IN_SENTENCE;
  return JSON.stringify(isLong ? `${text.slice(0, wholeUpTo(text, MAX_IN_SENTENCE))}…` : text);
}

/** A JSON value in a sentence. */
export function inSentence(value: JsonValue): string {
  if (typeof value === 'string') return quoted(value);
  const text = JSON.stringify(value);
  return text.length > MAX_IN_SENTENCE ? describeJson(value) : text;
}

/** What kind of thing a JSON value is, for those who look for a part of it that is not there. */
export function describeJson(value: JsonValue): string {
  if (Array.isArray(value))
    return value.length === 1 ? 'a list of 1 item' : `a list of ${value.length} items`;
  if (typeof value !== 'object' || value === null) return inSentence(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an object without keys';
  const more = keys.length > 8 ? ' …' : '';
  return `an object with the key${keys.length === 1 ? '' : 's'} ${keys
    .slice(0, 8)
    .map(key => (/^[\w-]{1,40}$/.test(key) ? key : quoted(key)))
    .join(', ')}${more}`;
}

/** JSON on several lines, its keys in order. */
export function prettyJson(value: JsonValue): string {
  return JSON.stringify(sorted(value), null, 2);
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]): [string, JsonValue] => [key, sorted(inner)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Both texts as they are, or cut to the same window around their first difference. */
export function comparison(expected: string, actual: string): Comparison {
  if (Math.max(expected.length, actual.length) <= MAX_COMPARED) return { expected, actual };
  const start = wholeUpTo(expected, Math.max(0, firstDifference(expected, actual) - LEAD));
  return { expected: windowOf(expected, start), actual: windowOf(actual, start) };
}

function windowOf(text: string, start: number): string {
  const end = wholeUpTo(text, start + MAX_COMPARED / 2);
  const before = start > 0 ? '…' : '';
  const after = end < text.length ? '…' : '';
  return `${before}${text.slice(start, end)}${after}`;
}

/** An index at which no character is cut in two. */
function wholeUpTo(text: string, index: number): number {
  const isInside = /[\uDC00-\uDFFF]/.test(text.charAt(index));
  return isInside ? index - 1 : index;
}

/** The first index at which the two are not the same; the length of the shorter if it begins the longer. */
export function firstDifference(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) if (a[index] !== b[index]) return index;
  return shorter;
}

/** `5 B: 68 65 6c 6c 6f`, beginning with the line that has the byte `around`. */
export function hexDump(data: Buffer, around = 0): string {
  const start = Math.max(0, Math.floor(around / DUMP_WIDTH) - 1) * DUMP_WIDTH;
  const lines: string[] = [];
  for (let at = start; at < Math.min(data.length, start + DUMPED_BYTES); at += DUMP_WIDTH) {
    const row = data.subarray(at, at + DUMP_WIDTH);
    const hex = [...row].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
    const letters = row.toString('latin1').replace(/[^ -~]/g, '.');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(DUMP_WIDTH * 3 - 1)}  ${letters}`);
  }
  const before = start > 0 ? ['…'] : [];
  const after = start + DUMPED_BYTES < data.length ? ['…'] : [];
  return [exactSize(data.length), ...before, ...lines, ...after].join('\n');
}

/** `5 B`, `300 KB (307200 B)`. */
export function exactSize(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${formatSize(bytes)} (${bytes} B)`;
}
