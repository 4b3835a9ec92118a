// The summary of one invocation: what the machine and the meters know → the report, its billed time and cost. Pure.
import type { EndCause, EndCauseKind, SandboxExit } from './end-cause.ts';
import type { FarewellRules } from './farewell.ts';
import { farewell } from './farewell.ts';
import type { State } from './lifecycle-words.ts';
import { cannotHappen } from './never.ts';

/** How a connection came by its instance: started for it, kept ready beforehand, or left by another connection. */
export type InstanceOrigin = 'cold' | 'provisioned' | 'reused';

export interface TrafficCount {
  readonly messages: number;
  readonly bytes: number;
}

/** One line of `--report`. Times in ms of the platform's clock; a field is null where there is nothing to tell. */
export interface InvocationReport {
  readonly requestId: string;
  readonly function: string;
  readonly platform: string;
  /** Null only when the emulator was stopped. */
  readonly statusCode: number | null;
  readonly statusBasis: 'documented' | 'observed' | 'assumed';
  readonly cause: EndCauseKind;
  readonly closedBy: 'client' | 'function' | 'platform';
  /** The close code: what the closing peer sent (1005: none), 1006 for a broken transport; null before the upgrade. */
  readonly closeCode: number | null;
  readonly closeReason: string;
  /** ISO 8601. When the connection arrived. */
  readonly startedAt: string;
  /** From the instance being ready to the end of the connection. 0 if it never was. */
  readonly durationMs: number;
  /** What is billed: `durationMs`, rounded up to whole ms. */
  readonly billedMs: number;
  /** From the connection's arrival to the instance being ready, in real time; null if it never was. */
  readonly initMs: number | null;
  readonly memoryMB: number;
  /** The peak of the whole process tree; null where it could not be measured. */
  readonly memUsageMB: number | null;
  /** Client to function: whole messages that passed, and their payload bytes on the wire. */
  readonly up: TrafficCount;
  readonly down: TrafficCount;
  readonly sandbox: {
    readonly driver: string;
    readonly pid: number | null;
    readonly exit: string | null;
    /** Null if it got no instance. */
    readonly origin: InstanceOrigin | null;
  };
}

/** What the shell knows beside the machine's state. */
export interface InvocationFacts {
  readonly requestId: string;
  readonly functionName: string;
  readonly platformId: string;
  readonly status: { readonly code: number | null; readonly basis: InvocationReport['statusBasis'] };
  readonly startedAt: Date;
  readonly closeCodes: FarewellRules;
  readonly memoryMB: number;
  readonly peakMemoryBytes: number | null;
  readonly up: TrafficCount;
  readonly down: TrafficCount;
  readonly driver: string;
  readonly pid: number | null;
  readonly exit: SandboxExit | null;
  readonly origin: InstanceOrigin | null;
  /** Platform ms in one real ms: the cold start is this machine's own time. */
  readonly timeScale: number;
}

export function invocationReport(
  state: State & { readonly cause: EndCause },
  facts: InvocationFacts,
): InvocationReport {
  const { cause, readyAt } = state;
  const durationMs = readyAt === null ? 0 : roundMs(Math.max(0, (state.endedAt ?? readyAt) - readyAt));
  const { closedBy, closeCode, closeReason } = closing(cause, facts);
  return {
    requestId: facts.requestId,
    function: facts.functionName,
    platform: facts.platformId,
    statusCode: facts.status.code,
    statusBasis: facts.status.basis,
    cause: cause.kind,
    closedBy,
    closeCode: state.openedAt === null ? null : closeCode,
    closeReason,
    startedAt: facts.startedAt.toISOString(),
    durationMs,
    billedMs: Math.ceil(durationMs),
    initMs: readyAt === null ? null : roundMs((readyAt - state.startedAt) / facts.timeScale),
    memoryMB: facts.memoryMB,
    memUsageMB:
      facts.peakMemoryBytes === null ? null : Math.round((facts.peakMemoryBytes / 1024 ** 2) * 100) / 100,
    up: facts.up,
    down: facts.down,
    sandbox: { driver: facts.driver, pid: facts.pid, exit: exitText(facts), origin: facts.origin },
  };
}

/** Null for a server that is not ours: it goes on. */
function exitText({ exit, pid }: InvocationFacts): string | null {
  return exit === null || (pid === null && exit.kind !== 'not-started') ? null : describeExit(exit);
}

/** For people: `code 1`, `SIGKILL`, or why nothing was started. */
export function describeExit(exit: SandboxExit): string {
  switch (exit.kind) {
    case 'exited':
      return `code ${exit.code}`;
    case 'signaled':
      return exit.signal;
    case 'not-started':
      return exit.message;
    default:
      return cannotHappen(exit);
  }
}

/** Published prices → gigabyte-seconds and cost of reports. */
export function costOf(
  reports: Iterable<Pick<InvocationReport, 'memoryMB' | 'billedMs'>>,
  prices: { readonly perGBs: number; readonly perTenThousandInvocations: number },
): { readonly invocations: number; readonly gigabyteSeconds: number; readonly cost: number } {
  let invocations = 0;
  let gigabyteSeconds = 0;
  for (const { memoryMB, billedMs } of reports) {
    invocations++;
    gigabyteSeconds += (memoryMB / 1024) * (billedMs / 1000);
  }
  const cost = gigabyteSeconds * prices.perGBs + (invocations / 10_000) * prices.perTenThousandInvocations;
  return { invocations, gigabyteSeconds, cost };
}

function closing(
  cause: EndCause,
  facts: InvocationFacts,
): Pick<InvocationReport, 'closedBy' | 'closeCode' | 'closeReason'> {
  // RFC 6455 §7.1.5: 1005 and 1006 are what an endpoint reports, never what it sends.
  switch (cause.kind) {
    case 'client-closed':
      return { closedBy: 'client', closeCode: cause.code ?? 1005, closeReason: cause.reason };
    case 'function-closed':
      return { closedBy: 'function', closeCode: cause.code ?? 1005, closeReason: cause.reason };
    case 'client-lost':
      return { closedBy: 'client', closeCode: 1006, closeReason: '' };
    case 'function-lost':
    case 'process-exited':
      return { closedBy: 'function', closeCode: 1006, closeReason: '' };
    case 'upgrade-refused':
    case 'start-failed':
    case 'port-not-bound':
      return { closedBy: 'function', closeCode: null, closeReason: '' };
    case 'quota-exceeded':
    case 'emulator-stopped':
    case 'memory-exceeded':
    case 'concurrency-exceeded':
    case 'execution-timeout':
    case 'idle-timeout': {
      const words = farewell(cause, facts.closeCodes);
      return typeof words === 'string'
        ? { closedBy: 'platform', closeCode: 1006, closeReason: '' }
        : { closedBy: 'platform', closeCode: words.code, closeReason: words.reason };
    }
    default:
      return cannotHappen(cause);
  }
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
