// The HTTP side of a connection: the client's request as it goes to the function, and the answers that the
// gateway gives itself. Bytes only; who sends them is connection.ts.

import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';

/** The client's request as it came, names and order kept, without reserved headers and with the platform's at the end. */
export function forwardedRequest(
  request: IncomingMessage,
  {
    reservedHeaderPrefix,
    headers,
  }: { readonly reservedHeaderPrefix: string; readonly headers: Readonly<Record<string, string>> },
): Buffer {
  let head = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!name.toLowerCase().startsWith(reservedHeaderPrefix)) head += `${name}: ${rawHeaders[i + 1]}\r\n`;
  }
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  // Header values are bytes; Node's parser hands them out as Latin-1.
  return Buffer.from(`${head}\r\n`, 'latin1');
}

/** The platform's answer before the upgrade: the HTTP status is its status code, and the reason says so. */
export function platformAnswer(answer: {
  readonly statusCode: number;
  readonly errorMessage: string;
  readonly requestId: string;
}): Buffer {
  const { statusCode, errorMessage, requestId } = answer;
  return jsonAnswer(`${statusCode} status code ${statusCode}`, { errorMessage, statusCode, requestId });
}

/** An answer of the emulator's own, where the platform has none. */
export function ownAnswer(statusCode: number, errorMessage: string): Buffer {
  const statusLine = `${statusCode} ${STATUS_CODES[statusCode] ?? ''}`;
  // RFC 9110 §15.5.22: a 426 says to what.
  const fields =
    statusCode === 426 ? 'Upgrade: websocket\r\nConnection: Upgrade, close' : 'Connection: close';
  return jsonAnswer(statusLine, { errorMessage, statusCode }, fields);
}

function jsonAnswer(statusLine: string, content: object, fields = 'Connection: close'): Buffer {
  const body = Buffer.from(JSON.stringify(content));
  const head =
    `HTTP/1.1 ${statusLine}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
    `${fields}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
