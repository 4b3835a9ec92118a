import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPCODE } from '../../src/core/frame.ts';
import type { FrameSeen } from '../../src/core/frame-scanner.ts';
import { FrameScanner, UNLIMITED } from '../../src/core/frame-scanner.ts';
import { binary, close, frame, MASK, text } from './frames.ts';

/** All that a stream comes to, however it is cut into chunks. */
function totals(chunks: readonly Uint8Array[]) {
  const frames: FrameSeen[] = [];
  const scanner = new FrameScanner({ onFrame: seen => frames.push(seen) });
  const sum = { messagesBegun: 0, messagesEnded: 0, controlFrames: 0, dataBytes: 0 };
  const closes: unknown[] = [];
  for (const chunk of chunks) {
    const scan = scanner.scan(chunk);
    expect(scan).toMatchObject({ passBytes: chunk.length, scannedBytes: chunk.length, stopped: null });
    sum.messagesBegun += scan.messagesBegun;
    sum.messagesEnded += scan.messagesEnded;
    sum.controlFrames += scan.controlFrames;
    sum.dataBytes += scan.dataBytes;
    if (scan.close) closes.push(scan.close);
  }
  return { ...sum, closes, frames, isAtBoundary: scanner.isAtBoundary };
}

const TAIL = text('tail');

/** Whole, byte by byte, with a tail, and half of it. */
const CASES: readonly (readonly [string, Buffer, Partial<ReturnType<typeof totals>>])[] = [
  ['an empty text', text(''), { messagesBegun: 1, messagesEnded: 1, dataBytes: 0 }],
  ['a text', text('hello'), { messagesEnded: 1, dataBytes: 5 }],
  ['a masked text', text('hello', { mask: MASK }), { messagesEnded: 1, dataBytes: 5 }],
  ['125 bytes', binary(125), { messagesEnded: 1, dataBytes: 125 }],
  ['126 bytes: two bytes of length', binary(126), { messagesEnded: 1, dataBytes: 126 }],
  [
    '65,536 bytes: eight bytes of length',
    binary(65_536, { mask: MASK }),
    { messagesEnded: 1, dataBytes: 65_536 },
  ],
  [
    'a length that is longer than it need be',
    text('hi', { lengthBytes: 8 }),
    { messagesEnded: 1, dataBytes: 2 },
  ],
  [
    'three fragments with a ping between them',
    Buffer.concat([
      text('a', { fin: false }),
      frame({ opcode: OPCODE.continuation, fin: false, payload: Buffer.from('b') }),
      frame({ opcode: OPCODE.ping, payload: Buffer.from('?') }),
      frame({ opcode: OPCODE.continuation, payload: Buffer.from('c') }),
    ]),
    { messagesBegun: 1, messagesEnded: 1, controlFrames: 1, dataBytes: 3 },
  ],
  [
    'a ping and a pong',
    Buffer.concat([frame({ opcode: OPCODE.ping }), frame({ opcode: OPCODE.pong })]),
    { controlFrames: 2, messagesEnded: 0 },
  ],
  ['a compressed text (RSV1)', text('x', { rsv: 4 }), { messagesEnded: 1 }],
  ['a reserved data opcode', frame({ opcode: 0x3, payload: Buffer.from('x') }), { messagesEnded: 1 }],
  ['a reserved control opcode', frame({ opcode: 0xb }), { controlFrames: 1, closes: [] }],
  [
    'a continuation of nothing',
    frame({ opcode: OPCODE.continuation, payload: Buffer.from('x') }),
    { messagesEnded: 1 },
  ],
  ['a close', close('03e8'), { controlFrames: 1, closes: [{ code: 1000, reason: '' }] }],
  [
    'a masked close with a reason',
    close('0fa16f6b', { mask: MASK }),
    { closes: [{ code: 4001, reason: 'ok' }] },
  ],
  ['an empty close', close(''), { closes: [{ code: null, reason: '' }] }],
  ['a close of one byte', close('03'), { closes: [{ code: null, reason: '' }] }],
];

