// How a connection is ended once its cause is known: the part of the machine that says farewell. Pure.
import type { EndCause } from './end-cause.ts';
import { farewell } from './farewell.ts';
import type { Effect, LifecycleRules, Phase, State } from './lifecycle-words.ts';

/** The cause is known: say farewell to both sides. */
export function conclude(
  state: State,
  at: number,
  rules: LifecycleRules,
  cause: EndCause,
  effects: Effect[],
): State {
  const next = { ...enter(state, 'closing', at), cause: state.cause ?? cause, likelyCause: null };
  const words = farewell(next.cause, rules);
  if (!next.answered) return answer(next, at, effects);
  if (words === 'pass') {
    // What the peers do is passed on as it comes; only after a refusal is there nothing more to come.
    return next.cause.kind === 'upgrade-refused' ? endBoth(next, at, effects) : next;
  }
  if (words === 'cut') return cutBoth(next, at, effects);
  for (const to of ['client', 'function'] as const) {
    if (next[to] === 'present') effects.push({ type: 'send-close', to, ...words });
    else if (next[to] === 'ended') effects.push({ type: 'end-transport', side: to, reset: false });
  }
  return { ...next, severed: true };
}

/** The handshake is still without an answer: the platform gives it. */
function answer(state: State, at: number, effects: Effect[]): State {
  if (state.client === 'present' && state.cause !== null) {
    effects.push({ type: 'answer-with-status', cause: state.cause });
  }
  const ended = endClient(state, at, effects);
  if (state.function !== 'gone') effects.push({ type: 'cut-transport', side: 'function' });
  return ended;
}

function endClient(state: State, at: number, effects: Effect[]): State {
  if (state.client !== 'gone') effects.push({ type: 'end-transport', side: 'client', reset: false });
  return { ...state, endedAt: state.endedAt ?? at };
}

function endBoth(state: State, at: number, effects: Effect[]): State {
  if (state.function !== 'gone') effects.push({ type: 'end-transport', side: 'function', reset: false });
  return { ...endClient(state, at, effects), severed: true };
}

export function cutBoth(state: State, at: number, effects: Effect[]): State {
  if (state.client !== 'gone') effects.push({ type: 'cut-transport', side: 'client' });
  if (state.function !== 'gone') effects.push({ type: 'cut-transport', side: 'function' });
  // The phase begins anew, so that its deadline is not overdue for ever while the transports go.
  return { ...state, phaseSince: at, endedAt: state.endedAt ?? at, severed: true };
}

export function enter(state: State, phase: Phase, at: number): State {
  return { ...state, phase, phaseSince: at };
}
