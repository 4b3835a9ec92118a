// One WebSocket frame: header sizes, close payloads, and the close frames that the gateway itself sends
// (RFC 6455 §5). Pure: bytes in, values out.

/** Opcodes, RFC 6455 §5.2. Reserved ones are passed through like any other. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** RFC 6455 §5.5: control frames are those with the high bit of the opcode set. */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8;
}

/** RFC 6455 §5.5: the payload of a control frame is at most this long. */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;

/** A close code takes two of those bytes (RFC 6455 §5.5.1). */
export const MAX_CLOSE_REASON_BYTES = MAX_CONTROL_PAYLOAD_BYTES - 2;

/** The longest header: two bytes, eight of length, four of masking key (RFC 6455 §5.2). */
export const MAX_HEADER_BYTES = 14;

/** The whole header's length in bytes, from its second byte (RFC 6455 §5.2). */
export function headerLength(secondByte: number): number {
  const lengthCode = secondByte & 0x7f;
  const extended = lengthCode === 126 ? 2 : lengthCode === 127 ? 8 : 0;
  return 2 + extended + (secondByte & 0x80 ? 4 : 0);
}

/** What a close frame said. `code` is null when the payload was empty (RFC 6455 §7.1.5: 1005). */
export interface CloseMessage {
  readonly code: number | null;
  readonly reason: string;
}

/** Reads the unmasked payload of a close frame. A payload of one byte is illegal (RFC 6455 §5.5.1) and holds no code. */
export function readClosePayload(payload: Uint8Array): CloseMessage {
  const [high, low] = payload;
  if (high === undefined || low === undefined) return { code: null, reason: '' };
  return { code: (high << 8) | low, reason: new TextDecoder().decode(payload.subarray(2)) };
}

/** May this code stand in a close frame? RFC 6455 §7.4.1: 1005, 1006 and 1015 must not. */
export function isSendableCloseCode(code: number): boolean {
  return code >= 1000 && code <= 4999 && code !== 1004 && code !== 1005 && code !== 1006 && code !== 1015;
}

/**
 * The bytes of one close frame. `maskKey` is given for frames to the function and left out for frames to the
 * client (RFC 6455 §5.1). A reason that is too long is cut at a character.
 */
export function closeFrame(message: { code: number; reason: string }, maskKey?: Uint8Array): Uint8Array {
  const reason = truncateUtf8(message.reason, MAX_CLOSE_REASON_BYTES);
  const payload = new Uint8Array(2 + reason.length);
  payload[0] = message.code >> 8;
  payload[1] = message.code & 0xff;
  payload.set(reason, 2);
  const frame = new Uint8Array(2 + (maskKey ? 4 : 0) + payload.length);
  frame[0] = 0x80 | OPCODE.close;
  frame[1] = payload.length | (maskKey ? 0x80 : 0);
  if (maskKey) {
    frame.set(maskKey, 2);
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (maskKey[i & 3] ?? 0);
  }
  frame.set(payload, frame.length - payload.length);
  return frame;
}

/** The longest prefix of whole characters that fits (RFC 6455 §5.5.1: the reason is UTF-8). */
function truncateUtf8(text: string, maxBytes: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // 0b10xxxxxx continues a character that began before.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
