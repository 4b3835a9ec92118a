import { describe, expect, it } from 'vitest';
import { OPCODE } from '../../src/core/frame.ts';
import type { TrafficLimits } from '../../src/core/traffic.ts';
import { Traffic } from '../../src/core/traffic.ts';
import { binary, close, frame, MASK, text } from './frames.ts';

const LIMITS: TrafficLimits = {
  maxMessageBytes: 262_144,
  rate: { maxMessages: 10, maxBytes: 131_072, windowMs: 1000 },
  controlFramesResetIdle: false,
};

const masked = { mask: MASK };

describe('the quotas of Tencent SCF, from the client', () => {
  it('ten messages within a second pass, the eleventh does not, and what came before it does', () => {
    const traffic = new Traffic(LIMITS);
    const eleven = Buffer.concat(Array.from({ length: 11 }, () => text('hi', masked)));
    const seen = traffic.observe(eleven, 0);
    expect(seen.broken).toEqual({ quota: 'message-rate', measured: 11 });
    expect(seen.passBytes).toBe(10 * text('hi', masked).length);
    expect(traffic.messages).toBe(10);
    expect(traffic.isAtBoundary).toBe(true);
  });

  it('the eleventh is found as well when each message comes in a chunk of its own', () => {
    const traffic = new Traffic(LIMITS);
    for (let i = 0; i < 10; i++) expect(traffic.observe(text('hi', masked), i * 99).broken).toBeNull();
    expect(traffic.observe(text('hi', masked), 999).broken).toEqual({ quota: 'message-rate', measured: 11 });
  });

  it('ten messages a second for a minute pass', () => {
    const traffic = new Traffic(LIMITS);
    for (let at = 0; at < 60_000; at += 100)
      expect(traffic.observe(text('hi', masked), at).broken).toBeNull();
    expect(traffic.messages).toBe(600);
  });

  it('pings are no messages: any number passes', () => {
    const traffic = new Traffic(LIMITS);
    for (let i = 0; i < 50; i++)
      expect(traffic.observe(frame({ opcode: OPCODE.ping, mask: MASK }), i).broken).toBeNull();
    expect(traffic.observe(text('x', masked), 60).sawMessage).toBe(true);
  });

  it('128 KB within a second pass, a byte more does not', () => {
    const traffic = new Traffic(LIMITS);
    expect(traffic.observe(binary(131_072, masked), 0).broken).toBeNull();
    expect(traffic.observe(binary(1, masked), 500).broken).toEqual({ quota: 'bandwidth', measured: 131_073 });
  });

  it('a message of 256 KB passes if it takes its time', () => {
    const traffic = new Traffic(LIMITS);
    const bytes = binary(262_144, masked);
    for (let at = 0, offset = 0; offset < bytes.length; at += 260, offset += 32_768) {
      expect(traffic.observe(bytes.subarray(offset, offset + 32_768), at).broken).toBeNull();
    }
    expect(traffic).toMatchObject({ messages: 1, bytes: 262_144 });
  });

  it('a message of 300 KB is known from its header', () => {
    const traffic = new Traffic(LIMITS);
    expect(traffic.observe(binary(307_200, masked).subarray(0, 14), 0)).toMatchObject({
      broken: { quota: 'message-size', measured: 307_200 },
      passBytes: 0,
    });
    expect(traffic.isBroken).toBe(true);
  });

  it('fragments make one message, for the rate and for the size', () => {
    const traffic = new Traffic(LIMITS);
    const part = (opcode: number, fin: boolean): Buffer =>
      frame({ opcode, fin, payload: new Uint8Array(100), mask: MASK });
    traffic.observe(part(OPCODE.binary, false), 0);
    for (let i = 0; i < 20; i++)
      expect(traffic.observe(part(OPCODE.continuation, false), i).broken).toBeNull();
    traffic.observe(part(OPCODE.continuation, true), 30);
    expect(traffic).toMatchObject({ messages: 1, bytes: 2200 });
  });
});

describe('after the end was decided', () => {
  it('the close frame behind what was stopped is still found', () => {
    const traffic = new Traffic(LIMITS);
    const seen = traffic.observe(Buffer.concat([binary(300_000, masked), close('03e8', masked)]), 0);
    expect(seen.close).toEqual({ code: 1000, reason: '' });
  });

  it('what still passes is still counted', () => {
    const traffic = new Traffic({ ...LIMITS, rate: null });
    traffic.observeUnlimited(Buffer.concat([text('late'), close('03e8')]));
    expect(traffic).toMatchObject({ messages: 1, bytes: 4 });
  });
});

it('control frames reset the idle clock only where that is assumed', () => {
  const ping = frame({ opcode: OPCODE.ping });
  expect(new Traffic(LIMITS).observe(ping, 0).sawMessage).toBe(false);
  expect(new Traffic({ ...LIMITS, controlFramesResetIdle: true }).observe(ping, 0).sawMessage).toBe(true);
});
