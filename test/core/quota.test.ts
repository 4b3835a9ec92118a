import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from '../../src/core/quota.ts';

const QUOTA = { maxMessages: 10, maxBytes: 1000, windowMs: 1000 };

describe('a window of one second', () => {
  it('has room for ten messages, and for none more until a second after the first', () => {
    const meter = new RateMeter(QUOTA);
    for (let i = 0; i < 10; i++) meter.charge(i * 10, { messagesBegun: 1, dataBytes: 1 });
    meter.forget(999);
    expect(meter.messageRoom).toBe(0);
    meter.forget(1000);
    expect(meter.messageRoom).toBe(1);
  });

  it('does not depend on where a second is thought to begin', () => {
    const meter = new RateMeter(QUOTA);
    for (let i = 0; i < 6; i++) meter.charge(900, { messagesBegun: 1, dataBytes: 0 });
    for (let i = 0; i < 4; i++) meter.charge(1100, { messagesBegun: 1, dataBytes: 0 });
    expect(meter.messageRoom).toBe(0);
  });

  it('null is no limit', () => {
    const meter = new RateMeter({ maxMessages: null, maxBytes: null, windowMs: 1000 });
    meter.charge(0, { messagesBegun: 1e6, dataBytes: 1e9 });
    expect([meter.messageRoom, meter.byteRoom]).toEqual([Infinity, Infinity]);
  });
});

it('counts what a plain list of all charges counts (random)', () => {
  const charges = fc.array(
    fc.record({
      pause: fc.double({ min: 0, max: 700, noNaN: true }),
      messagesBegun: fc.nat(5),
      dataBytes: fc.nat(300),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(charges, list => {
      const meter = new RateMeter(QUOTA);
      const all: { at: number; messagesBegun: number; dataBytes: number }[] = [];
      let at = 0;
      for (const { pause, ...come } of list) {
        at += pause;
        meter.forget(at);
        meter.charge(at, come);
        all.push({ at, ...come });
        const recent = all.filter(charge => Math.floor(charge.at) > Math.floor(at) - 1000);
        expect(meter.messages).toBe(recent.reduce((sum, charge) => sum + charge.messagesBegun, 0));
        expect(meter.bytes).toBe(recent.reduce((sum, charge) => sum + charge.dataBytes, 0));
      }
    }),
  );
});

it('keeps no more slots than the window has milliseconds, however much comes', () => {
  const meter = new RateMeter({ maxMessages: null, maxBytes: null, windowMs: 1000 });
  for (let i = 0; i < 50_000; i++) {
    meter.forget(i / 10);
    meter.charge(i / 10, { messagesBegun: 1, dataBytes: 64 });
  }
  expect(meter.messages).toBe(10_000);
});
