// The shape of a config file, key by key. Pure. What depends on the platform or on two keys at once is in rules.ts.
import * as v from 'valibot';
import { parseDurationMs, parseSizeBytes } from '../core/units.ts';

/** What a value must be, in the words of the problem, and what to do when it is not. */
interface Expectation {
  readonly must: string;
  readonly advice: string;
}

const EXPECTATIONS = {
  text: { must: 'must be text', advice: 'write it in quotes if it looks like a number' },
  name: {
    must: 'must consist of letters, digits, "-" and "_"',
    advice: 'choose a name such as my-function_2',
  },
  route: {
    must: 'must be a path that begins with "/"',
    advice: 'write a path such as / or /chat, without spaces, "?" and "#"',
  },
  protocol: { must: 'must be WS or HTTP', advice: 'write protocol: WS, or remove the key' },
  port: { must: 'must be a port number', advice: 'write a whole number from 1 to 65535' },
  hostPorts: {
    must: 'must be a list of port numbers',
    advice: 'write a list such as [6379]',
  },
  network: {
    must: 'must be outbound or none',
    advice: 'write outbound for the network that this machine has, or none',
  },
  duration: {
    must: 'must be a duration',
    advice: 'write seconds (60) or a number with a unit (500ms, 60s, 2m)',
  },
  memory: {
    must: 'must be a memory size',
    advice: 'write megabytes (128) or a number with a unit (128MB, 1GB)',
  },
  count: { must: 'must be a whole number from 1 on, or none', advice: 'write a number such as 10, or none' },
  provisioned: { must: 'must be a whole number from 0 on', advice: 'write a number such as 2' },
  size: {
    must: 'must be a size above zero, or none',
    advice: 'write bytes (4096) or a number with a unit (256KB); none lifts the limit',
  },
  bandwidth: {
    must: 'must be a size per second above zero, or none',
    advice: 'write bytes (4096) or a number with a unit (128KB/s); none lifts the limit',
  },
  qps: {
    must: 'must be a number above zero, or none',
    advice: 'write a number such as 10; none lifts the limit',
  },
  closeCode: {
    must: 'must be a close code that may be sent',
    advice: 'write a number from 1000 to 4999 other than 1005, 1006 and 1015',
  },
  closeCodeOrNone: {
    must: 'must be a close code that may be sent, or none',
    advice: 'write a number from 1000 to 4999 other than 1005, 1006 and 1015; none cuts the connection',
  },
  boolean: { must: 'must be true or false', advice: 'write true or false, without quotes' },
  variable: {
    must: 'must be text, a number, true or false',
    advice: 'an environment variable is one text; write structured data as JSON in quotes',
  },
  map: { must: 'must be a map of keys and values', advice: 'write "key: value" lines, indented below it' },
} as const satisfies Readonly<Record<string, Expectation>>;

type ExpectationId = keyof typeof EXPECTATIONS;

/** The schemas carry the id of an expectation as their message; this gives its words. */
export function expectationOf(message: string): Expectation {
  return Object.hasOwn(EXPECTATIONS, message)
    ? EXPECTATIONS[message as ExpectationId]
    : { must: `is not valid (${message})`, advice: 'compare with scf.yaml.example' };
}

const wants = (id: ExpectationId): ExpectationId => id;

export const FUNCTION_NAME = /^[A-Za-z0-9_-]+$/;

