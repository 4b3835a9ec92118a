// Bytes in, whole messages out, for one direction of one connection: unmasked and put together from their frames
// (RFC 6455 §§5.2–5.4). For recordings; what merely passes is looked at by frame-scanner.ts. Pure, and it never throws.
import { headerLength, isControl, MAX_HEADER_BYTES, OPCODE } from './frame.ts';

/** One data message, as it was on the wire but for its mask. */
export interface WireMessage {
  readonly isBinary: boolean;
  /** RSV1 of its first frame: RFC 7692 §6. */
  readonly isCompressed: boolean;
  /** As much of its start as is kept. */
  readonly payload: Uint8Array;
  /** Of the whole message. */
  readonly payloadBytes: number;
}

export interface MessageReaderOptions {
  /** Of each message; what comes behind is counted, and not kept. */
  readonly maxKeptBytes: number;
  readonly onMessage: (message: WireMessage) => void;
}

interface MessageUnderWay {
  readonly isBinary: boolean;
  readonly isCompressed: boolean;
  readonly pieces: Uint8Array[];
  keptBytes: number;
  payloadBytes: number;
}

export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Of the frame under way; its payload goes on while `#left` is above 0. */
  #opcode = 0;
  #fin = true;
  #left = 0;
  #mask: Uint8Array | null = null;
  #maskAt = 0;
  #message: MessageUnderWay | null = null;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - offset);
        this.#keep(chunk.subarray(offset, offset + taken));
        this.#left -= taken;
        offset += taken;
      } else {
        this.#header[this.#headerBytes++] = chunk[offset++] ?? 0;
        if (this.#headerBytes < 2 || this.#headerBytes < headerLength(this.#header[1] ?? 0)) continue;
        this.#headerBytes = 0;
        this.#beginFrame();
      }
      if (this.#left === 0) this.#endFrame();
    }
  }

  /** RFC 6455 §5.2. */
  #beginFrame(): void {
    const header = this.#header;
    const [first = 0, second = 0] = header;
    this.#fin = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    const isMasked = (second & 0x80) !== 0;
    const maskStart = headerLength(second) - (isMasked ? 4 : 0);
    this.#left = maskStart === 2 ? second & 0x7f : bigEndian(header.subarray(2, maskStart));
    this.#mask = isMasked ? header.slice(maskStart, maskStart + 4) : null;
    this.#maskAt = 0;
    if (this.#opcode !== OPCODE.text && this.#opcode !== OPCODE.binary) return;
    this.#message = {
      isBinary: this.#opcode === OPCODE.binary,
      isCompressed: (first & 0x40) !== 0,
      pieces: [],
      keptBytes: 0,
      payloadBytes: 0,
    };
  }

  #keep(bytes: Uint8Array): void {
    const message = this.#message;
    if (message === null || isControl(this.#opcode)) return;
    const room = Math.max(0, this.#options.maxKeptBytes - message.keptBytes);
    // A copy, which `slice` is not for every kind of byte array: the bytes go on to the peer as they are.
    const kept = new Uint8Array(bytes.subarray(0, room));
    if (this.#mask !== null) {
      for (let i = 0; i < kept.length; i++) {
        kept[i] = (kept[i] ?? 0) ^ (this.#mask[(this.#maskAt + i) & 3] ?? 0);
      }
      this.#maskAt = (this.#maskAt + bytes.length) & 3;
    }
    message.pieces.push(kept);
    message.keptBytes += kept.length;
    message.payloadBytes += bytes.length;
  }

  #endFrame(): void {
    const message = this.#message;
    if (message === null || !this.#fin || isControl(this.#opcode)) return;
    this.#message = null;
    const { isBinary, isCompressed, payloadBytes } = message;
    this.#options.onMessage({ isBinary, isCompressed, payload: joined(message), payloadBytes });
  }
}

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 0x100 + byte, 0);
}

function joined({ pieces, keptBytes }: MessageUnderWay): Uint8Array {
  const payload = new Uint8Array(keptBytes);
  let at = 0;
  for (const piece of pieces) {
    payload.set(piece, at);
    at += piece.length;
  }
  return payload;
}
