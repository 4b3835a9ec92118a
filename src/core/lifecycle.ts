// The life of one connection: State, Event, Effect, begin() and step(). Pure: no clock, no sockets, no processes.
//
// Phases:  starting → upgrading → open → settling → closing → stopping → closed
//
//   starting   the instance was asked for; nothing listens yet          ends by the init timeout
//   upgrading  the handshake is with the function                       ends by the execution timeout
//   open       frames pass                                              ends by the idle or the execution timeout
//   settling   the function's side broke off without a close frame;     ends after settleMs
//              its process may be about to say why
//   closing    the cause is known; the transports are being ended       ends after closeGraceMs: both are cut
//   stopping   both transports are gone; the instance must go           ends after terminateGraceMs: it is killed
//   closed     all is gone, the report is out
//
// Rules:
//  1. The first cause wins and is set once.
//  2. A deadline that has passed beats whatever arrives in the same turn: `step` looks for an overdue deadline
//     before it looks at the event, and takes the deadline's own time, so a late timer changes nothing.
//  3. One timer per connection: each `wake-at` replaces the last. A deadline that moves later (idle, at every
//     message) asks for nothing; the early wake-up finds nothing overdue and asks again.
//  4. A close frame beats a later end of the transport. A function whose transport ends, or whose process exits,
//     without one settles first: a dying process resets its socket before its exit is reported, and its last
//     bytes, a close frame among them, may still be on the way when it is. Its first process's end explains it;
//     the rest of the tree may take longer to go.
//  5. A peer's close is passed on, never answered here: the other peer owes the answer (RFC 6455 §5.5.1). The
//     gateway sends close frames only for causes of its own.
//  6. The sandbox is asked to end only when both transports are gone, and killed if it does not.
//     Only a sandbox that used too much memory is killed at once.
//  7. `closed` is reached when client, function and sandbox are all gone; then, and only then, exactly one report.
//     A sandbox that is kept for another connection counts as gone.
//  8. After `closed`, `step` returns no effects.
import { conclude, cutBoth, enter } from './conclude.ts';
import { nextDeadline } from './deadline.ts';
import type { EndCause, SandboxExit } from './end-cause.ts';
import { isHarmless } from './end-cause.ts';
import type { Effect, Event, LifecycleRules, State, Step } from './lifecycle-words.ts';
import { cannotHappen } from './never.ts';

const NO_EFFECTS: readonly Effect[] = [];

/** A connection arrived. With `refusal` it gets no instance. */
export function begin(at: number, rules: LifecycleRules, refusal: EndCause | null = null): Step {
  const state: State = {
    phase: 'starting',
    phaseSince: at,
    cause: null,
    likelyCause: null,
    startedAt: at,
    readyAt: null,
    openedAt: null,
    endedAt: null,
    lastMessageAt: at,
    answered: false,
    client: 'present',
    function: 'gone',
    sandboxGone: refusal !== null,
    severed: false,
    isUnanswered: false,
    wakeAt: null,
  };
  const effects: Effect[] = [];
  if (refusal === null) {
    effects.push({ type: 'start-sandbox' });
    return rearmed(state, rules, effects);
  }
  return rearmed(conclude(state, at, rules, refusal, effects), rules, effects);
}

/** What `event` at `at` does to the connection, and what must be done about it. */
export function step(state: State, event: Event, at: number, rules: LifecycleRules): Step {
  if (state.phase === 'closed') return [state, NO_EFFECTS];
  const effects: Effect[] = [];
  let next = event.type === 'woke' ? { ...state, wakeAt: null } : state;
  const deadline = nextDeadline(next, rules);
  if (deadline !== null && at >= deadline) next = expired(next, deadline, at, rules, effects);
  next = handled(next, event, at, rules, effects);
  next = advanced(next, at, rules, effects);
  return rearmed(next, rules, effects);
}

