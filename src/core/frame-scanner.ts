// Bytes in; frame boundaries, message sizes and close frames out, for one direction of one connection.
// Pure, incremental, and it never throws: what is not legal WebSocket is for the peers to judge.
// Payloads are looked past, not copied; only those of close frames are read.

import type { CloseMessage } from './frame.ts';
import {
  headerLength,
  isControl,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_HEADER_BYTES,
  OPCODE,
  readClosePayload,
} from './frame.ts';

/** One frame as its header told it, for traces. */
export interface FrameSeen {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payloadBytes: number;
}

/** How much may still pass. `Infinity` where nothing limits it. */
export interface Room {
  messages: number;
  bytes: number;
  messageBytes: number;
}

export const UNLIMITED: Readonly<Room> = { messages: Infinity, bytes: Infinity, messageBytes: Infinity };

/**
 * What one chunk held. The scanner owns this object and fills it anew at every scan.
 * A scan that meets the end of its room stops behind the header that does not fit: `stopped` says which
 * room, `passBytes` how much of the chunk lies before that frame, `scannedBytes` where to go on.
 */
export interface Scan {
  passBytes: number;
  scannedBytes: number;
  stopped: 'message-size' | 'bandwidth' | 'message-rate' | null;
  /** What did not fit: the message's size so far, or how many messages or bytes this scan saw. */
  measured: number;
  messagesBegun: number;
  messagesEnded: number;
  /** Close, ping and pong frames that ended. */
  controlFrames: number;
  /** Payload bytes of data frames, as they are on the wire. */
  dataBytes: number;
  close: CloseMessage | null;
  /** The offset behind the first frame that ended within the chunk, or -1. */
  firstFrameEnd: number;
  /** Does `passBytes` lie between two frames? Only there may the gateway put in a frame of its own. */
  passEndsAtBoundary: boolean;
}