const ROUTE = /^\/[^\s?#]*$/;

/** Codes that no close frame may carry (RFC 6455 §7.4.1). */
const NEVER_SENT = [1005, 1006, 1015];

function quantity(id: ExpectationId, parse: (text: string) => number | null) {
  return v.pipe(
    v.union([v.number(), v.string()], wants(id)),
    v.rawTransform<string | number, number>(({ dataset, addIssue, NEVER }) => {
      const value = parse(String(dataset.value));
      if (value !== null && Number.isFinite(value)) return value;
      addIssue({ message: wants(id) });
      return NEVER;
    }),
  );
}

const none = v.pipe(
  v.literal('none'),
  v.transform(() => null),
);

function limit(id: ExpectationId, parse: (text: string) => number | null) {
  return v.union([none, v.pipe(quantity(id, parse), v.minValue(Number.MIN_VALUE, wants(id)))], wants(id));
}

function parseMemoryMB(text: string): number | null {
  // A bare number is megabytes, as in the platforms' own configs.
  const bytes = parseSizeBytes(/[a-z]\s*$/i.test(text) ? text : `${text}MB`);
  return bytes === null ? null : bytes / 1024 ** 2;
}

const duration = quantity('duration', parseDurationMs);

const rate = v.pipe(
  v.number(wants('qps')),
  v.finite(wants('qps')),
  v.minValue(Number.MIN_VALUE, wants('qps')),
);

function closeCode(id: ExpectationId) {
  return v.pipe(
    v.number(wants(id)),
    v.integer(wants(id)),
    v.minValue(1000, wants(id)),
    v.maxValue(4999, wants(id)),
    v.notValues(NEVER_SENT, wants(id)),
  );
}

const environmentSchema = v.record(
  v.string(),
  v.union([v.string(), v.number(), v.boolean()], wants('variable')),
  wants('map'),
);

export const limitsSchema = v.strictObject(
  {
    message: v.optional(limit('size', parseSizeBytes)),
    bandwidth: v.optional(limit('bandwidth', text => parseSizeBytes(text.replace(/\/s\s*$/i, '')))),
    qps: v.optional(v.union([none, rate], wants('qps'))),
  },
  wants('map'),
);

export const assumeSchema = v.strictObject(
  {
    controlFramesResetIdle: v.optional(v.boolean(wants('boolean'))),
    timeoutCloseCode: v.optional(v.union([none, closeCode('closeCodeOrNone')], wants('closeCodeOrNone'))),
    messageTooBigCloseCode: v.optional(closeCode('closeCode')),
    rateExceededCloseCode: v.optional(closeCode('closeCode')),
    closeGrace: v.optional(duration),
    terminateGrace: v.optional(duration),
  },
  wants('map'),
);

const platform = v.pipe(v.string(wants('text')), v.nonEmpty(wants('text')));

const port = v.pipe(
  v.number(wants('port')),
  v.integer(wants('port')),
  v.minValue(1, wants('port')),
  v.maxValue(65_535, wants('port')),
);

const hostPorts = v.pipe(
  v.array(port, wants('hostPorts')),
  v.transform(ports => [...new Set(ports)]),
);

const count = v.pipe(v.number(wants('count')), v.integer(wants('count')), v.minValue(1, wants('count')));

/** One function: the whole file, or one entry under `functions:`. A map without entries counts as left out. */
export const functionSchema = v.strictObject(
  {
    name: v.optional(v.pipe(v.string(wants('name')), v.regex(FUNCTION_NAME, wants('name')))),
    platform: v.optional(platform),
    src: v.optional(v.pipe(v.string(wants('text')), v.nonEmpty(wants('text')))),
    route: v.optional(v.pipe(v.string(wants('route')), v.regex(ROUTE, wants('route')))),
    protocol: v.optional(v.picklist(['WS', 'HTTP'], wants('protocol'))),
    port: v.optional(port),
    idleTimeout: v.optional(duration),
    timeout: v.optional(duration),
    initTimeout: v.optional(duration),
    memorySize: v.optional(quantity('memory', parseMemoryMB)),
    maxInstances: v.optional(v.union([none, count], wants('count'))),
    provisionedConcurrency: v.optional(
      v.pipe(
        v.number(wants('provisioned')),
        v.integer(wants('provisioned')),
        v.minValue(0, wants('provisioned')),
      ),
    ),
    reuse: v.optional(v.boolean(wants('boolean'))),
    hostPorts: v.optional(hostPorts),
    network: v.optional(v.picklist(['outbound', 'none'], wants('network'))),
    environment: v.nullish(environmentSchema),
    limits: v.nullish(limitsSchema),
    assume: v.nullish(assumeSchema),
  },
  wants('map'),
);

/** A file with several functions. Beside `functions:` stand only defaults that all of them share. */
export const functionsFileSchema = v.strictObject(
  {
    platform: v.optional(platform),
    environment: v.nullish(environmentSchema),
    functions: v.record(v.string(), v.nullish(functionSchema), wants('map')),
  },
  wants('map'),
);

/** A function's keys once validated: durations in ms, sizes in bytes, memory in MB, `none` as null. */
export type FunctionValues = v.InferOutput<typeof functionSchema>;