describe.each(CASES)('%s', (_name, bytes, expected) => {
  it('whole', () => {
    expect(totals([bytes])).toMatchObject({ ...expected, isAtBoundary: true });
  });
  it('byte by byte', () => {
    expect(totals([...bytes].map(byte => Uint8Array.of(byte)))).toMatchObject({
      ...expected,
      isAtBoundary: true,
    });
  });
  it('with a tail in the same chunk', () => {
    const seen = totals([Buffer.concat([bytes, TAIL])]);
    expect(seen.frames.at(-1)).toEqual({ opcode: OPCODE.text, fin: true, payloadBytes: 4 });
    expect(seen.messagesEnded).toBe(totals([bytes]).messagesEnded + 1);
  });
  it('is not at a boundary before its last byte', () => {
    expect(totals([bytes.subarray(0, -1)]).isAtBoundary).toBe(bytes.length === 0);
  });
});

it('any stream of frames comes to the same however it is cut (random, against one chunk)', () => {
  const frames = fc.array(
    fc.record({
      opcode: fc.constantFrom(0, 1, 2, 3, 8, 9, 10, 11),
      fin: fc.boolean(),
      rsv: fc.integer({ min: 0, max: 7 }),
      payload: fc.uint8Array({ maxLength: 300 }),
      mask: fc.constantFrom(null, MASK),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (specs, sizes) => {
      const bytes = Buffer.concat(specs.map(frame));
      const chunks: Buffer[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      const { closes, ...whole } = totals([bytes]);
      const { closes: closesInPieces, ...pieces } = totals(chunks);
      expect(pieces).toEqual(whole);
      // One chunk tells its first close frame only.
      expect(closesInPieces[0]).toEqual(closes[0]);
    }),
  );
});

it('any bytes at all are scanned without an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), chunks => {
      const scanner = new FrameScanner();
      for (const chunk of chunks) expect(scanner.scan(chunk).passBytes).toBe(chunk.length);
    }),
  );
});

describe('room', () => {
  it('a message that is too big is stopped at its header, before its payload has come', () => {
    const before = text('ok');
    const header = binary(300_000).subarray(0, 10);
    const scan = new FrameScanner().scan(Buffer.concat([before, header]), {
      ...UNLIMITED,
      messageBytes: 262_144,
    });
    expect(scan).toMatchObject({
      stopped: 'message-size',
      measured: 300_000,
      passBytes: before.length,
      passEndsAtBoundary: true,
    });
  });

  it('a message is the sum of its fragments', () => {
    const scanner = new FrameScanner();
    const room = { ...UNLIMITED, messageBytes: 10 };
    expect(scanner.scan(text('123456', { fin: false }), room).stopped).toBeNull();
    const rest = frame({ opcode: OPCODE.continuation, payload: Buffer.from('789ab') });
    expect(scanner.scan(rest, room)).toMatchObject({ stopped: 'message-size', measured: 11, passBytes: 0 });
  });

  it('the first message beyond the room stops, those before it pass', () => {
    const chunk = Buffer.concat([text('a'), text('b'), text('c')]);
    const scan = new FrameScanner().scan(chunk, { ...UNLIMITED, messages: 2 });
    expect(scan).toMatchObject({ stopped: 'message-rate', measured: 3, passBytes: 6, messagesEnded: 2 });
  });

  it('bytes are charged as they come; a frame that began in this chunk is stopped at its start', () => {
    const scanner = new FrameScanner();
    const room = { ...UNLIMITED, bytes: 100 };
    const bytes = binary(150);
    expect(scanner.scan(bytes.subarray(0, 84), room)).toMatchObject({ stopped: null, dataBytes: 80 });
    expect(scanner.scan(bytes.subarray(84), { ...room, bytes: 20 })).toMatchObject({
      stopped: 'bandwidth',
      passBytes: 0,
      passEndsAtBoundary: false,
    });
  });

  it('scanning can go on behind what was stopped, and finds the close frame there', () => {
    const scanner = new FrameScanner();
    const chunk = Buffer.concat([binary(20), close('03e9')]);
    const { scannedBytes } = scanner.scan(chunk, { ...UNLIMITED, messageBytes: 10 });
    expect(scanner.scan(chunk.subarray(scannedBytes)).close).toEqual({ code: 1001, reason: '' });
  });
});