function expired(
  state: State,
  deadline: number,
  at: number,
  rules: LifecycleRules,
  effects: Effect[],
): State {
  switch (state.phase) {
    case 'starting':
      return conclude(state, deadline, rules, { kind: 'port-not-bound', loopbackAddress: null }, effects);
    case 'upgrading':
    case 'open': {
      if (state.cause !== null) return cutBoth(enter(state, 'closing', at), deadline, effects);
      const isIdle = state.phase === 'open' && deadline === state.lastMessageAt + rules.idleTimeoutMs;
      return conclude(
        state,
        deadline,
        rules,
        { kind: isIdle ? 'idle-timeout' : 'execution-timeout' },
        effects,
      );
    }
    case 'settling':
      return state.likelyCause === null ? state : conclude(state, at, rules, state.likelyCause, effects);
    case 'closing':
      return { ...cutBoth(state, at, effects), isUnanswered: !state.severed || state.isUnanswered };
    case 'stopping':
      effects.push({ type: 'kill-sandbox' });
      // Asked once more should even that not have ended it: a killed process may be stuck in the kernel.
      return { ...state, phaseSince: at };
    case 'closed':
      return state;
    default:
      return cannotHappen(state.phase);
  }
}

function handled(state: State, event: Event, at: number, rules: LifecycleRules, effects: Effect[]): State {
  switch (event.type) {
    case 'woke':
      return state;
    case 'message-seen':
      return state.phase === 'open' ? { ...state, lastMessageAt: at } : state;
    case 'sandbox-ready':
      if (state.phase !== 'starting') return state;
      effects.push({ type: 'connect-function' });
      return { ...enter(state, 'upgrading', at), readyAt: at, function: 'present' };
    case 'sandbox-bound-to-loopback':
      if (state.phase !== 'starting') return state;
      return conclude(state, at, rules, { kind: 'port-not-bound', loopbackAddress: event.address }, effects);
    case 'sandbox-ending':
      // Whether anything listened before is told with the exit.
      return state.phase === 'starting' ? state : sandboxExited(state, event.exit, at, rules, effects);
    case 'sandbox-exited':
      return sandboxExited({ ...state, sandboxGone: true }, event.exit, at, rules, effects);
    case 'memory-measured':
      if (rules.maxMemoryBytes === null || event.usedBytes <= rules.maxMemoryBytes) return state;
      if (!isRunning(state)) return state;
      effects.push({ type: 'kill-sandbox' });
      return conclude(state, at, rules, { kind: 'memory-exceeded', usedBytes: event.usedBytes }, effects);
    case 'upgrade-accepted':
      if (state.phase === 'settling') return { ...state, answered: true, openedAt: at };
      if (state.phase !== 'upgrading') return state;
      return { ...enter(state, 'open', at), answered: true, openedAt: at, lastMessageAt: at };
    case 'upgrade-refused': {
      const cause: EndCause = { kind: 'upgrade-refused', httpStatus: event.httpStatus };
      if (state.phase === 'settling') return { ...state, answered: true, likelyCause: cause };
      // Still `upgrading`: the refusal's body may be long, and the execution timeout bounds it.
      return state.phase === 'upgrading' ? { ...state, answered: true, cause: state.cause ?? cause } : state;
    }
    case 'refusal-ended': {
      const cause = state.cause ?? state.likelyCause;
      if ((state.phase !== 'upgrading' && state.phase !== 'settling') || cause === null) return state;
      return conclude(state, at, rules, cause, effects);
    }
    case 'close-received':
      return closeReceived(state, event, at, rules, effects);
    case 'quota-broken': {
      if (state.phase !== 'open') return state;
      const { by, quota, measured } = event;
      return conclude(state, at, rules, { kind: 'quota-exceeded', quota, by, measured }, effects);
    }
    case 'transport-ended':
    case 'transport-gone':
      return transportEnded(state, event, at, rules, effects);
    case 'stop-requested':
      if (!isRunning(state) && state.phase !== 'settling') return state;
      return conclude(state, at, rules, state.likelyCause ?? { kind: 'emulator-stopped' }, effects);
    default:
      return cannotHappen(event);
  }
}

function closeReceived(
  state: State,
  event: Extract<Event, { type: 'close-received' }>,
  at: number,
  rules: LifecycleRules,
  effects: Effect[],
): State {
  const fromFunction = event.from === 'function';
  if (state.phase === 'closing' && state.severed) {
    // The answer to the gateway's own close frame: this side's handshake is over (RFC 6455 §7.1.1).
    effects.push({ type: 'end-transport', side: event.from, reset: false });
    return state;
  }
  // Rule 4: a function that is going away may still have said why.
  if (state.phase !== 'open' && !(state.phase === 'settling' && fromFunction)) return state;
  const kind = fromFunction ? 'function-closed' : 'client-closed';
  return conclude(state, at, rules, { kind, code: event.code, reason: event.reason }, effects);
}

