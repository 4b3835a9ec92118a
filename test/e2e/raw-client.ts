// A client of plain TCP: the bytes of the handshake and the frames are the test's own, and how the connection
// ends (FIN or RST) is seen.
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { OPCODE } from '../../src/core/frame.ts';
import type { FrameSpec } from '../core/frames.ts';
import { frame, MASK } from '../core/frames.ts';
import { until } from './until.ts';

export class RawClient {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #end: 'fin' | 'reset' | null = null;

  /** `port` on the loopback. */
  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.socket.on('data', chunk => this.#chunks.push(chunk));
    this.socket.on('end', () => {
      this.#end ??= 'fin';
    });
    this.socket.on('error', () => {
      this.#end ??= 'reset';
    });
  }

  /** Connects and shakes hands; resolves behind the head of the answer. */
  static async open(port: number, path = '/'): Promise<RawClient> {
    const client = new RawClient(port);
    client.send(handshake({ path }));
    await client.receivedHead();
    return client;
  }

  /** Everything that came so far. */
  get received(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  get end(): 'fin' | 'reset' | null {
    return this.#end;
  }

  /** What came behind the head of the answer. */
  get afterHead(): Buffer {
    const { received } = this;
    const end = received.indexOf('\r\n\r\n');
    return end < 0 ? Buffer.alloc(0) : received.subarray(end + 4);
  }

  get frames(): readonly FrameRead[] {
    return framesIn(this.afterHead);
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** FIN: it will send nothing more, and goes on receiving. */
  finish(): void {
    this.socket.end();
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async receivedHead(): Promise<string> {
    return until('the head of an answer', () => {
      const { received } = this;
      const end = received.indexOf('\r\n\r\n');
      return end < 0 ? null : received.subarray(0, end).toString('latin1');
    });
  }

  async receivedBytes(count: number): Promise<void> {
    await until(
      () => `${count} bytes; ${this.received.length} came`,
      () => this.received.length >= count,
    );
  }

  async receivedFrames(count: number): Promise<readonly FrameRead[]> {
    return until(
      () => `${count} frames; ${this.frames.length} came`,
      () => (this.frames.length >= count ? this.frames : null),
    );
  }

  async ended(): Promise<'fin' | 'reset'> {
    return until('the end of the connection', () => this.#end);
  }
}

/** A legal handshake; `lines` go behind its own, `accept` is for whoever answers it. */
export function handshake({
  path = '/',
  lines = [],
}: {
  path?: string;
  lines?: readonly string[];
} = {}): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...lines,
    '\r\n',
  ].join('\r\n');
}

/** The answer to `handshake`. */
export const ACCEPTANCE = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '\r\n',
].join('\r\n');

/** A frame as clients send it. */
export function masked(spec: FrameSpec): Buffer {
  return frame({ mask: MASK, ...spec });
}

/** A close frame's payload. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

export function maskedClose(code: number, reason = ''): Buffer {
  return masked({ opcode: OPCODE.close, payload: closePayload(code, reason) });
}

export interface FrameRead {
  readonly opcode: number;
  readonly fin: boolean;
  readonly isMasked: boolean;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** The whole frames in `bytes` (RFC 6455 §5.2), read the plain way. */
export function framesIn(bytes: Buffer): readonly FrameRead[] {
  const frames: FrameRead[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes.readUInt8(at);
    const second = bytes.readUInt8(at + 1);
    const isMasked = (second & 0x80) !== 0;
    let length = second & 0x7f;
    let payloadAt = at + 2;
    if (length === 126) {
      if (payloadAt + 2 > bytes.length) break;
      length = bytes.readUInt16BE(payloadAt);
      payloadAt += 2;
    } else if (length === 127) {
      if (payloadAt + 8 > bytes.length) break;
      length = Number(bytes.readBigUInt64BE(payloadAt));
      payloadAt += 8;
    }
    const mask = isMasked ? bytes.subarray(payloadAt, payloadAt + 4) : null;
    if (mask !== null) payloadAt += 4;
    if (payloadAt + length > bytes.length) break;
    const payload = Buffer.from(bytes.subarray(payloadAt, payloadAt + length));
    if (mask !== null)
      for (let i = 0; i < length; i++) payload.writeUInt8((payload[i] ?? 0) ^ (mask[i & 3] ?? 0), i);
    frames.push({ opcode: first & 0x0f, fin: (first & 0x80) !== 0, isMasked, payload });
    at = payloadAt + length;
  }
  return frames;
}

/** The code and reason of a close frame; 1005 if it has none. */
export function closeIn({ payload }: FrameRead): { code: number; reason: string } {
  return payload.length < 2
    ? { code: 1005, reason: '' }
    : { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
}
