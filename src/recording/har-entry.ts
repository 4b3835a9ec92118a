// One connection as an entry of a HAR file (HAR 1.2, with Chrome's fields for WebSocket). Pure: what was seen in,
// what is to be written out.
import { isUtf8 } from 'node:buffer';
import type { InvocationReport } from '../core/invocation.ts';
import type { HeaderField, RecordedAnswer } from './http-head.ts';
import { headerValue } from './http-head.ts';

export interface RecordedConnection {
  readonly requestLine: { readonly method: string; readonly target: string; readonly httpVersion: string };
  readonly requestHeaders: readonly HeaderField[];
  /** Null if none came. */
  readonly answer: RecordedAnswer | null;
  /** Wall time of the platform's clock, epoch ms. */
  readonly startedAt: number;
  readonly answeredAt: number;
  readonly endedAt: number;
  readonly report: InvocationReport;
}

/** Everything but `_webSocketMessages`, which are written as they come. */
export function harEntry(connection: RecordedConnection): object {
  const { answer, startedAt, answeredAt, endedAt, report } = connection;
  const { requestId, statusCode, cause, closedBy, closeCode, closeReason } = report;
  return {
    startedDateTime: new Date(startedAt).toISOString(),
    time: endedAt - startedAt,
    request: request(connection),
    response: response(answer),
    cache: {},
    timings: {
      blocked: -1,
      dns: -1,
      connect: -1,
      ssl: -1,
      send: 0,
      wait: answeredAt - startedAt,
      receive: endedAt - answeredAt,
    },
    _resourceType: 'websocket',
    _scfWs: { requestId, function: report.function, statusCode, cause, closedBy, closeCode, closeReason },
  };
}

export interface RecordedMessage {
  readonly type: 'send' | 'receive';
  /** Wall time of the platform's clock, epoch ms. */
  readonly at: number;
  readonly isBinary: boolean;
  readonly data: Buffer;
  /** Of the whole message, where only its start is recorded. */
  readonly truncatedFromBytes: number | null;
}

/** As Chrome has it: times in seconds, binary data in base64. */
export function harMessage({ type, at, isBinary, data, truncatedFromBytes }: RecordedMessage): object {
  return {
    type,
    time: at / 1000,
    opcode: isBinary ? 2 : 1,
    // A decoder that waits for more leaves out the character that was cut.
    data: isBinary ? data.toString('base64') : new TextDecoder().decode(data, { stream: true }),
    ...(truncatedFromBytes !== null && { _truncated: truncatedFromBytes }),
  };
}

function request({ requestLine, requestHeaders }: RecordedConnection): object {
  const { method, target, httpVersion } = requestLine;
  const host = headerValue(requestHeaders, 'host') ?? '127.0.0.1';
  // RFC 9112 §3.2.2: a client may send the whole URL.
  const url = target.startsWith('/') ? `ws://${host}${target}` : target.replace(/^http/, 'ws');
  const headLines = [`${method} ${target} ${httpVersion}`, ...requestHeaders.map(lineOf), '', ''];
  const cookies = (headerValue(requestHeaders, 'cookie') ?? '').split(';').filter(text => text.includes('='));
  return {
    method,
    url,
    httpVersion,
    cookies: cookies.map(nameAndValue),
    headers: requestHeaders,
    queryString: [...new URLSearchParams(/\?([^#]*)/.exec(target)?.[1])].map(([name, value]) => ({
      name,
      value,
    })),
    headersSize: headLines.join('\r\n').length,
    bodySize: 0,
  };
}

function response(answer: RecordedAnswer | null): object {
  if (answer === null) {
    const content = { size: 0, mimeType: 'x-unknown' };
    const sizes = { headersSize: -1, bodySize: -1, _transferSize: 0 };
    const error = { _error: 'the connection ended before the answer' };
    return { status: 0, statusText: '', ...FIRST_VERSION, ...NOTHING, content, ...sizes, ...error };
  }
  const { head, body } = answer;
  const { status, statusText, httpVersion, headers, headBytes } = head;
  const isText = isUtf8(body);
  return {
    status,
    statusText,
    httpVersion,
    headers,
    cookies: headers
      .filter(({ name }) => name.toLowerCase() === 'set-cookie')
      .map(({ value }) => nameAndValue(value.split(';')[0] ?? '')),
    content: {
      size: body.length,
      mimeType: headerValue(headers, 'content-type') ?? 'x-unknown',
      ...(body.length > 0 && isText && { text: body.toString() }),
      ...(body.length > 0 && !isText && { text: body.toString('base64'), encoding: 'base64' }),
    },
    redirectURL: headerValue(headers, 'location') ?? '',
    headersSize: headBytes,
    bodySize: body.length,
    _transferSize: headBytes + body.length,
    _error: null,
  };
}

const FIRST_VERSION = { httpVersion: 'HTTP/1.1' };
const NOTHING = { headers: [], cookies: [], redirectURL: '' };

function lineOf({ name, value }: HeaderField): string {
  return `${name}: ${value}`;
}

function nameAndValue(text: string): HeaderField {
  const equals = text.indexOf('=');
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() };
}
