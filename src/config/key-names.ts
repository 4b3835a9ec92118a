// Which keys exist where, and which one was meant by a key that does not. Pure.
import { closest, distance } from 'fastest-levenshtein';
import { describeValue, type Finding, labelOf } from './problem.ts';
import { assumeSchema, expectationOf, functionSchema, functionsFileSchema, limitsSchema } from './schema.ts';

export const FUNCTION_KEYS: readonly string[] = Object.keys(functionSchema.entries);
export const LIMITS_KEYS: readonly string[] = Object.keys(limitsSchema.entries);
export const ASSUME_KEYS: readonly string[] = Object.keys(assumeSchema.entries);
export const FUNCTIONS_FILE_KEYS: readonly string[] = Object.keys(functionsFileSchema.entries);

/** What may stand at the top of a file, though not all of it at once. */
const TOP_KEYS: readonly string[] = [...FUNCTION_KEYS, 'functions'];

/** Other names of the same thing, from the platforms' own tools; lower case, without "-" and "_". */
const SYNONYMS: Readonly<Record<string, string>> = {
  env: 'environment',
  envs: 'environment',
  envvars: 'environment',
  envvariables: 'environment',
  variables: 'environment',
  memory: 'memorySize',
  mem: 'memorySize',
  memsize: 'memorySize',
  memorymb: 'memorySize',
  executiontimeout: 'timeout',
  exectimeout: 'timeout',
  functiontimeout: 'timeout',
  runtimeout: 'timeout',
  maxduration: 'timeout',
  idle: 'idleTimeout',
  wsidletimeout: 'idleTimeout',
  wsparams: 'idleTimeout',
  protocolparams: 'idleTimeout',
  initializationtimeout: 'initTimeout',
  starttimeout: 'initTimeout',
  startuptimeout: 'initTimeout',
  protocoltype: 'protocol',
  code: 'src',
  codeuri: 'src',
  dir: 'src',
  folder: 'src',
  source: 'src',
  path: 'route',
  prefix: 'route',
  functionname: 'name',
  provider: 'platform',
  concurrency: 'maxInstances',
  maxconcurrency: 'maxInstances',
  instances: 'maxInstances',
  provisioned: 'provisionedConcurrency',
  provisionedinstances: 'provisionedConcurrency',
  mininstances: 'provisionedConcurrency',
  reuseinstances: 'reuse',
  keepinstances: 'reuse',
  ports: 'hostPorts',
  forwardports: 'hostPorts',
  hostservices: 'hostPorts',
  outbound: 'network',
  internet: 'network',
  caport: 'port',
  imageport: 'port',
  assumptions: 'assume',
  quotas: 'limits',
  maxmessage: 'limits.message',
  messagesize: 'limits.message',
  maxmessagesize: 'limits.message',
  rate: 'limits.qps',
  messagespersecond: 'limits.qps',
  bytespersecond: 'limits.bandwidth',
};

/** Names that plain objects of JavaScript give a meaning of their own. */
export const UNUSABLE_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export const normal = (key: string) => key.toLowerCase().replace(/[-_]/g, '');

const letters = (word: string) => [...word].sort().join('');

/** The one of `candidates` that was probably meant, or null if none is near enough. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const byNormal = new Map(candidates.map(candidate => [normal(candidate), candidate]));
  const wanted = normal(word);
  // A long word is not near anything, and measuring it would take long.
  if (byNormal.size === 0 || wanted.length > 40) return null;
  const keys = [...byNormal.keys()];
  // Letters in the wrong order ("jsno") count as two slips each, which is too many for a short word.
  const swapped = keys.find(key => letters(key) === letters(wanted));
  if (swapped !== undefined) return byNormal.get(swapped) ?? null;
  const best = closest(wanted, keys);
  // One slip in a short word, a third of a long one: "prot" is port, "foo" is nothing.
  const allowed = Math.max(1, Math.floor(Math.min(wanted.length, best.length) / 3));
  return distance(wanted, best) <= allowed ? (byNormal.get(best) ?? null) : null;
}

/** Everything in `value` that has no place in a config; each must be taken out before the schemas look at the rest. */
export function structureFindings(value: unknown): Finding[] {
  if (!isRecord(value)) return listInPlaceOfMap(value, []);
  if (!Object.hasOwn(value, 'functions')) return functionFindings(value, []);
  const functions = value.functions;
  return [
    ...Object.keys(value)
      .filter(key => !FUNCTIONS_FILE_KEYS.includes(key))
      .map(besideFunctions),
    ...unusableNames(value.environment, ['environment']),
    ...unusableNames(functions, ['functions']),
    ...Object.entries(isRecord(functions) ? functions : {}).flatMap(([name, entry]) =>
      functionFindings(entry, ['functions', name]),
    ),
  ];
}

