// The running machine takes a short cut for messages: what comes of it must be what `step` makes of every one.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { begin, step } from '../../src/core/lifecycle.ts';
import type { Effect, Event } from '../../src/core/lifecycle-words.ts';
import { Machine } from '../../src/gateway/machine.ts';
import { RULES } from '../core/transcript.ts';

const OPENED: readonly Event[] = [{ type: 'sandbox-ready' }, { type: 'upgrade-accepted' }];

const EVENTS = fc.constantFrom<Event>(
  { type: 'message-seen' },
  { type: 'message-seen' },
  { type: 'memory-measured', usedBytes: 1 },
  { type: 'sandbox-ending', exit: { kind: 'exited', code: 1 } },
  { type: 'close-received', from: 'client', code: 1000, reason: '' },
  { type: 'quota-broken', by: 'client', quota: 'bandwidth', measured: 1 },
  { type: 'transport-ended', side: 'function', reset: false },
);

const WALKS = fc.array(fc.record({ pauseMs: fc.oneof(fc.nat(20), fc.nat(12_000)), event: EVENTS }), {
  maxLength: 40,
});

it('ends a connection when and why every single message says so', () => {
  fc.assert(
    fc.property(WALKS, walk => {
      let at = 0;
      const clock = { now: () => at } as Clock;
      const done: Effect[] = [];
      const machine = new Machine({ clock, rules: RULES, perform: effect => done.push(effect) }, null);
      machine.begin();
      let [state, expected] = begin(at, RULES);
      const both = (event: Event): void => {
        if (event.type === 'message-seen') machine.messageSeen(at);
        else machine.raise(event);
        const [next, effects] = step(state, event, at, RULES);
        state = next;
        expected = [...expected, ...effects];
      };
      for (const event of OPENED) both(event);
      for (const { pauseMs, event } of walk) {
        const next = at + pauseMs;
        // As the clock does, and the path of every chunk when the clock is late.
        while (machine.state.wakeAt !== null && machine.state.wakeAt <= next) {
          at = machine.state.wakeAt;
          both({ type: 'woke' });
        }
        at = next;
        both(event);
      }
      machine.raise({ type: 'stop-requested' });
      [state] = step(state, { type: 'stop-requested' }, at, RULES);
      expect(machine.state).toEqual(state);
      expect(done.slice(0, expected.length)).toEqual(expected);
    }),
  );
});
