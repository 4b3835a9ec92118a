// The one deadline of each phase. Pure.
import type { LifecycleRules, State } from './lifecycle-words.ts';
import { cannotHappen } from './never.ts';

/** When the phase that the connection is in must end, or null. */
export function nextDeadline(state: State, rules: LifecycleRules): number | null {
  switch (state.phase) {
    case 'starting':
      return state.startedAt + rules.initTimeoutMs;
    case 'upgrading':
      return (state.readyAt ?? state.startedAt) + rules.executionTimeoutMs;
    case 'open':
      return Math.min(
        (state.readyAt ?? state.startedAt) + rules.executionTimeoutMs,
        state.lastMessageAt + rules.idleTimeoutMs,
      );
    case 'settling':
      return state.phaseSince + rules.settleMs;
    case 'closing':
      return (
        state.phaseSince + (state.cause?.kind === 'emulator-stopped' ? rules.stopGraceMs : rules.closeGraceMs)
      );
    case 'stopping':
      return state.phaseSince + rules.terminateGraceMs;
    case 'closed':
      return null;
    default:
      return cannotHappen(state.phase);
  }
}