export class FrameScanner {
  readonly #onFrame: ((frame: FrameSeen) => void) | undefined;
  readonly #scan: Scan = {
    passBytes: 0,
    scannedBytes: 0,
    stopped: null,
    measured: 0,
    messagesBegun: 0,
    messagesEnded: 0,
    controlFrames: 0,
    dataBytes: 0,
    close: null,
    firstFrameEnd: -1,
    passEndsAtBoundary: true,
  };

  /** A header that came in pieces; taken only when that happens. */
  #partialHeader: Uint8Array | null = null;
  #partialHeaderBytes = 0;

  #opcode = 0;
  #fin = true;
  #payloadLeft = 0;
  #inMessage = false;
  #messageBytes = 0;

  /** The close frame's payload, as far as it has come. */
  #closePayload: Uint8Array | null = null;
  #closeMask: Uint8Array | null = null;
  #closePayloadBytes = 0;

  constructor(options: { readonly onFrame?: ((frame: FrameSeen) => void) | undefined } = {}) {
    this.#onFrame = options.onFrame;
  }

  /** Between two frames? */
  get isAtBoundary(): boolean {
    return this.#payloadLeft === 0 && this.#partialHeaderBytes === 0;
  }

  scan(chunk: Uint8Array, room: Readonly<Room> = UNLIMITED): Scan {
    const scan = this.#scan;
    scan.stopped = null;
    scan.measured = 0;
    scan.messagesBegun = 0;
    scan.messagesEnded = 0;
    scan.controlFrames = 0;
    scan.dataBytes = 0;
    scan.close = null;
    scan.firstFrameEnd = -1;

    /** Where the frame under way began, if within this chunk; 0 if before it. */
    let frameStart = 0;
    let startsInChunk = this.isAtBoundary;
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - offset);
        if (!isControl(this.#opcode)) {
          if (scan.dataBytes + taken > room.bytes) {
            scan.measured = scan.dataBytes + taken;
            return this.#stop('bandwidth', frameStart, offset, startsInChunk);
          }
          scan.dataBytes += taken;
        } else if (this.#opcode === OPCODE.close) {
          this.#keepClosePayload(chunk.subarray(offset, offset + taken));
        }
        this.#payloadLeft -= taken;
        offset += taken;
      } else {
        if (this.#partialHeaderBytes === 0) {
          frameStart = offset;
          startsInChunk = true;
        }
        const headerEnd = this.#readHeader(chunk, offset);
        if (headerEnd < 0) {
          offset = chunk.length;
          break;
        }
        offset = headerEnd;
        if (!isControl(this.#opcode)) {
          const stopped = this.#beginDataFrame(scan, room);
          if (stopped !== null) return this.#stop(stopped, frameStart, offset, startsInChunk);
        }
      }
      if (this.#payloadLeft === 0) {
        this.#endFrame(scan);
        if (scan.firstFrameEnd < 0) scan.firstFrameEnd = offset;
      }
    }
    scan.passBytes = chunk.length;
    scan.scannedBytes = chunk.length;
    scan.passEndsAtBoundary = this.isAtBoundary;
    return scan;
  }

  #stop(why: NonNullable<Scan['stopped']>, frameStart: number, offset: number, startsInChunk: boolean): Scan {
    const scan = this.#scan;
    scan.stopped = why;
    scan.passBytes = frameStart;
    scan.scannedBytes = offset;
    scan.passEndsAtBoundary = startsInChunk;
    return scan;
  }

  /** Reads the header that begins or goes on at `offset`. Returns the offset behind it, or -1 if the chunk ends first. */
  #readHeader(chunk: Uint8Array, offset: number): number {
    const secondByte = chunk[offset + 1];
    if (this.#partialHeaderBytes === 0 && secondByte !== undefined) {
      const end = offset + headerLength(secondByte);
      if (end <= chunk.length) {
        this.#takeHeader(chunk, offset);
        return end;
      }
    }
    this.#partialHeader ??= new Uint8Array(MAX_HEADER_BYTES);
    const header = this.#partialHeader;
    let next = offset;
    while (next < chunk.length) {
      header[this.#partialHeaderBytes++] = chunk[next++] ?? 0;
      if (this.#partialHeaderBytes >= 2 && this.#partialHeaderBytes === headerLength(header[1] ?? 0)) {
        this.#takeHeader(header, 0);
        this.#partialHeaderBytes = 0;
        return next;
      }
    }
    return -1;
  }

  /** RFC 6455 §5.2. The header is known to be complete. */
  #takeHeader(bytes: Uint8Array, at: number): void {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    this.#fin = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    let payloadBytes = second & 0x7f;
    let maskAt = at + 2;
    if (payloadBytes === 126) {
      payloadBytes = (bytes[at + 2] ?? 0) * 0x100 + (bytes[at + 3] ?? 0);
      maskAt = at + 4;
    } else if (payloadBytes === 127) {
      payloadBytes = 0;
      // Beyond 2^53 the sum is inexact, and still far beyond every limit.
      for (let i = 2; i < 10; i++) payloadBytes = payloadBytes * 0x100 + (bytes[at + i] ?? 0);
      maskAt = at + 10;
    }
    this.#payloadLeft = payloadBytes;
    if (this.#opcode === OPCODE.close) {
      this.#closePayload = new Uint8Array(Math.min(payloadBytes, MAX_CONTROL_PAYLOAD_BYTES));
      this.#closePayloadBytes = 0;
      this.#closeMask = (second & 0x80) !== 0 ? new Uint8Array(bytes.subarray(maskAt, maskAt + 4)) : null;
    }
    this.#onFrame?.({ opcode: this.#opcode, fin: this.#fin, payloadBytes });
  }

  /** RFC 6455 §5.4: a message is its first frame and the continuations up to FIN. */
  #beginDataFrame(scan: Scan, room: Readonly<Room>): Scan['stopped'] {
    if (!this.#inMessage || this.#opcode !== OPCODE.continuation) {
      this.#inMessage = true;
      this.#messageBytes = 0;
      scan.messagesBegun++;
    }
    this.#messageBytes += this.#payloadLeft;
    if (this.#messageBytes > room.messageBytes) {
      scan.measured = this.#messageBytes;
      return 'message-size';
    }
    if (scan.messagesBegun > room.messages) {
      scan.measured = scan.messagesBegun;
      return 'message-rate';
    }
    return null;
  }

  #endFrame(scan: Scan): void {
    if (!isControl(this.#opcode)) {
      if (this.#fin) {
        this.#inMessage = false;
        scan.messagesEnded++;
      }
      return;
    }
    scan.controlFrames++;
    if (this.#opcode === OPCODE.close) {
      // The first close frame of a chunk is the one that counts; nothing may follow it (RFC 6455 §5.5.1).
      scan.close ??= readClosePayload(this.#closePayload ?? new Uint8Array(0));
      this.#closePayload = null;
    }
  }

  #keepClosePayload(bytes: Uint8Array): void {
    const payload = this.#closePayload;
    if (payload === null) return;
    for (const byte of bytes) {
      if (this.#closePayloadBytes >= payload.length) return;
      const mask = this.#closeMask?.[this.#closePayloadBytes & 3] ?? 0;
      payload[this.#closePayloadBytes++] = byte ^ mask;
    }
  }
}
