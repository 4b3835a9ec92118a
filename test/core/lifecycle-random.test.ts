import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextDeadline } from '../../src/core/deadline.ts';
import { begin, step } from '../../src/core/lifecycle.ts';
import type { Effect, Event, LifecycleRules, State } from '../../src/core/lifecycle-words.ts';
import { RULES } from './transcript.ts';

const SIDES = fc.constantFrom('client', 'function');
const EVENTS: fc.Arbitrary<Event> = fc.oneof(
  fc.constant({ type: 'sandbox-ready' }),
  fc.constant({ type: 'sandbox-bound-to-loopback', address: '127.0.0.1' }),
  fc.constant({ type: 'sandbox-ending', exit: { kind: 'exited', code: 1 } }),
  fc.constant({ type: 'sandbox-exited', exit: { kind: 'exited', code: 1 } }),
  fc.record({ type: fc.constant('memory-measured'), usedBytes: fc.integer({ min: 1e8, max: 1.4e8 }) }),
  fc.constant({ type: 'upgrade-accepted' }),
  fc.constant({ type: 'upgrade-refused', httpStatus: 401 }),
  fc.constant({ type: 'refusal-ended' }),
  fc.constant({ type: 'message-seen' }),
  fc.record({
    type: fc.constant('close-received'),
    from: SIDES,
    code: fc.constantFrom(1000, 4000, null),
    reason: fc.constant(''),
  }),
  fc.record({
    type: fc.constant('quota-broken'),
    by: SIDES,
    quota: fc.constantFrom('message-size', 'bandwidth'),
    measured: fc.nat(),
  }),
  fc.record({ type: fc.constant('transport-ended'), side: SIDES, reset: fc.boolean() }),
  fc.record({ type: fc.constant('transport-gone'), side: SIDES }),
  fc.constant({ type: 'stop-requested' }),
  fc.constant({ type: 'woke' }),
) as fc.Arbitrary<Event>;

const WALKS = fc.record({
  timeoutCloseCode: fc.constantFrom(null, 1001),
  reuseInstances: fc.boolean(),
  events: fc.array(fc.record({ pause: fc.oneof(fc.nat(20), fc.nat(400_000)), event: EVENTS }), {
    minLength: 5,
    maxLength: 60,
  }),
});

/** What the world outside knows: a walk may only send what could really happen. */
class World {
  readonly transports = { client: 'present', function: 'absent' };
  sandbox: 'none' | 'running' | 'gone' = 'none';
  reports = 0;
  closesSent = 0;

  canHappen(event: Event, state: State): boolean {
    switch (event.type) {
      case 'sandbox-ending':
      case 'sandbox-exited':
      case 'sandbox-ready':
      case 'sandbox-bound-to-loopback':
      case 'memory-measured':
        return this.sandbox === 'running';
      case 'transport-ended':
      case 'transport-gone':
        return this.transports[event.side] === 'present';
      case 'close-received':
        return this.transports[event.from] === 'present' && state.openedAt !== null;
      case 'quota-broken':
        return this.transports[event.by] === 'present' && state.openedAt !== null;
      case 'upgrade-accepted':
      case 'upgrade-refused':
      case 'refusal-ended':
        return this.transports.function === 'present';
      default:
        return true;
    }
  }

  happened(event: Event): void {
    if (event.type === 'sandbox-exited') this.sandbox = 'gone';
    if (event.type === 'transport-gone') this.transports[event.side] = 'gone';
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'start-sandbox':
        expect(this.sandbox).toBe('none');
        this.sandbox = 'running';
        break;
      case 'connect-function':
        expect(this.transports.function).toBe('absent');
        this.transports.function = 'present';
        break;
      case 'answer-with-status':
        expect(this.transports.client).toBe('present');
        break;
      case 'send-close':
        expect(this.transports[effect.to]).toBe('present');
        this.closesSent++;
        break;
      case 'end-transport':
      case 'cut-transport':
        expect(this.transports[effect.side]).toBe('present');
        break;
      case 'release-sandbox':
        expect(this.sandbox).toBe('running');
        // It belongs to another one now.
        this.sandbox = 'gone';
        break;
      case 'report':
        this.reports++;
        // No survivor outlives the report.
        expect(this.transports.client).toBe('gone');
        expect(this.transports.function).not.toBe('present');
        expect(this.sandbox).not.toBe('running');
        break;
      default:
        break;
    }
  }
}

const isReport = (effect: Effect): boolean => effect.type === 'report';

function walk({
  timeoutCloseCode,
  reuseInstances,
  events,
}: {
  timeoutCloseCode: number | null;
  reuseInstances: boolean;
  events: { pause: number; event: Event }[];
}): void {
  const rules: LifecycleRules = { ...RULES, timeoutCloseCode, reuseInstances };
  const world = new World();
  let at = 0;
  let [state, effects] = begin(at, rules);
  for (const effect of effects) world.perform(effect);

  const feed = (event: Event): void => {
    if (!world.canHappen(event, state)) return;
    const before = state;
    const deadline = nextDeadline(before, rules);
    // A deadline that was overdue ended it before the event, so its effects are for the world before the event.
    const isOverdue = deadline !== null && at >= deadline;
    if (!isOverdue) world.happened(event);
    [state, effects] = step(state, event, at, rules);
    if (before.cause !== null) expect(state.cause).toBe(before.cause);
    if (before.phase === 'closed') expect(effects).toEqual([]);
    const [reports, others] = [effects.filter(isReport), effects.filter(effect => !isReport(effect))];
    for (const effect of others) world.perform(effect);
    if (isOverdue) world.happened(event);
    for (const effect of reports) world.perform(effect);
  };

  for (const { pause, event } of events) {
    at += pause;
    feed(event);
    // Nothing waits for ever: whatever is not closed has asked for a wake-up.
    if (state.phase !== 'closed') expect(state.wakeAt).not.toBeNull();
  }
  // Then nothing more comes but what the effects lead to: the connection still ends.
  for (let i = 0; state.phase !== 'closed'; i++) {
    expect(i).toBeLessThan(50);
    at = Math.max(at, state.wakeAt ?? at);
    feed({ type: 'woke' });
    if (state.phase === 'closing') {
      feed({ type: 'transport-gone', side: 'client' });
      feed({ type: 'transport-gone', side: 'function' });
    }
    if (state.phase === 'stopping')
      feed({ type: 'sandbox-exited', exit: { kind: 'signaled', signal: 'SIGKILL' } });
  }
  expect(world.reports).toBe(1);
  expect(state.cause).not.toBeNull();
  expect(world.closesSent).toBeLessThanOrEqual(2);
}

it('whatever happens, in whatever order: one report, no survivor, the first cause, an end (random)', () => {
  // Twenty thousand walks of some thirty events each; a failing seed is printed and shrunk.
  fc.assert(fc.property(WALKS, walk), { numRuns: 20_000 });
});
