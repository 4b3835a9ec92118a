// What a platform asks of a function's settings: ranges, keys that depend on each other, environment. Pure.
import type { Platform, Range, Setting } from '../platforms/platform.ts';
import { type Finding, formatFlagDuration, formatSeconds, labelOf } from './problem.ts';
import type { FunctionValues } from './schema.ts';

export interface RuleContext {
  readonly platform: Platform;
  /** The function's own and the shared variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** There is an idle timeout in the file, but not a duration: nothing can be compared with it. */
  readonly isIdleTimeoutUnreadable: boolean;
}

/** Everything in a function's valid values that its platform would refuse; paths are the function's own keys. */
export function platformFindings(values: FunctionValues, on: RuleContext): Finding[] {
  return [
    ...timeoutFindings(values, on),
    ...memoryFindings(values, on.platform),
    ...portFindings(values, on.platform),
    ...hostPortFindings(values, on.platform),
    ...protocolFindings(values),
    ...instanceFindings(values),
    ...environmentFindings(on.environment, on.platform),
  ];
}

export function isWithin(range: Range, value: number): boolean {
  return value >= range.min && (range.max === null || value <= range.max);
}

function timeoutFindings(
  values: FunctionValues,
  { platform, isIdleTimeoutUnreadable }: RuleContext,
): Finding[] {
  const { idleTimeout, timeout, initTimeout } = values;
  const settings = [
    { key: 'idleTimeout', flag: '--idle-timeout', ms: idleTimeout, setting: platform.idleTimeoutS },
    { key: 'timeout', flag: '--timeout', ms: timeout, setting: platform.executionTimeoutS },
    { key: 'initTimeout', flag: '--init-timeout', ms: initTimeout, setting: platform.initTimeoutS },
  ];
  const findings = settings.flatMap(each => durationFindings(each, platform));
  const idleMs = idleTimeout ?? platform.idleTimeoutS.default.value * 1000;
  // A wrong idle timeout is reported for itself; what it does to the other key would only confuse.
  const isIdleSound = !isIdleTimeoutUnreadable && isWithin(platform.idleTimeoutS.range.value, idleMs / 1000);
  if (timeout === undefined || !isIdleSound || timeout >= idleMs) return findings;
  const origin = idleTimeout === undefined ? ', the default' : '';
  return [
    ...findings,
    {
      path: ['timeout'],
      message: `timeout must be at least the idle timeout (${formatSeconds(idleMs)}${origin}): got ${formatSeconds(timeout)}`,
      advice:
        'raise timeout or lower idleTimeout: a shorter timeout ends every connection before it can be idle',
    },
  ];
}

function durationFindings(
  each: { key: string; flag: string; ms: number | undefined; setting: Setting },
  platform: Platform,
): Finding[] {
  const { key, flag, ms } = each;
  if (ms === undefined) return [];
  const range = each.setting.range.value;
  const got = `on ${platform.id}: got ${formatSeconds(ms)}`;
  if (!isWithin(range, ms / 1000)) {
    const { min, max } = range;
    const must = max === null ? `at least ${min} s` : `between ${min} s and ${max} s`;
    const change = ms / 1000 < min ? `write ${min} or more` : `write ${max} or less`;
    const advice = `${change}; the command line may leave the range: ${flag} ${formatFlagDuration(ms)}`;
    return [{ path: [key], message: `${key} must be ${must} ${got}`, advice }];
  }
  if (ms % 1000 === 0) return [];
  const advice = `write ${Math.round(ms / 1000)}; the command line takes any duration: ${flag} ${formatFlagDuration(ms)}`;
  return [{ path: [key], message: `${key} must be whole seconds ${got}`, advice }];
}

function memoryFindings({ memorySize }: FunctionValues, platform: Platform): Finding[] {
  const { range, alsoMB, stepMB } = platform.memoryMB;
  const { min, max } = range.value;
  if (memorySize === undefined || alsoMB.includes(memorySize)) return [];
  if (isWithin(range.value, memorySize) && memorySize % stepMB === 0) return [];
  const steps = `${max === null ? `${min} MB or more` : `${min} to ${max} MB`} in steps of ${stepMB} MB`;
  const sizes = [...alsoMB.map(size => `${size} MB`), steps].join(' or ');
  const near = nearestSizes(memorySize, platform).map(size => `${size}MB`);
  return [
    {
      path: ['memorySize'],
      message: `memorySize must be ${sizes} on ${platform.id}: got ${memorySize} MB`,
      advice: `choose ${near.join(' or ')}`,
    },
  ];
}

