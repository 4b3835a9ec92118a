// WebSocket on the wire, as far as the benchmark needs it: a handshake, and frames of one size made beforehand. Own
// code, so that nothing of what is measured takes part in measuring.
import { createHash } from 'node:crypto';

/** Not zero: some receivers skip the work of a mask that changes nothing. */
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n');

/** The whole answer of a server to a handshake with this head. */
export function acceptance(head: string): string {
  const key = /^sec-websocket-key:\s*(\S+)/im.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    '\r\n',
  ].join('\r\n');
}

/** RFC 6455 §5.2: the header of one whole binary message, without a mask's key. */
function header(payloadBytes: number, maskBit: 0 | 0x80): Buffer {
  if (payloadBytes < 126) return Buffer.from([0x82, maskBit | payloadBytes]);
  if (payloadBytes < 65_536) {
    return Buffer.from([0x82, maskBit | 126, payloadBytes >> 8, payloadBytes & 0xff]);
  }
  const long = Buffer.alloc(10);
  long.writeUInt16BE(0x8200 | maskBit | 127);
  long.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return long;
}

export interface FramePair {
  /** What a client sends. */
  readonly masked: Buffer;
  /** What a client gets back. */
  readonly echoed: Buffer;
  readonly echoedHeaderBytes: number;
}

export function framePair(payloadBytes: number): FramePair {
  const payload = Buffer.alloc(payloadBytes);
  for (let i = 0; i < payloadBytes; i++) payload[i] = (i * 31 + 7) & 0xff;
  const covered = Buffer.from(payload.map((byte, i) => byte ^ (MASK[i & 3] ?? 0)));
  const echoedHeader = header(payloadBytes, 0);
  return {
    masked: Buffer.concat([header(payloadBytes, 0x80), MASK, covered]),
    echoed: Buffer.concat([echoedHeader, payload]),
    echoedHeaderBytes: echoedHeader.length,
  };
}
