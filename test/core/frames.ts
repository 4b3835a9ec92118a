// Frames as bytes, written the plain way: what the scanner is checked against.
import { OPCODE } from '../../src/core/frame.ts';

export interface FrameSpec {
  readonly opcode: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly payload?: Uint8Array;
  readonly mask?: Uint8Array | null;
  /** The length's encoding, minimal or not (RFC 6455 §5.2 wants the minimal one). */
  readonly lengthBytes?: 0 | 2 | 8;
}

export function frame({
  opcode,
  fin = true,
  rsv = 0,
  payload = new Uint8Array(0),
  mask = null,
  lengthBytes,
}: FrameSpec): Buffer {
  const size = lengthBytes ?? (payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8);
  const header = Buffer.alloc(2 + size + (mask ? 4 : 0));
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] = (mask ? 0x80 : 0) | (size === 0 ? payload.length : size === 2 ? 126 : 127);
  if (size === 2) header.writeUInt16BE(payload.length, 2);
  if (size === 8) header.writeBigUInt64BE(BigInt(payload.length), 2);
  mask?.forEach((byte, i) => {
    header[2 + size + i] = byte;
  });
  return Buffer.concat([header, mask ? payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0)) : payload]);
}

export const text = (content: string, more: Partial<FrameSpec> = {}): Buffer =>
  frame({ opcode: OPCODE.text, payload: Buffer.from(content), ...more });

export const binary = (size: number, more: Partial<FrameSpec> = {}): Buffer =>
  frame({ opcode: OPCODE.binary, payload: new Uint8Array(size), ...more });

export const close = (payload: string, more: Partial<FrameSpec> = {}): Buffer =>
  frame({ opcode: OPCODE.close, payload: Buffer.from(payload, 'hex'), ...more });

export const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
