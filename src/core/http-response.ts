// The function's answer to the handshake, as bytes: where its head ends, what it says, where its body ends
// (RFC 9112 §§2–7). Pure. The bytes themselves are passed on as they came.

const CR = 0x0d;
const LF = 0x0a;

/** An answer's head must end within this; what does not is not HTTP. */
export const MAX_HEAD_BYTES = 64 * 1024;

export type Answer =
  /** The head is not complete. */
  | { readonly kind: 'incomplete' }
  /** What came is no HTTP answer. */
  | { readonly kind: 'garbage' }
  /** 101: behind the head, which ends at `headEnd` of everything pushed so far, come frames. */
  | { readonly kind: 'accepted'; readonly headEnd: number }
  | { readonly kind: 'refused'; readonly status: number; readonly bodyEnded: boolean };

type BodyLength =
  | { kind: 'bytes'; left: number }
  | { kind: 'chunked'; chunks: ChunkScanner }
  | { kind: 'until-close' };

/** Reads one answer to its end. Feed it what comes, in order. */
export class ResponseScanner {
  #head = new Uint8Array(0);
  #status = 0;
  #body: BodyLength | null = null;

  push(bytes: Uint8Array): Answer {
    if (this.#body !== null) return this.#pushBody(bytes);
    const head = new Uint8Array(this.#head.length + bytes.length);
    head.set(this.#head);
    head.set(bytes, this.#head.length);
    this.#head = head;

    let start = 0;
    for (;;) {
      const end = headEnd(head, start);
      if (end < 0) {
        return head.length - start > MAX_HEAD_BYTES ? { kind: 'garbage' } : { kind: 'incomplete' };
      }
      const lines = new TextDecoder('latin1').decode(head.subarray(start, end)).split('\r\n');
      const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0] ?? '')?.[1] ?? Number.NaN);
      if (Number.isNaN(status)) return { kind: 'garbage' };
      if (status === 101) return { kind: 'accepted', headEnd: end };
      if (status >= 200) {
        this.#status = status;
        this.#body = bodyLength(status, lines.slice(1));
        return this.#pushBody(head.subarray(end));
      }
      // RFC 9110 §15.2: interim answers come before the final one.
      start = end;
    }
  }

  #pushBody(bytes: Uint8Array): Answer {
    const body = this.#body;
    let bodyEnded = false;
    if (body?.kind === 'bytes') {
      body.left -= bytes.length;
      bodyEnded = body.left <= 0;
    } else if (body?.kind === 'chunked') {
      bodyEnded = body.chunks.push(bytes);
    }
    return { kind: 'refused', status: this.#status, bodyEnded };
  }
}

/** The offset behind the empty line that ends the head that begins at `start`, or -1. */
function headEnd(bytes: Uint8Array, start: number): number {
  for (let i = start + 3; i < bytes.length; i++) {
    if (bytes[i] === LF && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
  }
  return -1;
}

/** RFC 9112 §6.3, for an answer to GET. */
function bodyLength(status: number, fieldLines: readonly string[]): BodyLength {
  if (status === 204 || status === 304) return { kind: 'bytes', left: 0 };
  let contentLength: number | null = null;
  for (const line of fieldLines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'transfer-encoding' && /(^|,)\s*chunked\s*$/i.test(value)) {
      return { kind: 'chunked', chunks: new ChunkScanner() };
    }
    if (name === 'content-length' && /^\d+$/.test(value)) contentLength = Number(value);
  }
  return contentLength === null ? { kind: 'until-close' } : { kind: 'bytes', left: contentLength };
}

/** Finds the end of a chunked body (RFC 9112 §7.1). */
class ChunkScanner {
  #in: 'size' | 'data' | 'trailer' = 'size';
  #line = '';
  /** Of the chunk under way, with the line end behind it. */
  #bytesLeft = 0;

  /** Returns whether the body has ended. */
  push(bytes: Uint8Array): boolean {
    let i = 0;
    while (i < bytes.length) {
      if (this.#in === 'data') {
        const taken = Math.min(this.#bytesLeft, bytes.length - i);
        this.#bytesLeft -= taken;
        i += taken;
        if (this.#bytesLeft === 0) this.#in = 'size';
        continue;
      }
      const byte = bytes[i++] ?? 0;
      if (byte !== LF) {
        // Chunk extensions and trailers are looked past; nothing needs more of a line than this.
        if (byte !== CR && this.#line.length < 32) this.#line += String.fromCharCode(byte);
        continue;
      }
      const line = this.#line;
      this.#line = '';
      if (this.#in === 'trailer') {
        if (line === '') return true;
        continue;
      }
      const size = Number.parseInt(line, 16);
      if (size > 0) {
        this.#in = 'data';
        this.#bytesLeft = size + 2;
      } else {
        this.#in = 'trailer';
      }
    }
    return false;
  }
}
