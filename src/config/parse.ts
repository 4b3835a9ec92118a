// The text of a config file → its functions, or everything that is wrong with it at once. Pure; never throws.
import { resolve } from 'node:path';
import type { Platform } from '../platforms/platform.ts';
import { DEFAULT_PLATFORM, findPlatform, platformIds } from '../platforms/registry.ts';
import { completeConfig, folderName } from './defaults.ts';
import type { ConfigProblem, FunctionConfig } from './function-config.ts';
import { isRecord, nearest } from './key-names.ts';
import { describeValue, type Finding, sortedProblems } from './problem.ts';
import { platformFindings } from './rules.ts';
import { FUNCTION_NAME, type FunctionValues, functionSchema, functionsFileSchema } from './schema.ts';
import { validated } from './validate.ts';
import { type Position, readYaml, type YamlSource } from './yaml-source.ts';

export interface ConfigSource {
  /** As problems name it. */
  readonly file: string;
  /** The file's folder, absolute: what `src` is relative to. */
  readonly dir: string;
}

export type ParsedConfig =
  | { readonly functions: readonly FunctionConfig[] }
  | { readonly problems: readonly ConfigProblem[] };

/** A function together with the place that says where its code is. */
export interface LocatedFunction {
  readonly config: FunctionConfig;
  readonly srcPosition: Position;
}

/** One function of the file: its values, and the path of the map in which they stand. */
interface Entry {
  readonly path: readonly string[];
  readonly key: string | null;
  readonly values: FunctionValues;
}

/** The file's values: each function, and what all of them share. */
interface FileValues {
  readonly entries: readonly Entry[];
  readonly shared: Pick<FunctionValues, 'platform' | 'environment'>;
  readonly findings: readonly Finding[];
}

/** The functions of a config file, or all of its problems in the order of the file. */
export function parseConfig(text: string, source: ConfigSource): ParsedConfig {
  const { functions, problems } = parseLocated(text, source);
  return problems.length > 0 ? { problems } : { functions: functions.map(({ config }) => config) };
}

export interface LocatedConfig {
  /** With the platform's defaults in place of what is no value. */
  readonly functions: readonly LocatedFunction[];
  readonly problems: readonly ConfigProblem[];
}

/** Like `parseConfig`, for those who have more to say about a function's `src`, or something in spite of problems. */
export function parseLocated(text: string, source: ConfigSource): LocatedConfig {
  const { source: yaml, problems: syntax } = readYaml(text);
  const problems = syntax.map(({ position, ...rest }) => ({ file: source.file, ...position, ...rest }));
  if (yaml === null) return { functions: [], problems: sortedProblems(problems) };

  const file = fileValues(yaml.value ?? {});
  const read = file.entries.map(entry => readFunction(entry, { file, yaml, dir: source.dir }));
  const findings = [...file.findings, ...read.flatMap(each => each.findings), ...routeFindings(read, yaml)];
  for (const { path, message, advice } of findings) {
    problems.push({ file: source.file, ...yaml.positionOf(path), message, advice });
  }
  return {
    functions: read.map(({ config, path }) => ({
      config,
      srcPosition: yaml.positionOf([...path, 'src']),
    })),
    problems: sortedProblems(problems),
  };
}

function fileValues(raw: unknown): FileValues {
  if (isRecord(raw) && Object.hasOwn(raw, 'functions')) return severalFunctions(raw);
  const { values, findings } = validated(functionSchema, raw);
  const entries = values === null ? [] : [{ path: [], key: null, values }];
  return {
    entries,
    shared: {},
    findings: [...findings, ...platformIdFindings(values?.platform, ['platform'])],
  };
}

function severalFunctions(raw: unknown): FileValues {
  const { values, findings } = validated(functionsFileSchema, raw);
  if (values === null) return { entries: [], shared: {}, findings };
  const entries = Object.entries(values.functions).map(([key, own]) => ({
    path: ['functions', key],
    key,
    values: own ?? {},
  }));
  const isEmpty = isRecord(raw) && isRecord(raw.functions) && Object.keys(raw.functions).length === 0;
  return {
    entries,
    shared: { platform: values.platform, environment: values.environment },
    findings: [
      ...findings,
      ...(isEmpty ? [NO_FUNCTIONS] : []),
      ...platformIdFindings(values.platform, ['platform']),
      ...entries.flatMap(({ path, values: own }) => platformIdFindings(own.platform, [...path, 'platform'])),
      ...entries.flatMap(nameFindings),
    ],
  };
}

const NO_FUNCTIONS: Finding = {
  path: ['functions'],
  message: 'functions has no function',
  advice: 'write a name and, indented below it, the keys of that function',
};

