// What a scenario may say about the report of an invocation: a matcher for each of its keys. Pure.
import * as v from 'valibot';
import { END_CAUSE_KINDS } from '../../core/end-cause.ts';
import type { InvocationReport } from '../../core/invocation.ts';
import { wants } from './scenario-words.ts';
import { numberRange, text } from './value-schema.ts';

const number = v.union([v.number(), numberRange], wants('number'));
const numberOrNull = v.nullable(number);
const textOrNull = v.nullable(text);

const traffic = (direction: string) =>
  v.pipe(
    v.strictObject({ messages: v.optional(number), bytes: v.optional(number) }, wants('map')),
    v.description(`Whole messages and their bytes, ${direction}.`),
  );

const status = v.pipe(numberOrNull, v.description('The platform’s status code, such as 455.'));

/** One entry for each key of a report: the compiler sees to it that none is forgotten. */
const KEYS = {
  requestId: text,
  function: text,
  platform: text,
  statusCode: v.pipe(status, v.description('The same as status.')),
  statusBasis: v.picklist(['documented', 'observed', 'assumed'], wants('basis')),
  cause: v.pipe(v.picklist(END_CAUSE_KINDS, wants('cause')), v.description('Why it ended.')),
  closedBy: v.picklist(['client', 'function', 'platform'], wants('closedBy')),
  closeCode: v.pipe(
    numberOrNull,
    v.description('1005: a close frame without a code; 1006: none; null: it never opened.'),
  ),
  closeReason: text,
  startedAt: text,
  durationMs: v.pipe(
    number,
    v.description('From the instance being ready to the end, in ms of the platform’s clock.'),
  ),
  billedMs: number,
  initMs: v.pipe(numberOrNull, v.description('The cold start, in real ms.')),
  memoryMB: number,
  memUsageMB: numberOrNull,
  up: traffic('from client to function'),
  down: traffic('from function to client'),
  sandbox: v.strictObject(
    {
      driver: v.optional(text),
      pid: v.optional(numberOrNull),
      exit: v.optional(v.pipe(textOrNull, v.description('How the process ended: "code 1", SIGKILL …'))),
      origin: v.optional(v.nullable(v.picklist(['cold', 'provisioned', 'reused'], wants('origin')))),
    },
    wants('map'),
  ),
} satisfies Readonly<Record<keyof InvocationReport, v.GenericSchema>>;

/** Keys whose values are texts, whatever YAML takes them for. */
export const TEXT_KEYS: readonly string[] = [
  ...Object.entries(KEYS).flatMap(([key, schema]) => (schema === text ? [key] : [])),
  'driver',
  'exit',
];

type Optional<T extends Readonly<Record<string, v.GenericSchema>>> = {
  [K in keyof T]: v.OptionalSchema<T[K], undefined>;
};

function optional<T extends Readonly<Record<string, v.GenericSchema>>>(entries: T): Optional<T> {
  const all = Object.entries(entries).map(([key, schema]) => [key, v.optional(schema)]);
  return Object.fromEntries(all) as Optional<T>;
}

export const reportEntries = { status: v.optional(status), ...optional(KEYS) };
