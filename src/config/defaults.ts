// What a function's config is where nothing is said: the platform's defaults filled in. Pure.
import { basename, resolve } from 'node:path';
import type { Platform } from '../platforms/platform.ts';
import { DEFAULT_PLATFORM } from '../platforms/registry.ts';
import type { Assumptions, FunctionConfig, Limits } from './function-config.ts';

/** A config in which any key may be left out (undefined); null means "no limit" here as everywhere. */
export interface FunctionDraft {
  readonly name: string;
  readonly srcDir: string;
  readonly route: string;
  readonly platform: Platform;
  readonly port?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  readonly executionTimeoutMs?: number | undefined;
  readonly initTimeoutMs?: number | undefined;
  readonly memoryMB?: number | undefined;
  readonly maxInstances?: number | null | undefined;
  readonly provisionedConcurrency?: number | undefined;
  readonly reuse?: boolean | undefined;
  readonly hostPorts?: readonly number[] | undefined;
  readonly network?: FunctionConfig['network'] | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Optional<Limits> | undefined;
  readonly assume?: Optional<Assumptions> | undefined;
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** The config of a folder that has a start file and nothing that configures it. */
export function defaultConfig({ dir, name }: { dir: string; name?: string }): FunctionConfig {
  const srcDir = resolve(dir);
  return completeConfig({ name: name ?? folderName(srcDir), srcDir, route: '/', platform: DEFAULT_PLATFORM });
}

/** Fills in what the draft leaves out. */
export function completeConfig(draft: FunctionDraft): FunctionConfig {
  const { platform } = draft;
  const idleTimeoutMs = draft.idleTimeoutMs ?? platform.idleTimeoutS.default.value * 1000;
  return {
    name: draft.name,
    platform,
    srcDir: draft.srcDir,
    route: draft.route,
    port: draft.port ?? platform.port.value,
    idleTimeoutMs,
    // A longer idle timeout alone must not make a config invalid: the execution timeout goes with it.
    executionTimeoutMs:
      draft.executionTimeoutMs ?? Math.max(platform.executionTimeoutS.default.value * 1000, idleTimeoutMs),
    initTimeoutMs: draft.initTimeoutMs ?? platform.initTimeoutS.default.value * 1000,
    memoryMB: draft.memoryMB ?? platform.memoryMB.default.value,
    environment: draft.environment ?? {},
    limits: completeLimits(platform, draft.limits ?? {}),
    maxInstances: draft.maxInstances ?? null,
    provisionedConcurrency: draft.provisionedConcurrency ?? 0,
    reuse: draft.reuse ?? false,
    hostPorts: draft.hostPorts ?? [],
    network: draft.network ?? 'outbound',
    assume: completeAssumptions(platform, draft.assume ?? {}),
  };
}

/** The name of a function that has none: its folder's, as far as a name may have such letters. */
export function folderName(dir: string): string {
  return (
    basename(dir)
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'function'
  );
}

function completeLimits(platform: Platform, limits: Optional<Limits>): Limits {
  const defaults = platform.limits;
  return {
    maxMessageBytes: orDefault(limits.maxMessageBytes, defaults.messageBytes.value),
    maxBytesPerSecond: orDefault(limits.maxBytesPerSecond, defaults.bytesPerSecond.value),
    maxMessagesPerSecond: orDefault(limits.maxMessagesPerSecond, defaults.messagesPerSecond.value),
  };
}

function completeAssumptions(platform: Platform, assume: Optional<Assumptions>): Assumptions {
  const defaults = platform.assumptions;
  return {
    controlFramesResetIdle: orDefault(assume.controlFramesResetIdle, defaults.controlFramesResetIdle.value),
    timeoutCloseCode: orDefault(assume.timeoutCloseCode, defaults.timeoutCloseCode.value),
    messageTooBigCloseCode: orDefault(assume.messageTooBigCloseCode, defaults.messageTooBigCloseCode.value),
    rateExceededCloseCode: orDefault(assume.rateExceededCloseCode, defaults.rateExceededCloseCode.value),
    closeGraceMs: orDefault(assume.closeGraceMs, defaults.closeGraceMs.value),
    terminateGraceMs: orDefault(assume.terminateGraceMs, defaults.terminateGraceMs.value),
  };
}

/** Like `??`, but null is a value: it says "no limit". */
function orDefault<T>(value: T | undefined, fallback: T): T {
  return value === undefined ? fallback : value;
}
