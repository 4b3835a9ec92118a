import { describe, expect, it } from 'vitest';
import { OPCODE } from '../../src/core/frame.ts';
import { MessageReader } from '../../src/core/message-reader.ts';
import type { FrameSpec } from './frames.ts';
import { binary, close, frame, MASK, text } from './frames.ts';

const continuation = (content: string, more: Partial<FrameSpec> = {}): Buffer =>
  frame({ opcode: OPCODE.continuation, payload: Buffer.from(content), ...more });

function read(chunks: readonly Uint8Array[], maxKeptBytes = 1_000_000) {
  const messages: { text: string; isBinary: boolean; isCompressed: boolean; payloadBytes: number }[] = [];
  const reader = new MessageReader({
    maxKeptBytes,
    onMessage: ({ payload, ...rest }) => messages.push({ text: Buffer.from(payload).toString(), ...rest }),
  });
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

const message = (content: string, more: object = {}) => ({
  text: content,
  isBinary: false,
  isCompressed: false,
  payloadBytes: Buffer.byteLength(content),
  ...more,
});

const CASES: readonly (readonly [string, Buffer, readonly object[]])[] = [
  ['an empty text', text(''), [message('')]],
  ['a masked text', text('héllo', { mask: MASK }), [message('héllo')]],
  ['126 bytes', binary(126), [message('\0'.repeat(126), { isBinary: true })]],
  [
    '65,536 masked bytes',
    text('x'.repeat(65_536), { mask: MASK }),
    [message('x'.repeat(65_536), { isBinary: false })],
  ],
  [
    'fragments, each with its own mask, and a ping between them',
    Buffer.concat([
      text('one ', { fin: false, mask: MASK }),
      frame({ opcode: OPCODE.ping, payload: Buffer.from('ping'), mask: MASK }),
      continuation('two ', { fin: false, mask: Uint8Array.of(1, 2, 3, 4) }),
      continuation('', { fin: false }),
      continuation('three', { mask: MASK }),
      text('next'),
    ]),
    [message('one two three'), message('next')],
  ],
  [
    'a compressed message, known by its first frame',
    Buffer.concat([text('a', { fin: false, rsv: 4 }), continuation('b')]),
    [message('ab', { isCompressed: true })],
  ],
  [
    'control frames and a message that has no end',
    Buffer.concat([close('03e8'), continuation('stray'), text('cut', { fin: false })]),
    [],
  ],
];

describe.each(CASES)('%s', (_name, bytes, expected) => {
  it('whole', () => expect(read([bytes])).toEqual(expected));
  it('byte by byte', () => expect(read([...bytes].map(byte => Buffer.of(byte)))).toEqual(expected));
  it('in pieces of seven', () => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 7) pieces.push(bytes.subarray(at, at + 7));
    expect(read(pieces)).toEqual(expected);
  });
  it('leaves the bytes as they are', () => {
    const before = Buffer.from(bytes);
    read([bytes]);
    expect(bytes.equals(before)).toBe(true);
  });
});

it('keeps no more of a message than it may, and knows how long it was', () => {
  const bytes = Buffer.concat([
    text('12345', { fin: false, mask: MASK }),
    continuation('67890', { mask: MASK }),
    text('next', { mask: MASK }),
  ]);
  const expected = [message('1234567', { payloadBytes: 10 }), message('next')];
  expect(read([bytes], 7)).toEqual(expected);
  expect(
    read(
      [...bytes].map(byte => Buffer.of(byte)),
      7,
    ),
  ).toEqual(expected);
});
