// One function's config and its platform's data → what the gateway needs to run it.
import type { FunctionConfig } from './config/function-config.ts';
import type { SandboxExit } from './core/end-cause.ts';
import type { RateQuota } from './core/quota.ts';
import { explain } from './explain.ts';
import type { FunctionSetup } from './gateway/setup.ts';
import { fillTemplate, statusOf } from './platforms/platform.ts';
import type { SandboxDriver } from './sandbox/driver.ts';

/** How long the two signs of a function's end, its socket's and its process's, may lie apart. */
const SETTLE_MS = 500;

/** How long peers may take to answer the close frame of an emulator that is being stopped. */
const STOP_GRACE_MS = 500;

export interface FunctionSetupOptions {
  readonly driver: SandboxDriver;
  /**
   * Only the idle and the execution timeout follow a faster clock. Processes do not start or end faster for it, and
   * clients would be let off a quota that they break: init timeout, rates and graces last as long in real time.
   */
  readonly timeScale: number;
}

export function functionSetup(
  config: FunctionConfig,
  { driver, timeScale }: FunctionSetupOptions,
): FunctionSetup {
  const { platform, assume, limits } = config;
  const rate: RateQuota = {
    maxMessages: limits.maxMessagesPerSecond,
    maxBytes: limits.maxBytesPerSecond,
    windowMs: platform.limits.rateWindowMs.value * timeScale,
  };
  const { maxMessageBytes } = limits;
  // A server of the user's is neither started nor kept.
  const isOurs = driver.address === undefined;
  const { controlFramesResetIdle } = assume;
  const values = {
    startFile: platform.startFile.value,
    name: config.name,
    memoryMB: config.memoryMB,
    executionTimeoutMs: config.executionTimeoutMs,
    executionTimeoutS: config.executionTimeoutMs / 1000,
    reservedMB: (config.maxInstances ?? 0) * config.memoryMB,
    codeDir: driver.userDir ?? config.srcDir,
  };
  return {
    name: config.name,
    platformId: platform.id,
    codeDir: config.srcDir,
    startFile: platform.startFile.value,
    port: config.port,
    memoryMB: config.memoryMB,
    maxInstances: config.maxInstances,
    provisionedConcurrency: isOurs ? config.provisionedConcurrency : 0,
    keepsInstances: isOurs && (config.reuse || config.provisionedConcurrency > 0),
    driver,
    environment: instanceEnvironment(config, values.codeDir),
    network: { hostPorts: config.hostPorts, isOutbound: config.network === 'outbound' },
    rules: {
      initTimeoutMs: config.initTimeoutMs * timeScale,
      executionTimeoutMs: config.executionTimeoutMs,
      idleTimeoutMs: config.idleTimeoutMs,
      maxMemoryBytes: config.memoryMB * 1024 ** 2,
      settleMs: SETTLE_MS * timeScale,
      closeGraceMs: assume.closeGraceMs * timeScale,
      stopGraceMs: STOP_GRACE_MS * timeScale,
      terminateGraceMs: assume.terminateGraceMs * timeScale,
      reuseInstances: isOurs && config.reuse,
      timeoutCloseCode: assume.timeoutCloseCode,
      messageTooBigCloseCode: assume.messageTooBigCloseCode,
      rateExceededCloseCode: assume.rateExceededCloseCode,
    },
    up: { maxMessageBytes, rate, controlFramesResetIdle },
    down: { maxMessageBytes, rate: null, controlFramesResetIdle },
    reservedHeaderPrefix: platform.reservedHeaderPrefix.value,
    headersFor: requestId =>
      Object.fromEntries(
        Object.entries(platform.requestHeaders.value).map(([name, text]) => [
          name,
          fillTemplate(text, { ...values, requestId }),
        ]),
      ),
    answerFor: cause => {
      const { value: statusCode, basis } = statusOf(platform.status, cause);
      const template = platform.errorMessages[cause.kind];
      const startFileError = cause.kind === 'start-failed' ? startFailure(cause.exit, values.startFile) : '';
      return {
        statusCode,
        basis,
        errorMessage:
          template === undefined ? null : fillTemplate(template.value, { ...values, startFileError }),
      };
    },
    explain: (cause, circumstances) =>
      explain(cause, {
        config,
        circumstances,
        statusCode: statusOf(platform.status, cause).value,
        attachedTo: driver.address ?? null,
        capacity: driver.capacity ?? null,
      }),
  };
}

/** The platform's variables and the function's own. */
export function instanceEnvironment(config: FunctionConfig, codeDir: string): Record<string, string> {
  const { name, platform, environment } = config;
  const variables = Object.entries(platform.variables.value).map(([variable, text]) => [
    variable,
    fillTemplate(text, { name, codeDir }),
  ]);
  return { ...Object.fromEntries(variables), ...environment };
}

/** What the platform answers to a start that ended early is not known; this says at least what happened. */
function startFailure(exit: SandboxExit, startFile: string): string {
  switch (exit.kind) {
    case 'not-started':
      return exit.message;
    case 'exited':
      return `[./${startFile}] exited with code ${exit.code}`;
    case 'signaled':
      return `[./${startFile}] was ended by ${exit.signal}`;
  }
}
