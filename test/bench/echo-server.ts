// The one server behind every candidate: answers each message with itself, as a program that calls send() for each
// does: one write for one message. Plain sockets, so that it costs little beside what is measured.
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { acceptance } from './wire.ts';

/** Where a long payload begins in its buffer: room for the header before it, and aligned for words of four bytes. */
const PAYLOAD_AT = 16;

/** Below this the set-up of words costs more than bytes do. */
const WORDS_FROM_BYTES = 512;

class EchoedConnection {
  readonly #socket: Socket;
  #head = '';
  #isOpen = false;
  #rest: Buffer | null = null;
  #long: {
    readonly buffer: Buffer;
    readonly mask: Buffer;
    readonly payloadBytes: number;
    filled: number;
  } | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', chunk => this.#came(chunk));
    socket.on('error', () => socket.destroy());
  }

  #came(chunk: Buffer): void {
    if (this.#isOpen) {
      this.#frames(chunk);
      return;
    }
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#socket.write(acceptance(this.#head.slice(0, end)));
    this.#isOpen = true;
    const first = Buffer.from(this.#head.slice(end + 4), 'latin1');
    this.#head = '';
    if (first.length > 0) this.#frames(first);
  }

  #frames(come: Buffer): void {
    const chunk = this.#rest === null ? come : Buffer.concat([this.#rest, come]);
    this.#rest = null;
    let at = 0;
    while (at < chunk.length) {
      if (this.#long !== null) {
        at += this.#fill(chunk, at);
        continue;
      }
      const taken = this.#frame(chunk, at);
      if (taken === 0) {
        this.#rest = chunk.subarray(at);
        return;
      }
      at += taken;
    }
  }

  /** Takes a whole short frame, or the header of a long one. Returns how many bytes that was; 0: more must come. */
  #frame(chunk: Buffer, at: number): number {
    const second = chunk[at + 1];
    if (second === undefined) return 0;
    const lengthCode = second & 0x7f;
    const maskAt = at + (lengthCode === 126 ? 4 : lengthCode === 127 ? 10 : 2);
    if (maskAt + 4 > chunk.length) return 0;
    if (((chunk[at] ?? 0) & 0x0f) === 0x8) {
      this.#socket.end(Buffer.from([0x88, 0]));
      return chunk.length - at;
    }
    if (lengthCode < 126) {
      const end = maskAt + 4 + lengthCode;
      if (end > chunk.length) return 0;
      const out = Buffer.allocUnsafe(2 + lengthCode);
      out[0] = chunk[at] ?? 0;
      out[1] = lengthCode;
      for (let i = 0; i < lengthCode; i++) {
        out[2 + i] = (chunk[maskAt + 4 + i] ?? 0) ^ (chunk[maskAt + (i & 3)] ?? 0);
      }
      this.#socket.write(out);
      return end - at;
    }
    const payloadBytes =
      lengthCode === 126 ? chunk.readUInt16BE(at + 2) : Number(chunk.readBigUInt64BE(at + 2));
    const buffer = Buffer.allocUnsafeSlow(PAYLOAD_AT + payloadBytes);
    const headerBytes = maskAt - at;
    chunk.copy(buffer, PAYLOAD_AT - headerBytes, at, maskAt);
    buffer[PAYLOAD_AT - headerBytes + 1] = lengthCode;
    const mask = Buffer.from(chunk.subarray(maskAt, maskAt + 4));
    this.#long = { buffer: buffer.subarray(PAYLOAD_AT - headerBytes), mask, payloadBytes, filled: 0 };
    return headerBytes + 4;
  }

  #fill(chunk: Buffer, at: number): number {
    const long = this.#long;
    if (long === null) return 0;
    const headerBytes = long.buffer.length - long.payloadBytes;
    const taken = Math.min(long.payloadBytes - long.filled, chunk.length - at);
    chunk.copy(long.buffer, headerBytes + long.filled, at, at + taken);
    long.filled += taken;
    if (long.filled === long.payloadBytes) {
      unmask(long.buffer.subarray(headerBytes), long.mask);
      this.#socket.write(long.buffer);
      this.#long = null;
    }
    return taken;
  }
}

function unmask(payload: Buffer, mask: Buffer): void {
  let done = 0;
  if (payload.length >= WORDS_FROM_BYTES) {
    const words = new Int32Array(payload.buffer, payload.byteOffset, payload.length >> 2);
    const word = new Int32Array(Uint8Array.from(mask).buffer)[0] ?? 0;
    for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ word;
    done = words.length * 4;
  }
  for (; done < payload.length; done++) payload[done] = (payload[done] ?? 0) ^ (mask[done & 3] ?? 0);
}

const server = createServer({ noDelay: true }, socket => new EchoedConnection(socket));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