/** The sizes next below and next above that may be chosen. */
function nearestSizes(memoryMB: number, { memoryMB: setting }: Platform): number[] {
  const { min, max } = setting.range.value;
  const step = setting.stepMB;
  const inSteps = [Math.floor(memoryMB / step) * step, Math.ceil(memoryMB / step) * step].map(size =>
    Math.min(Math.max(size, min), max ?? size),
  );
  const sizes = [...setting.alsoMB, ...inSteps];
  const below = sizes.filter(size => size < memoryMB);
  const above = sizes.filter(size => size > memoryMB);
  return [
    ...(below.length > 0 ? [Math.max(...below)] : []),
    ...(above.length > 0 ? [Math.min(...above)] : []),
  ];
}

function portFindings({ port }: FunctionValues, platform: Platform): Finding[] {
  if (port === undefined || port === platform.port.value) return [];
  return [
    {
      path: ['port'],
      message: `port must be ${platform.port.value} on ${platform.id}: got ${port}`,
      advice: `let the function listen on 0.0.0.0:${platform.port.value} and remove the key`,
    },
  ];
}

/** In an instance the two would want the same port. */
function hostPortFindings({ port, hostPorts }: FunctionValues, platform: Platform): Finding[] {
  const own = port ?? platform.port.value;
  if (hostPorts?.includes(own) !== true) return [];
  return [
    {
      path: ['hostPorts'],
      message: `hostPorts must not have ${own}, where the function itself listens`,
      advice: 'let the service on this machine listen on another port',
    },
  ];
}

function protocolFindings({ protocol }: FunctionValues): Finding[] {
  if (protocol !== 'HTTP') return [];
  return [
    {
      path: ['protocol'],
      message: 'protocol: HTTP functions are not supported yet by this version',
      advice: 'write protocol: WS, or leave this function out of the file',
    },
  ];
}

function instanceFindings({ provisionedConcurrency, maxInstances }: FunctionValues): Finding[] {
  if (provisionedConcurrency === undefined || maxInstances === undefined || maxInstances === null) return [];
  if (provisionedConcurrency <= maxInstances) return [];
  const message = `provisionedConcurrency must be at most maxInstances (${maxInstances}): got ${provisionedConcurrency}`;
  return [{ path: ['provisionedConcurrency'], message, advice: 'lower it, or raise maxInstances' }];
}

function environmentFindings(environment: Readonly<Record<string, string>>, platform: Platform): Finding[] {
  const { keyPattern, reservedPrefixes, maxBytes } = platform.environment;
  const pattern = new RegExp(keyPattern.value);
  const names = Object.keys(environment).flatMap((name): Finding[] => {
    const path = ['environment', name];
    const label = labelOf(path);
    const prefix = reservedPrefixes.value.find(reserved => name.startsWith(reserved));
    if (prefix !== undefined) {
      const message = `${label} begins with ${prefix}, which ${platform.id} keeps for itself`;
      return [{ path, message, advice: 'choose a name with another beginning' }];
    }
    if (pattern.test(name)) return [];
    const message = `${label} is not a name that ${platform.id} allows (${keyPattern.value})`;
    return [{ path, message, advice: 'begin with a letter, then letters, digits and "_"' }];
  });
  const bytes = environmentBytes(environment);
  if (bytes <= maxBytes.value) return names;
  return [
    ...names,
    {
      path: ['environment'],
      message: `environment must have at most ${maxBytes.value} bytes in all on ${platform.id}: got ${bytes} bytes`,
      advice: 'keep long values in a file of the function, or remove variables',
    },
  ];
}

function environmentBytes(environment: Readonly<Record<string, string>>): number {
  const encoder = new TextEncoder();
  const text = Object.entries(environment).flat().join('');
  return encoder.encode(text).length;
}
