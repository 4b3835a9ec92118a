// For every abnormal end one sentence: why it happened and what to change. Pure: text for people, nothing else.
import type { FunctionConfig } from './config/function-config.ts';
import type { EndCause, SandboxExit, Side } from './core/end-cause.ts';
import { describeExit } from './core/invocation.ts';
import { cannotHappen } from './core/never.ts';
import { formatDuration, formatSize } from './core/units.ts';
import type { Circumstances } from './gateway/setup.ts';
import type { StatusCode } from './platforms/platform.ts';
import type { SandboxDriver } from './sandbox/driver.ts';

export interface ExplainOptions {
  readonly config: FunctionConfig;
  readonly circumstances: Circumstances;
  readonly statusCode: StatusCode;
  /** The address of an attached server; null for an instance's own port. */
  readonly attachedTo: string | null;
  /** What this machine can have at once; null: any number of instances. */
  readonly capacity: SandboxDriver['capacity'] | null;
}

/** Null when there is nothing wrong. */
export function explain(
  cause: EndCause,
  { config, circumstances, statusCode, attachedTo, capacity }: ExplainOptions,
): string | null {
  switch (cause.kind) {
    case 'client-closed':
    case 'function-closed': {
      const isClient = cause.kind === 'client-closed';
      if (statusCode === 200)
        return circumstances.isUnanswered ? unanswered(isClient ? 'function' : 'client', config) : null;
      const code = cause.code === null ? 'no close code' : `close code ${cause.code}`;
      const goodCodes = isClient ? '1000 (or 1010)' : '1000 (or 1011)';
      return `The ${isClient ? 'client' : 'function'} closed with ${code}, and the platform counts every code but ${goodCodes} as a failure: close with 1000 when all is well`;
    }
    case 'client-lost':
      return 'The client went away without a close frame: end the connection with close(1000) on the client';
    case 'function-lost':
      return circumstances.wasOpen
        ? 'The function dropped the connection without a close frame: end it with close(1000) instead of terminating the socket'
        : 'The function dropped the connection instead of answering the handshake: answer it, be it with a refusal';
    case 'process-exited':
      return circumstances.wasOpen
        ? `The function's process ended (${describeExit(cause.exit)}) while the connection was open${because(circumstances, cause.exit)}: keep it running until the connection has closed`
        : `The function's process ended (${describeExit(cause.exit)}) instead of answering the handshake${because(circumstances, cause.exit)}: keep it running, and see what a connection sets off in it`;
    case 'idle-timeout':
      return `No message went either way for ${formatDuration(config.idleTimeoutMs)} (pings and pongs ${config.assume.controlFramesResetIdle ? 'count' : 'do not count'}): send a heartbeat message more often, or raise idleTimeout`;
    case 'execution-timeout':
      return `The connection reached the execution timeout of ${formatDuration(config.executionTimeoutMs)}: raise timeout, or let the client reconnect before it`;
    case 'memory-exceeded':
      return `The instance used ${formatSize(cause.usedBytes)} of its ${config.memoryMB} MB: raise memorySize, or use less`;
    case 'quota-exceeded':
      return explainQuota(cause, config);
    case 'port-not-bound':
      return sentence(portTrouble(cause.loopbackAddress, { config, circumstances, attachedTo }));
    case 'start-failed':
      return sentence(startTrouble(cause.exit, { config, circumstances }));
    case 'concurrency-exceeded':
      if (capacity && cause.maxInstances !== config.maxInstances) {
        return `This machine can run one instance of it at a time (${capacity.reason}), and one was running already: wait for its end, or make namespaces possible`;
      }
      return `${cause.maxInstances} instance${cause.maxInstances === 1 ? ' was' : 's were'} running already, as many as maxInstances allows: raise it, or let clients wait and try again`;
    case 'upgrade-refused':
      return `The function answered the handshake with HTTP ${cause.httpStatus}, so no WebSocket was opened${cause.httpStatus === 404 || cause.httpStatus === 426 ? ': see whether it serves WebSocket on this path' : ''}`;
    case 'emulator-stopped':
      return null;
    default:
      return cannotHappen(cause);
  }
}