function platformIdFindings(id: string | undefined, path: readonly string[]): Finding[] {
  if (id === undefined || findPlatform(id) !== null) return [];
  const meant = nearest(id, platformIds());
  const ids = platformIds().join(' or ');
  const message = `platform must be ${ids}: got ${describeValue(id)}`;
  return [{ path, message, advice: meant === null ? `write ${ids}` : `did you mean ${meant}?` }];
}

function nameFindings({ path, key, values }: Entry): Finding[] {
  if (key === null) return [];
  const findings: Finding[] = [];
  if (!FUNCTION_NAME.test(key)) {
    const message = `functions: a name must consist of letters, digits, "-" and "_": got ${describeValue(key)}`;
    findings.push({ path, message, advice: 'choose a name such as my-function_2' });
  }
  if (values.name !== undefined && values.name !== key) {
    const message = `name must be the key under functions (${key}): got ${describeValue(values.name)}`;
    findings.push({
      path: [...path, 'name'],
      message,
      advice: 'remove name: the key above it names the function',
    });
  }
  return findings;
}

interface ReadFunction {
  readonly path: readonly string[];
  readonly config: FunctionConfig;
  readonly findings: readonly Finding[];
  /** There is a route in the file, but not a path: the one in `config` is only the default. */
  readonly isRouteUnreadable: boolean;
}

function readFunction(entry: Entry, from: { file: FileValues; yaml: YamlSource; dir: string }): ReadFunction {
  const { path, key, values } = entry;
  const { shared } = from.file;
  const platform = platformOf(values.platform ?? shared.platform);
  const environment = {
    ...environmentTexts(shared.environment ?? {}, { path: ['environment'], yaml: from.yaml }),
    ...environmentTexts(values.environment ?? {}, { path: [...path, 'environment'], yaml: from.yaml }),
  };
  const isUnreadable = (name: 'idleTimeout' | 'route') =>
    values[name] === undefined && from.yaml.has([...path, name]);
  const rules = { platform, environment, isIdleTimeoutUnreadable: isUnreadable('idleTimeout') };
  const findings = platformFindings(values, rules).map(finding => {
    const own = [...path, ...finding.path];
    // A variable that only the shared environment has is wrong there.
    const isShared = finding.path[0] === 'environment' && !from.yaml.has(own);
    return isShared ? finding : { ...finding, path: own };
  });
  const { message, bandwidth, qps } = values.limits ?? {};
  const { closeGrace, terminateGrace, ...assume } = values.assume ?? {};
  const config = completeConfig({
    name: key ?? values.name ?? folderName(from.dir),
    platform,
    srcDir: resolve(from.dir, values.src ?? '.'),
    route: normalRoute(values.route ?? (key === null ? '/' : `/${key}`)),
    port: values.port,
    idleTimeoutMs: values.idleTimeout,
    executionTimeoutMs: values.timeout,
    initTimeoutMs: values.initTimeout,
    memoryMB: values.memorySize,
    maxInstances: values.maxInstances,
    provisionedConcurrency: values.provisionedConcurrency,
    reuse: values.reuse,
    hostPorts: values.hostPorts,
    network: values.network,
    environment,
    limits: { maxMessageBytes: message, maxBytesPerSecond: bandwidth, maxMessagesPerSecond: qps },
    assume: { ...assume, closeGraceMs: closeGrace, terminateGraceMs: terminateGrace },
  });
  return { path, config, findings, isRouteUnreadable: isUnreadable('route') };
}

/** For an id that is misspelt, the platform that was meant, so that the ranges can still be checked. */
function platformOf(id: string | undefined): Platform {
  if (id === undefined) return DEFAULT_PLATFORM;
  return findPlatform(id) ?? findPlatform(nearest(id, platformIds()) ?? '') ?? DEFAULT_PLATFORM;
}

/** Values as they are written: the version `1.10` must not become the number 1.1 on its way to the function. */
function environmentTexts(
  environment: Readonly<Record<string, string | number | boolean>>,
  at: { path: readonly string[]; yaml: YamlSource },
): Record<string, string> {
  const entries = Object.entries(environment).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : (at.yaml.writtenAt([...at.path, name]) ?? String(value)),
  ]);
  return Object.fromEntries(entries);
}

/** `/chat/` and `/chat` are the same place. */
function normalRoute(route: string): string {
  return route.replace(/\/+$/, '') || '/';
}

function routeFindings(read: readonly ReadFunction[], yaml: YamlSource): Finding[] {
  const firstByRoute = new Map<string, string>();
  return read.flatMap(({ path, config: { name, route }, isRouteUnreadable }): Finding[] => {
    if (isRouteUnreadable) return [];
    const first = firstByRoute.get(route);
    if (first === undefined) {
      firstByRoute.set(route, name);
      return [];
    }
    const own = [...path, 'route'];
    const message = `route ${route} belongs to ${first} already`;
    return [{ path: yaml.has(own) ? own : path, message, advice: `give ${name} a route of its own` }];
  });
}