function sandboxExited(
  state: State,
  exit: SandboxExit,
  at: number,
  rules: LifecycleRules,
  effects: Effect[],
): State {
  switch (state.phase) {
    case 'starting':
      return conclude(state, at, rules, { kind: 'start-failed', exit }, effects);
    case 'upgrading':
    case 'open':
      if (state.cause !== null) return state;
      return { ...enter(state, 'settling', at), likelyCause: { kind: 'process-exited', exit } };
    case 'settling':
      // The transport's end was waiting for this explanation.
      if (state.likelyCause?.kind !== 'function-lost') return state;
      return conclude(state, at, rules, { kind: 'process-exited', exit }, effects);
    default:
      return state;
  }
}

function transportEnded(
  state: State,
  event: Extract<Event, { type: 'transport-ended' | 'transport-gone' }>,
  at: number,
  rules: LifecycleRules,
  effects: Effect[],
): State {
  const { side } = event;
  const isGone = event.type === 'transport-gone';
  const reset = isGone || event.reset;
  if (state[side] !== 'present') return isGone ? { ...state, [side]: 'gone' } : state;
  const ended: State = { ...state, [side]: isGone ? 'gone' : 'ended', endedAt: state.endedAt ?? at };
  const passOn = (): void => {
    const other = side === 'client' ? 'function' : 'client';
    if (ended[other] === 'gone') return;
    // FIN and RST are passed on as they came; but a RST must not overtake a close frame that was passed on before.
    effects.push({ type: 'end-transport', side: other, reset: reset && ended.phase !== 'closing' });
  };
  switch (state.phase) {
    case 'starting':
      return conclude(ended, at, rules, { kind: 'client-lost' }, effects);
    case 'upgrading':
    case 'open':
      if (side === 'client') {
        passOn();
        return conclude(ended, at, rules, { kind: 'client-lost' }, effects);
      }
      if (ended.cause !== null) return conclude(ended, at, rules, ended.cause, effects);
      // Without an answer so far the client gets the platform's: not before the cause is known.
      if (ended.answered) passOn();
      return { ...enter(ended, 'settling', at), likelyCause: { kind: 'function-lost' } };
    case 'settling':
      if (ended.answered) passOn();
      // The tree is gone and nothing more can come from it: no need to wait.
      return side === 'function' && ended.sandboxGone && ended.likelyCause !== null
        ? conclude(ended, at, rules, ended.likelyCause, effects)
        : ended;
    case 'closing':
      if (!ended.severed) passOn();
      else if (!isGone) effects.push({ type: 'end-transport', side, reset: false });
      return ended;
    default:
      return ended;
  }
}

/** Moves on to the phases that need no event of their own. */
function advanced(state: State, at: number, rules: LifecycleRules, effects: Effect[]): State {
  let next = state;
  if (next.phase === 'closing' && next.client === 'gone' && next.function === 'gone') {
    next = enter(next, 'stopping', at);
    if (rules.reuseInstances && isInstanceSound(next)) {
      effects.push({ type: 'release-sandbox' });
      next = { ...next, sandboxGone: true };
    } else if (!next.sandboxGone) effects.push({ type: 'terminate-sandbox' });
  }
  if (next.phase === 'stopping' && next.sandboxGone) {
    next = enter(next, 'closed', at);
    effects.push({ type: 'report' });
  }
  return next;
}

/** Rule 3: asks for an earlier wake-up, never for a later one. */
function rearmed(state: State, rules: LifecycleRules, effects: Effect[]): Step {
  const wakeAt = nextDeadline(state, rules);
  if (wakeAt === null ? state.wakeAt === null : state.wakeAt !== null && state.wakeAt <= wakeAt) {
    return [state, effects.length === 0 ? NO_EFFECTS : effects];
  }
  effects.push({ type: 'wake-at', at: wakeAt });
  return [{ ...state, wakeAt }, effects];
}

/** Is there an instance that was ready, lives, and has taken no harm from its connection? */
function isInstanceSound({ cause, readyAt, sandboxGone }: State): boolean {
  return cause !== null && isHarmless(cause) && readyAt !== null && !sandboxGone;
}

/** Is the platform still in charge of the connection's end? */
function isRunning(state: State): boolean {
  return (
    state.cause === null &&
    (state.phase === 'starting' || state.phase === 'upgrading' || state.phase === 'open')
  );
}