function unanswered(side: Side, { assume }: FunctionConfig): string {
  return `The ${side} did not answer the close frame within ${formatDuration(assume.closeGraceMs)}, so the connection was cut: see what keeps it busy`;
}

function explainQuota(cause: Extract<EndCause, { kind: 'quota-exceeded' }>, config: FunctionConfig): string {
  const { maxMessageBytes, maxBytesPerSecond, maxMessagesPerSecond } = config.limits;
  switch (cause.quota) {
    case 'message-size':
      return `The ${cause.by} sent a message of ${cause.measured} bytes, and ${formatSize(maxMessageBytes ?? 0)} (${maxMessageBytes}) is the limit: send it in several messages (limits.message)`;
    case 'bandwidth':
      return `The ${cause.by} sent ${cause.measured} bytes within a second, and ${formatSize(maxBytesPerSecond ?? 0)}/s (${maxBytesPerSecond}) is the limit: send less at once (limits.bandwidth)`;
    case 'message-rate':
      return `The ${cause.by} sent ${cause.measured} messages within a second, and ${maxMessagesPerSecond} is the limit: send fewer, or several in one (limits.qps)`;
    default:
      return cannotHappen(cause.quota);
  }
}

/** What went wrong, and what to change. */
export interface Trouble {
  readonly what: string;
  readonly remedy: string;
}

const sentence = ({ what, remedy }: Trouble): string => `${what}: ${remedy}`;

export function portTrouble(
  loopbackAddress: string | null,
  { config, circumstances, attachedTo }: Omit<ExplainOptions, 'statusCode' | 'capacity'>,
): Trouble {
  const remedy = `listen on 0.0.0.0:${config.port}`;
  if (loopbackAddress !== null) {
    return {
      what: `The function listens on ${loopbackAddress}:${config.port}, which the platform cannot reach`,
      remedy,
    };
  }
  const within = formatDuration(config.initTimeoutMs);
  if (attachedTo !== null) {
    return {
      what: `Nothing listened on ${attachedTo} (--attach) for ${within}`,
      remedy: 'start your server there',
    };
  }
  const [otherPort] = circumstances.otherPorts ?? [];
  return otherPort === undefined
    ? {
        what: `Nothing listened on 0.0.0.0:${config.port} within the init timeout of ${within}`,
        remedy: 'listen sooner, or raise initTimeout',
      }
    : {
        what: `The function listens on port ${otherPort}, and nothing listened on ${config.port} within the init timeout of ${within}`,
        remedy,
      };
}

export function startTrouble(
  exit: SandboxExit,
  { config, circumstances }: Pick<ExplainOptions, 'config' | 'circumstances'>,
): Trouble {
  if (exit.kind === 'not-started') {
    return { what: `The start file could not be run (${exit.message})`, remedy: exit.advice };
  }
  if (exit.kind === 'exited' && exit.code === 0) {
    return {
      what: `The start file ended before anything listened on port ${config.port}${because(circumstances, exit)}`,
      remedy: 'start the server in the foreground',
    };
  }
  return {
    what: `The function ended (${describeExit(exit)}) before it listened on port ${config.port}${because(circumstances, exit)}`,
    remedy: 'mend its start',
  };
}

/** A named error is worth quoting whatever came of it; mere last words only where something failed. */
function because({ namedError, lastWords }: Circumstances, exit: SandboxExit): string {
  const hasFailed = exit.kind !== 'exited' || exit.code !== 0;
  const words = namedError ?? (hasFailed ? lastWords : null) ?? null;
  return words === null ? '' : `; it said "${words.trim().slice(0, 200)}"`;
}
