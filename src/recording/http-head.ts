// The function's answer to the handshake as a recording has it: status line, headers and body out of its bytes. Pure.

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

export interface AnswerHead {
  readonly httpVersion: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly HeaderField[];
  /** Of the final answer's head; interim ones before it are left out. */
  readonly headBytes: number;
}

export interface RecordedAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

/** Null if no whole head of a final answer is there. */
export function readAnswer(bytes: Buffer): RecordedAnswer | null {
  for (let start = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', start);
    if (end < 0) return null;
    const [statusLine = '', ...lines] = bytes.toString('latin1', start, end).split('\r\n');
    const [, version = '', code = '', statusText = ''] =
      /^(HTTP\/\d\.\d) (\d{3})(?: (.*))?$/.exec(statusLine) ?? [];
    const status = Number(code);
    const bodyStart = end + 4;
    if (status === 101 || status >= 200) {
      const headers = lines.map(headerField);
      const head = { httpVersion: version, status, statusText, headers, headBytes: bodyStart - start };
      const body = bytes.subarray(bodyStart);
      return { head, body: isChunked(headers) ? unchunked(body) : body };
    }
    // RFC 9110 §15.2: interim answers come before the final one.
    start = bodyStart;
  }
}

export function headerValue(headers: readonly HeaderField[], name: string): string | null {
  return headers.find(field => field.name.toLowerCase() === name)?.value ?? null;
}

/** Node keeps names and values in one list. */
export function headerFields(rawHeaders: readonly string[]): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    fields.push({ name: rawHeaders[i] ?? '', value: rawHeaders[i + 1] ?? '' });
  }
  return fields;
}

function headerField(line: string): HeaderField {
  const colon = line.indexOf(':');
  return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
}

function isChunked(headers: readonly HeaderField[]): boolean {
  return /(^|,)\s*chunked\s*$/i.test(headerValue(headers, 'transfer-encoding') ?? '');
}

/** RFC 9112 §7.1, as far as it came. */
function unchunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, Math.max(at, lineEnd)), 16);
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