function functionFindings(value: unknown, path: readonly string[]): Finding[] {
  if (!isRecord(value)) return listInPlaceOfMap(value, path);
  return [
    ...unknownIn(value, { path, known: path.length === 0 ? TOP_KEYS : FUNCTION_KEYS, prefix: '' }),
    ...unknownIn(value.limits, { path: [...path, 'limits'], known: LIMITS_KEYS, prefix: 'limits.' }),
    ...unknownIn(value.assume, { path: [...path, 'assume'], known: ASSUME_KEYS, prefix: 'assume.' }),
    ...unusableNames(value.environment, [...path, 'environment']),
  ];
}

function unknownIn(
  value: unknown,
  where: { path: readonly string[]; known: readonly string[]; prefix: string },
): Finding[] {
  if (!isRecord(value)) return listInPlaceOfMap(value, where.path);
  return Object.keys(value)
    .filter(key => !where.known.includes(key))
    .map(key => unknownKey(key, where));
}

function unknownKey(
  key: string,
  where: { path: readonly string[]; known: readonly string[]; prefix: string },
): Finding {
  const path = [...where.path, key];
  const meant = meantBy(key, where);
  const label = `Unknown key ${labelOf(path)}`;
  if (key === '<<') {
    return { path, message: `${label}: merge keys are not read`, advice: 'write the merged keys out' };
  }
  if (meant === null) {
    return { path, message: label, advice: `remove it; known here: ${where.known.join(', ')}` };
  }
  const isHere = where.known.some(known => where.prefix + known === meant);
  return {
    path,
    message: `${label}: did you mean ${meant}?`,
    advice: isHere ? `rename it to ${meant.slice(where.prefix.length)}` : `write it as ${meant}`,
  };
}

/** The full name (`idleTimeout`, `limits.qps`) of what was meant: here first, then anywhere. */
function meantBy(key: string, where: { known: readonly string[]; prefix: string }): string | null {
  const here = nearest(key, where.known);
  if (here !== null && normal(here) === normal(key)) return where.prefix + here;
  const word = normal(key);
  if (Object.hasOwn(SYNONYMS, word)) return SYNONYMS[word] ?? null;
  const everywhere = [
    ...FUNCTION_KEYS,
    ...LIMITS_KEYS.map(known => `limits.${known}`),
    ...ASSUME_KEYS.map(known => `assume.${known}`),
  ];
  const elsewhere = everywhere.find(full => normal(full.slice(full.indexOf('.') + 1)) === word);
  if (elsewhere !== undefined) return elsewhere;
  return here === null ? null : where.prefix + here;
}

function besideFunctions(key: string): Finding {
  if (!FUNCTION_KEYS.includes(key)) {
    return unknownKey(key, { path: [], known: FUNCTIONS_FILE_KEYS, prefix: '' });
  }
  return {
    path: [key],
    message: `${key} cannot stand beside functions`,
    advice: 'move it into each function that needs it; shared are only platform and environment',
  };
}

function unusableNames(value: unknown, path: readonly string[]): Finding[] {
  if (!isRecord(value)) return listInPlaceOfMap(value, path);
  return UNUSABLE_NAMES.filter(name => Object.hasOwn(value, name)).map(name => ({
    path: [...path, name],
    message: `${labelOf([...path, name])} is a name that scf-ws cannot use`,
    advice: 'choose another name',
  }));
}

/** valibot takes a list for a map with the keys 0, 1, 2. */
function listInPlaceOfMap(value: unknown, path: readonly string[]): Finding[] {
  if (!Array.isArray(value)) return [];
  const { must, advice } = expectationOf('map');
  return [{ path, message: `${labelOf(path)} ${must}: got ${describeValue(value)}`, advice }];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
