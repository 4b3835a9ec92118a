// What a platform is, as data: each value says where it was learnt. Pure: types and look-ups, no I/O.

import type { EndCause, EndCauseKind, Side } from '../core/end-cause.ts';
import { cannotHappen } from '../core/never.ts';

/** How a value is known. `assumed`: nothing is published; scf-ws takes the behaviour that would hurt in production. */
export type Basis = 'documented' | 'observed' | 'assumed';

export interface Fact<T> {
  readonly value: T;
  readonly basis: Basis;
  /** Where it was learnt, or for `assumed` why it was assumed so. */
  readonly source: string;
}

/** A range of a setting. `max: null` means that no upper end is published. */
export interface Range {
  readonly min: number;
  readonly max: number | null;
}

/** A status code, or null where the platform has none (the emulator was stopped). */
export type StatusCode = number | null;

/** Which close codes of a close frame count as success, and the status of every other one. */
export interface CloseStatusTable {
  readonly success: Fact<readonly number[]>;
  readonly successStatus: Fact<StatusCode>;
  readonly otherCode: Fact<StatusCode>;
  /** Codes that are success only from the other side; what they come to from this one is not said. */
  readonly unclear: { readonly codes: readonly number[]; readonly status: Fact<StatusCode> };
  /** A close frame without a code (RFC 6455 §7.1.5: 1005). */
  readonly noCode: Fact<StatusCode>;
  /** The transport ended without a close frame (1006). */
  readonly lost: Fact<StatusCode>;
}

type CauseWithOneStatus = Exclude<
  EndCauseKind,
  'client-closed' | 'function-closed' | 'client-lost' | 'function-lost' | 'quota-exceeded'
>;

export interface StatusTable {
  readonly closedBy: Readonly<Record<Side, CloseStatusTable>>;
  readonly quotaBrokenBy: Readonly<Record<Side, Fact<StatusCode>>>;
  readonly byCause: Readonly<Record<CauseWithOneStatus, Fact<StatusCode>>>;
}

/** An interpreter that the cloud has under `/var/lang/<folder>/bin/`. */
export interface CloudRuntime {
  readonly folder: string;
  readonly language: 'node' | 'python' | 'php' | 'java' | 'go';
  /** The version as far as the path promises it, e.g. `18` or `3.9`. */
  readonly version: string;
  /** The names under `bin/`. */
  readonly binaries: readonly string[];
}

/** How a setting of the function's config is bounded and what it is when left out. */
export interface Setting {
  readonly range: Fact<Range>;
  readonly default: Fact<number>;
}

export interface Platform {
  readonly id: string;
  readonly title: string;
  /** In seconds, as in the platform's own config. */
  readonly idleTimeoutS: Setting;
  readonly executionTimeoutS: Setting;
  readonly initTimeoutS: Setting;
  readonly memoryMB: Setting & {
    /** Sizes that may be chosen: the listed ones, and every multiple of `stepMB` within the range. */
    readonly alsoMB: readonly number[];
    readonly stepMB: number;
  };
  readonly port: Fact<number>;
  /** The file in the code folder that the platform runs. */
  readonly startFile: Fact<string>;
  readonly limits: {
    readonly messageBytes: Fact<number | null>;
    readonly bytesPerSecond: Fact<number | null>;
    readonly messagesPerSecond: Fact<number | null>;
    /** How the two rates are counted. */
    readonly rateWindowMs: Fact<number>;
    /** Whose messages the two rates count. */
    readonly rateDirection: Fact<'client to function'>;
  };
  readonly environment: {
    readonly maxBytes: Fact<number>;
    readonly keyPattern: Fact<string>;
    readonly reservedPrefixes: Fact<readonly string[]>;
  };
  /** Behaviour that a user may set under `assume:` in the config. */
  readonly assumptions: {
    /** Do pings and pongs count as messages for the idle timeout? */
    readonly controlFramesResetIdle: Fact<boolean>;
    /** The close code that a client sees on a timeout; null: the TCP connection is cut, the client sees 1006. */
    readonly timeoutCloseCode: Fact<number | null>;
    /** The close codes for a broken quota. */
    readonly messageTooBigCloseCode: Fact<number>;
    readonly rateExceededCloseCode: Fact<number>;
    /** How long a peer may take to answer a close frame, in ms. */
    readonly closeGraceMs: Fact<number>;
    /** How long an instance may take to end after SIGTERM before SIGKILL, in ms. */
    readonly terminateGraceMs: Fact<number>;
  };
  readonly status: StatusTable;
  /**
   * The platform's wording for its own ends of an invocation, where one is known. Placeholders in braces:
   * `{name}`, `{memoryMB}`, `{executionTimeoutS}`, `{startFileError}`, `{reservedMB}`.
   */
  readonly errorMessages: Readonly<Partial<Record<EndCauseKind, Fact<string>>>>;
  /** What the handshake carries in addition. Placeholders: `{requestId}`, `{name}`, `{memoryMB}`, `{executionTimeoutMs}`. */
  readonly requestHeaders: Fact<Readonly<Record<string, string>>>;
  /** Header names beginning so (in any case) are removed from what a client sends. */
  readonly reservedHeaderPrefix: Fact<string>;
  /** What instances have where they meet the cloud's own file system. */
  readonly fileSystem: {
    readonly variables: Fact<Readonly<Record<string, string>>>;
    readonly tmpBytes: Fact<number>;
  };
  /** The largest package of code, unpacked. */
  readonly packageBytes: Fact<number>;
  /** What compiled programs must be made for, and the first lines that a script may have beside `/var/lang`. */
  readonly processor: Fact<'x86-64'>;
  readonly shells: Fact<readonly string[]>;
  /** Environment of every instance. Placeholders: `{name}`, `{codeDir}`. */
  readonly variables: Fact<Readonly<Record<string, string>>>;
  readonly prices: Fact<{
    readonly currency: string;
    readonly perGBs: number;
    readonly perTenThousandInvocations: number;
  }>;
  readonly runtimes: Fact<readonly CloudRuntime[]>;
}

/** The platform's status for a cause, and how it is known. */
export function statusOf(table: StatusTable, cause: EndCause): Fact<StatusCode> {
  switch (cause.kind) {
    case 'client-closed':
      return closeStatus(table.closedBy.client, cause.code);
    case 'function-closed':
      return closeStatus(table.closedBy.function, cause.code);
    case 'client-lost':
      return table.closedBy.client.lost;
    case 'function-lost':
      return table.closedBy.function.lost;
    case 'quota-exceeded':
      return table.quotaBrokenBy[cause.by];
    case 'process-exited':
    case 'idle-timeout':
    case 'execution-timeout':
    case 'memory-exceeded':
    case 'port-not-bound':
    case 'start-failed':
    case 'concurrency-exceeded':
    case 'upgrade-refused':
    case 'emulator-stopped':
      return table.byCause[cause.kind];
    default:
      return cannotHappen(cause);
  }
}

function closeStatus(table: CloseStatusTable, code: number | null): Fact<StatusCode> {
  if (code === null) return table.noCode;
  if (table.unclear.codes.includes(code)) return table.unclear.status;
  return table.success.value.includes(code) ? table.successStatus : table.otherCode;
}

/** Fills the placeholders of a platform's text. A placeholder without a value stays as it is. */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}
