// What a scenario has beside its steps: name, function, config, timeout and variables; its own, or those that its
// file sets for all of its scenarios.
import { basename, resolve } from 'node:path';
import { isRecord } from '../../config/key-names.ts';
import type { Finding } from '../../config/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { JsonValue } from '../json.ts';
import { fillJson } from '../match/variables.ts';
import type { Scenario } from '../scenario.ts';
import { Flow } from './flow.ts';
import { KnownVariables } from './known-variables.ts';
import { isBroken, type Path, type Placed, type Reading, readJson, writtenText } from './reading.ts';
import type { TextValue } from './value-schema.ts';

/** A map in the file with settings in it: a scenario, or the file that sets them for all. */
export interface SettingsMap {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly path: Path;
}

type Settings = Pick<Scenario, 'name' | 'functionName' | 'configFile' | 'timeoutMs'>;

type At = Omit<Reading, 'flow' | 'variables' | 'branch'>;

/** `maps`: the file's own first, then the scenario's, which go before them. */
export function readSettings(maps: readonly SettingsMap[], at: At): Settings {
  const { file, readFile, report } = at;
  const timeout = setting('timeout', maps, at);
  const config = setting('config', maps, at);
  const text = (key: string): string | null => {
    const placed = setting(key, maps, at);
    return placed === null ? null : writtenText(placed.value, { path: placed.path, file });
  };
  const configFile = config === null ? null : resolve(file.dir, String(config.value));
  const content = configFile === null ? null : readFile(configFile);
  if (config !== null && content !== null && 'reason' in content) {
    const message = `Cannot read the config ${config.value}: ${content.reason}`;
    const advice = `name a config file such as ../scf.yaml, relative to ${file.name}, or remove the key`;
    report({ path: config.path, message, advice });
  }
  return {
    name: text('name') ?? nameOfFile(file.name),
    functionName: text('function'),
    configFile,
    timeoutMs: timeout === null ? null : parseDurationMs(String(timeout.value)),
  };
}

/** The innermost that is sound. */
function setting(key: string, maps: readonly SettingsMap[], { file }: At): Placed<TextValue> | null {
  const map = maps.findLast(({ raw }) => Object.hasOwn(raw, key));
  if (map === undefined) return null;
  const path = [...map.path, key];
  return isBroken(file, path) ? null : { value: map.raw[key] as TextValue, path };
}

/** The variables that steps find: `--set`, then `vars`, whose texts may use those before them, then the environment. */
export function readVariables(
  maps: readonly SettingsMap[],
  {
    set,
    environment,
    ...at
  }: At & {
    set: Readonly<Record<string, string>>;
    environment: Readonly<Record<string, string | undefined>>;
  },
): KnownVariables {
  const given = new Map<string, JsonValue>(Object.entries(set));
  const variables = new KnownVariables(given, environment);
  for (const { raw, path } of maps) {
    const vars = isRecord(raw.vars) ? raw.vars : {};
    for (const [name, value] of Object.entries(vars)) {
      if (Object.hasOwn(set, name)) continue;
      const checked = readVariable(value, { ...at, path: [...path, 'vars', name], variables });
      // One that cannot be used is known all the same: its uses are not problems of their own.
      given.set(name, checked === null ? '' : fillJson(checked, variables.values));
    }
  }
  return variables;
}

/** Null, and reported, if it cannot be used. */
function readVariable(
  value: unknown,
  { path, ...at }: At & { path: Path; variables: KnownVariables },
): JsonValue | null {
  let isSound = true;
  const report = (finding: Finding): void => {
    isSound = false;
    at.report(finding);
  };
  if (value === null) {
    const advice = 'write a value, "" for an empty text';
    report({ path, message: `vars.${path.at(-1)} has no value`, advice });
  }
  const read = readJson(value, { path, reading: { ...at, report, flow: new Flow(), branch: null } });
  if (!isSound) return null;
  // The number 1.10 would come out as 1.1 in a text.
  const written = typeof read === 'number' ? at.file.yaml.writtenAt(path) : null;
  return written === null || written === String(read) ? read : written;
}

/** `tests/echo.scenario.yaml` → `echo`. */
function nameOfFile(file: string): string {
  return basename(file).replace(/(\.scenario)?\.(ya?ml|json)$/, '');
}
