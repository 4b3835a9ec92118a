// The values that steps are made of: names, texts, durations, sizes, messages. Pure. No schema changes a value: it
// says what may be written, and read-*.ts what that means, so that the same schema serves for editors.
import * as v from 'valibot';
import { parseDurationMs, parseSizeBytes } from '../../core/units.ts';
import { parseCapturePath } from '../match/capture.ts';
import { VARIABLE_NAME } from '../match/variables.ts';
import { type ExpectationId, wants } from './scenario-words.ts';

/** A thousand times what the platform lets pass, and within what a process can hold. */
const MAX_SIZE_BYTES = 256 * 1024 ** 2;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CLIENT_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** Or with a variable at its beginning. */
const PATH = /^(\/|\$\{)[^\s#]*$/;

/** Text; `1.10` and `true` count as they are written. */
export const text = v.union([v.string(), v.number(), v.boolean()], wants('text'));

export const clientName = v.pipe(v.string(wants('client')), v.regex(CLIENT_NAME, wants('client')));

export const variableName = v.pipe(v.string(), v.regex(VARIABLE_NAME, wants('variable')));

// The patterns are for editors; what counts is how core reads them.
const DURATION = /^\s*\d+(\.\d+)?\s*([mM]?[sS]|[mM]([iI][nN])?|[hH])?\s*$/;
const SIZE = /^\s*\d+(\.\d+)?\s*[kKmMgG]?([iI]?[bB])?\s*$/;

export const duration = v.pipe(
  quantity(DURATION, 'duration'),
  v.check(value => isFiniteQuantity(parseDurationMs(String(value))), wants('duration')),
);

const size = v.pipe(
  quantity(SIZE, 'size'),
  v.check(value => isSize(parseSizeBytes(String(value))), wants('size')),
);

function quantity(pattern: RegExp, id: ExpectationId) {
  return v.union(
    [v.pipe(v.number(), v.minValue(0, wants(id))), v.pipe(v.string(), v.regex(pattern, wants(id)))],
    wants(id),
  );
}

function isFiniteQuantity(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function isSize(bytes: number | null): boolean {
  return isFiniteQuantity(bytes) && bytes <= MAX_SIZE_BYTES;
}

/** At least one end, and not the wrong way round. */
export const numberRange = v.pipe(
  v.strictObject({ min: v.optional(v.number(wants('number'))), max: v.optional(v.number(wants('number'))) }),
  v.check(
    ({ min, max }) =>
      (min !== undefined || max !== undefined) &&
      (min ?? Number.NEGATIVE_INFINITY) <= (max ?? Number.POSITIVE_INFINITY),
    wants('range'),
  ),
);

const sizeRange = v.pipe(
  v.strictObject({ min: v.optional(size), max: v.optional(size) }),
  v.check(({ min, max }) => {
    const bytes = (end: number | string | undefined, without: number): number =>
      end === undefined ? without : (parseSizeBytes(String(end)) ?? without);
    const isEmpty = min === undefined && max === undefined;
    return !isEmpty && bytes(min, 0) <= bytes(max, Number.POSITIVE_INFINITY);
  }, wants('range')),
);

function codesFrom(min: number, max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

/** RFC 6455 §7.4: 1004 and 1015 to 2999 are reserved, and 1005 and 1006 are never sent. */
export const closeCode = v.union(
  [codesFrom(1000, 1003), codesFrom(1007, 1014), codesFrom(3000, 4999)],
  wants('closeCode'),
);

export const seenCloseCode = v.pipe(
  v.number(wants('seenCloseCode')),
  v.integer(wants('seenCloseCode')),
  v.minValue(1000, wants('seenCloseCode')),
  v.maxValue(4999, wants('seenCloseCode')),
);

export const httpStatus = v.pipe(
  v.number(wants('status')),
  v.integer(wants('status')),
  v.minValue(100, wants('status')),
  v.maxValue(999, wants('status')),
);

export const path = v.pipe(v.string(wants('path')), v.regex(PATH, wants('path')));

export const headers = v.record(
  v.pipe(v.string(), v.regex(HEADER_NAME, wants('headerName'))),
  v.pipe(
    text,
    v.check(value => !/[\r\n\0]/.test(String(value)), wants('header')),
  ),
  wants('map'),
);

export const subprotocols = v.pipe(
  v.array(
    v.pipe(v.string(wants('subprotocols')), v.regex(HEADER_NAME, wants('subprotocols'))),
    wants('subprotocols'),
  ),
  v.check(names => new Set(names).size === names.length, wants('subprotocols')),
);

export const fileName = v.pipe(v.string(wants('filePath')), v.nonEmpty(wants('filePath')));

export const capture = v.record(
  variableName,
  v.pipe(
    v.string(wants('capturePath')),
    v.check(value => parseCapturePath(value) !== null, wants('capturePath')),
  ),
  wants('capture'),
);

const binary = v.optional(
  v.pipe(
    v.boolean(wants('boolean')),
    v.description('True: a binary message. Left out: text, except for base64.'),
  ),
);

const json = v.pipe(v.unknown(), v.description('Any JSON value.'));
const base64 = v.pipe(
  v.string(wants('base64')),
  v.base64(wants('base64')),
  v.description('Bytes in base64: a binary message.'),
);
const file = v.pipe(
  fileName,
  v.description('The content of a file, as it is; the path is relative to the file it stands in.'),
);
const flags = v.pipe(
  v.string(wants('flags')),
  v.regex(/^[imsu]*$/, wants('flags')),
  v.description('Flags of the regular expression, such as i.'),
);

type Entries = v.ObjectEntries;

/** What `send` may send: its forms, each with what may stand beside it. */
export function outgoing<const E extends Entries>(beside: E) {
  const more = { binary, ...beside };
  return v.union(
    [
      text,
      v.strictObject({
        text: v.pipe(text, v.description('The text, also where YAML would take it for a map.')),
        ...more,
      }),
      v.strictObject({ json, ...more }),
      v.strictObject({ base64, ...more }),
      v.strictObject({ size: v.pipe(size, v.description('So many bytes, each a letter.')), ...more }),
      v.strictObject({ file, ...more }),
    ],
    wants('outgoing'),
  );
}

const matches = v.pipe(
  v.string(wants('text')),
  v.description('A regular expression (JavaScript); its named groups become variables.'),
);

const partialJson = v.pipe(
  v.unknown(),
  v.description('JSON that has at least these keys; lists must have the same length.'),
);

/** What a message may be expected to be. */
export function expected<const E extends Entries>(beside: E) {
  const more = { binary, ...beside };
  return v.union(
    [
      text,
      v.strictObject({ text: v.pipe(text, v.description('Exactly this text.')), ...more }),
      v.strictObject({ json: partialJson, ...more }),
      v.strictObject({ matches, flags: v.optional(flags), ...more }),
      v.strictObject({ base64, ...more }),
      v.strictObject({
        size: v.pipe(
          v.union([size, sizeRange], wants('sizeOrRange')),
          v.description('So many bytes, or { min, max }.'),
        ),
        ...more,
      }),
      v.strictObject({ file, ...more }),
      v.strictObject(more),
    ],
    wants('expected'),
  );
}

const plainOutgoing = outgoing({});
const plainExpected = expected({});

/** Whatever may stand beside them. */
export type OutgoingValue = v.InferOutput<typeof plainOutgoing>;
export type ExpectedValue = v.InferOutput<typeof plainExpected>;
export type TextValue = v.InferOutput<typeof text>;
export type SizeValue = v.InferOutput<typeof size>;
export type RangeValue<T> = { readonly min?: T | undefined; readonly max?: T | undefined };

/** A text that is not a message: the reason of a close, the body of an answer. */
export const expectedText = v.union(
  [
    text,
    v.strictObject({ text: v.pipe(text, v.description('Exactly this text.')) }),
    v.strictObject({ json: partialJson }),
    v.strictObject({ matches, flags: v.optional(flags) }),
  ],
  wants('expectedText'),
);
