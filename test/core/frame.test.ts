import { describe, expect, it } from 'vitest';
import {
  closeFrame,
  headerLength,
  isSendableCloseCode,
  MAX_CLOSE_REASON_BYTES,
  readClosePayload,
} from '../../src/core/frame.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('RFC 6455 §5.2: the header length follows from the second byte', () => {
  it.each([
    [0x00, 2],
    [0x7d, 2],
    [0x7e, 4],
    [0x7f, 10],
    [0x80, 6],
    [0xfe, 8],
    [0xff, 14],
  ])('%i → %i bytes', (secondByte, length) => {
    expect(headerLength(secondByte)).toBe(length);
  });
});

describe('RFC 6455 §5.5.1: close payloads', () => {
  it.each([
    ['', null, ''],
    ['03', null, ''],
    ['03e8', 1000, ''],
    ['0fa16f6b', 4001, 'ok'],
    ['03ef', 1007, ''],
  ])('"%s" says %s "%s"', (payload, code, reason) => {
    expect(readClosePayload(Buffer.from(payload, 'hex'))).toEqual({ code, reason });
  });

  it('a frame to the client is not masked, a frame to the function is (§5.1)', () => {
    const close = { code: 1009, reason: 'too big' };
    expect(hex(closeFrame(close))).toBe(`880903f1${Buffer.from('too big').toString('hex')}`);
    const masked = closeFrame(close, Uint8Array.of(1, 2, 3, 4));
    expect(hex(masked.subarray(0, 6))).toBe('888901020304');
    const payload = masked.subarray(6).map((byte, i) => byte ^ ((i & 3) + 1));
    expect(readClosePayload(payload)).toEqual(close);
  });

  it('a reason that is too long is cut at a whole character', () => {
    const frame = closeFrame({ code: 1000, reason: '中'.repeat(60) });
    const { reason } = readClosePayload(frame.subarray(2));
    expect(reason).toBe('中'.repeat(Math.floor(MAX_CLOSE_REASON_BYTES / 3)));
  });
});

it('RFC 6455 §7.4.1: 1005, 1006 and 1015 never stand in a close frame', () => {
  expect([999, 1000, 1001, 1005, 1006, 1011, 1015, 3000, 4999, 5000].filter(isSendableCloseCode)).toEqual([
    1000, 1001, 1011, 3000, 4999,
  ]);
});
