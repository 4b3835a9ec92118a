// Timeouts from the command line over those of the config. Pure. They may leave the platform's ranges, but never silently.
import type { Range } from '../platforms/platform.ts';
import type { FunctionConfig } from './function-config.ts';
import { formatFlagDuration, formatSeconds } from './problem.ts';
import { isWithin } from './rules.ts';

export interface Overrides {
  readonly idleTimeoutMs?: number;
  readonly executionTimeoutMs?: number;
  readonly initTimeoutMs?: number;
}

/** The config with the overrides in place, and a line for people about each one that the platform would not take. */
export function applyOverrides(
  config: FunctionConfig,
  overrides: Overrides,
): { config: FunctionConfig; notices: string[] } {
  const { platform } = config;
  const overridden: FunctionConfig = {
    ...config,
    idleTimeoutMs: overrides.idleTimeoutMs ?? config.idleTimeoutMs,
    executionTimeoutMs: overrides.executionTimeoutMs ?? config.executionTimeoutMs,
    initTimeoutMs: overrides.initTimeoutMs ?? config.initTimeoutMs,
  };
  const given = [
    { flag: '--idle-timeout', ms: overrides.idleTimeoutMs, setting: platform.idleTimeoutS },
    { flag: '--timeout', ms: overrides.executionTimeoutMs, setting: platform.executionTimeoutS },
    { flag: '--init-timeout', ms: overrides.initTimeoutMs, setting: platform.initTimeoutS },
  ];
  const outside = given.flatMap(({ flag, ms, setting }) => {
    const range = setting.range.value;
    if (ms === undefined || isWithin(range, ms / 1000)) return [];
    const allowed = `outside what ${platform.id} allows (${formatRange(range)})`;
    return [`${flag} ${formatFlagDuration(ms)} is ${allowed}: fine for an experiment, not deployable`];
  });
  return { config: overridden, notices: [...outside, ...orderNotices(overridden, overrides)] };
}

function formatRange({ min, max }: Range): string {
  return max === null ? `at least ${min} s` : `${min} s to ${max} s`;
}

function orderNotices(config: FunctionConfig, overrides: Overrides): string[] {
  const { idleTimeoutMs: idleMs, executionTimeoutMs: executionMs } = config;
  const consequence = 'the idle timeout can never be reached';
  if (executionMs >= idleMs) return [];
  if (overrides.executionTimeoutMs !== undefined) {
    const flag = `--timeout ${formatFlagDuration(executionMs)}`;
    return [`${flag} is below the idle timeout (${formatSeconds(idleMs)}): ${consequence}`];
  }
  if (overrides.idleTimeoutMs === undefined) return [];
  const flag = `--idle-timeout ${formatFlagDuration(idleMs)}`;
  return [`${flag} is above the execution timeout (${formatSeconds(executionMs)}): ${consequence}`];
}
