// The words of the connection's machine: its state, what can happen to it, what it can ask for. Types only;
// what they mean together stands in lifecycle.ts. Events are in the past tense, effects in the imperative.
import type { EndCause, QuotaKind, SandboxExit, Side } from './end-cause.ts';
import type { FarewellRules } from './farewell.ts';

export type Phase = 'starting' | 'upgrading' | 'open' | 'settling' | 'closing' | 'stopping' | 'closed';

/** All times in ms of the same clock as `at`. */
export interface LifecycleRules extends FarewellRules {
  readonly initTimeoutMs: number;
  readonly executionTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Null: not limited. */
  readonly maxMemoryBytes: number | null;
  /** How long a function's broken transport waits for the exit that explains it, and the other way round. */
  readonly settleMs: number;
  readonly closeGraceMs: number;
  /** Instead of `closeGraceMs` when the emulator is being stopped: somebody is waiting for it. */
  readonly stopGraceMs: number;
  readonly terminateGraceMs: number;
  /** May an instance that is none the worse for its connection serve another? */
  readonly reuseInstances: boolean;
}

export interface State {
  readonly phase: Phase;
  /** When this phase began. */
  readonly phaseSince: number;
  readonly cause: EndCause | null;
  /** In `settling`: the cause if nothing better turns up. */
  readonly likelyCause: EndCause | null;
  /** When the connection arrived. */
  readonly startedAt: number;
  /** When the instance was ready: the invocation's run time begins. */
  readonly readyAt: number | null;
  readonly openedAt: number | null;
  /** When the connection was over for the first of the two peers: the invocation's run time ends. */
  readonly endedAt: number | null;
  readonly lastMessageAt: number;
  /** Has the client got any byte of an answer to its handshake? */
  readonly answered: boolean;
  readonly client: Transport;
  readonly function: Transport;
  readonly sandboxGone: boolean;
  /** Did the gateway itself end it? Then nothing more passes between the sides, and each ends on its own. */
  readonly severed: boolean;
  /** Did a peer leave the other's close frame without an answer until the grace had passed? */
  readonly isUnanswered: boolean;
  /** The wake-up that was last asked for. */
  readonly wakeAt: number | null;
}

/** `ended`: its peer sends nothing any more. `gone`: there is no transport (any more). */
export type Transport = 'present' | 'ended' | 'gone';

export type Event =
  | { readonly type: 'sandbox-ready' }
  | { readonly type: 'sandbox-bound-to-loopback'; readonly address: string }
  /** Its leader has ended; the rest of it follows. */
  | { readonly type: 'sandbox-ending'; readonly exit: SandboxExit }
  | { readonly type: 'sandbox-exited'; readonly exit: SandboxExit }
  | { readonly type: 'memory-measured'; readonly usedBytes: number }
  /** The head of the function's answer to the handshake came, and is being passed on. */
  | { readonly type: 'upgrade-accepted' }
  | { readonly type: 'upgrade-refused'; readonly httpStatus: number }
  /** The refusal was passed on to its last byte. */
  | { readonly type: 'refusal-ended' }
  /** A message began or ended; pings and pongs count where the rules say so. */
  | { readonly type: 'message-seen' }
  | {
      readonly type: 'close-received';
      readonly from: Side;
      readonly code: number | null;
      readonly reason: string;
    }
  | { readonly type: 'quota-broken'; readonly by: Side; readonly quota: QuotaKind; readonly measured: number }
  /** The peer sends nothing any more: it ended the transport (FIN), or the transport broke (`reset`). */
  | { readonly type: 'transport-ended'; readonly side: Side; readonly reset: boolean }
  /** The transport is closed both ways, whoever did it. */
  | { readonly type: 'transport-gone'; readonly side: Side }
  | { readonly type: 'stop-requested' }
  | { readonly type: 'woke' };

export type Effect =
  | { readonly type: 'start-sandbox' }
  /** Connect to the instance and pass the handshake on. */
  | { readonly type: 'connect-function' }
  /** Answer the client's handshake with the platform's status for the cause. */
  | { readonly type: 'answer-with-status'; readonly cause: EndCause }
  | { readonly type: 'send-close'; readonly to: Side; readonly code: number; readonly reason: string }
  /** Pass the end of the other side on: FIN, or RST for a reset. */
  | { readonly type: 'end-transport'; readonly side: Side; readonly reset: boolean }
  /** Drop the transport at once. */
  | { readonly type: 'cut-transport'; readonly side: Side }
  | { readonly type: 'terminate-sandbox' }
  | { readonly type: 'kill-sandbox' }
  /** The instance goes on without this connection, for another one. */
  | { readonly type: 'release-sandbox' }
  /** Replaces the last one; null: none is needed. */
  | { readonly type: 'wake-at'; readonly at: number | null }
  | { readonly type: 'report' };

export type Step = readonly [State, readonly Effect[]];
