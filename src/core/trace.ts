// What happened, in order: the records that log lines, reports and other readers are made of. Types only.
import type { EndCause, Side } from './end-cause.ts';
import type { InstanceOrigin, InvocationReport } from './invocation.ts';

/** What every record of a connection carries. `at` is in ms of the platform's clock, `time` the wall clock (epoch ms). */
export interface TraceOrigin {
  readonly at: number;
  readonly time: number;
  readonly requestId: string;
  readonly function: string;
}

/** Something about the emulator itself, for people. */
export interface Notice {
  readonly type: 'notice';
  readonly level: 'info' | 'warn' | 'error';
  readonly time: number;
  readonly message: string;
  /** One line: what to do. */
  readonly advice?: string | undefined;
}

export type ConnectionRecord = TraceOrigin &
  (
    | {
        readonly type: 'connected';
        readonly path: string;
        readonly from: string;
        readonly fromPort: number | null;
      }
    | { readonly type: 'instance-started'; readonly driver: string; readonly pid: number | null }
    /** An instance that was ready already. */
    | {
        readonly type: 'instance-taken';
        readonly origin: InstanceOrigin;
        readonly driver: string;
        readonly pid: number | null;
      }
    | {
        readonly type: 'instance-ready';
        readonly origin: InstanceOrigin;
        /** Real ms. */
        readonly initMs: number;
        readonly memoryMB: number;
        readonly memUsageBytes: number | null;
      }
    | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
    | { readonly type: 'listening-elsewhere'; readonly port: number; readonly expectedPort: number }
    | { readonly type: 'opened' }
    | {
        readonly type: 'frame';
        readonly from: Side;
        readonly opcode: number;
        readonly fin: boolean;
        readonly payloadBytes: number;
      }
    /** A close frame of the gateway's own. */
    | { readonly type: 'close-sent'; readonly to: Side; readonly code: number; readonly reason: string }
    | {
        readonly type: 'close-received';
        /** To a close frame that went the other way before. */
        readonly isAnswer: boolean;
        readonly from: Side;
        readonly code: number | null;
        readonly reason: string;
      }
    | {
        readonly type: 'ended';
        readonly cause: EndCause;
        readonly report: InvocationReport;
        /** The platform's wording, where one is known. */
        readonly errorMessage: string | null;
        /** One sentence: why it ended so and what to change. Null when nothing is wrong. */
        readonly explanation: string | null;
      }
  );

export type TraceRecord = ConnectionRecord | Notice;
