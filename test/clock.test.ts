import { describe, expect, it } from 'vitest';
import { createClock } from '../src/clock.ts';

describe('the clock', () => {
  it('moves forward at once, and what becomes due is called before advance returns, in order', () => {
    const clock = createClock();
    const calls: string[] = [];
    clock.wakeAt(7_200_000, () => calls.push('two hours'));
    clock.wakeAt(60_000, () => calls.push('a minute'));
    clock.advance(59_000);
    expect(calls).toEqual([]);
    clock.advance(2 * 3_600_000);
    expect(calls).toEqual(['a minute', 'two hours']);
  });

  it('does not call what was cancelled, nor what an earlier call cancelled', () => {
    const clock = createClock();
    const calls: string[] = [];
    const second = clock.wakeAt(2000, () => calls.push('second'));
    clock.wakeAt(1000, () => {
      calls.push('first');
      second.cancel();
    });
    clock.advance(5000);
    expect(calls).toEqual(['first']);
  });

  it('wakes by itself, never before its time', async () => {
    const clock = createClock({ scale: 1000 });
    const at = clock.now() + 2000;
    await new Promise<void>(resolve => clock.wakeAt(at, resolve));
    expect(clock.now()).toBeGreaterThanOrEqual(at);
  });

  it('tells the wall clock of its own time', () => {
    const clock = createClock();
    clock.advance(3_600_000);
    expect(clock.wallTime(clock.now()).getTime() - Date.now()).toBeGreaterThan(3_500_000);
  });
});
