// What the gateway says to both sides at the end of a connection: cause → close code and reason. Pure.
// RFC 6455 §7.4.1: 1005, 1006 and 1015 never stand in a close frame; a peer that is to see 1006 is cut off.
import type { EndCause } from './end-cause.ts';
import { cannotHappen } from './never.ts';

export interface FarewellRules {
  /** Null: the transport is cut without a close frame. */
  readonly timeoutCloseCode: number | null;
  readonly messageTooBigCloseCode: number;
  readonly rateExceededCloseCode: number;
}

/** A close frame to both sides; `cut`: both transports dropped without one; `pass`: what the peers did is passed on. */
export type Farewell = 'pass' | 'cut' | { readonly code: number; readonly reason: string };

/** RFC 6455 §7.4.1: an endpoint is "going away". */
const GOING_AWAY = 1001;

export function farewell(cause: EndCause, rules: FarewellRules): Farewell {
  switch (cause.kind) {
    case 'client-closed':
    case 'function-closed':
    case 'client-lost':
    case 'function-lost':
    case 'process-exited':
    case 'upgrade-refused':
    case 'port-not-bound':
    case 'start-failed':
    case 'concurrency-exceeded':
      return 'pass';
    case 'memory-exceeded':
      return 'cut';
    case 'idle-timeout':
    case 'execution-timeout': {
      const code = rules.timeoutCloseCode;
      return code === null ? 'cut' : { code, reason: cause.kind.replace('-', ' ') };
    }
    case 'quota-exceeded':
      return cause.quota === 'message-size'
        ? {
            code: rules.messageTooBigCloseCode,
            reason: `message of ${cause.measured} bytes is too big`,
          }
        : { code: rules.rateExceededCloseCode, reason: `${cause.quota.replace('-', ' ')} exceeded` };
    case 'emulator-stopped':
      return { code: GOING_AWAY, reason: 'emulator stopped' };
    default:
      return cannotHappen(cause);
  }
}
