import { describe, expect, it } from 'vitest';
import { ResponseScanner } from '../../src/core/http-response.ts';

const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

const CASES: readonly (readonly [name: string, bytes: string, expected: object])[] = [
  ['101', UPGRADE, { kind: 'accepted', headEnd: UPGRADE.length }],
  [
    '101 behind 100',
    `HTTP/1.1 100 Continue\r\n\r\n${UPGRADE}`,
    { kind: 'accepted', headEnd: UPGRADE.length + 25 },
  ],
  [
    '401 with a length',
    'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno',
    { kind: 'refused', status: 401, bodyEnded: true },
  ],
  [
    '401 with half its body',
    'HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno',
    { kind: 'refused', status: 401, bodyEnded: false },
  ],
  [
    '302 without a body',
    'HTTP/1.1 302 Found\r\nLocation: /x\r\ncontent-length:0\r\n\r\n',
    { kind: 'refused', status: 302, bodyEnded: true },
  ],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', { kind: 'refused', status: 204, bodyEnded: true }],
  [
    'a body until the end',
    'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno',
    { kind: 'refused', status: 400, bodyEnded: false },
  ],
  [
    'chunks',
    'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n',
    { kind: 'refused', status: 404, bodyEnded: true },
  ],
  [
    'chunks with a trailer',
    'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\n0\r\n0\r\nX: y\r\n\r\n',
    { kind: 'refused', status: 404, bodyEnded: true },
  ],
  [
    'chunks that have not ended',
    'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    { kind: 'refused', status: 404, bodyEnded: false },
  ],
  [
    'no reason',
    'HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n',
    { kind: 'refused', status: 200, bodyEnded: true },
  ],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', { kind: 'garbage' }],
  ['half a head', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso', { kind: 'incomplete' }],
];

describe.each(CASES)('%s', (_name, text, expected) => {
  const bytes = Buffer.from(text, 'latin1');
  it('whole', () => {
    expect(new ResponseScanner().push(bytes)).toEqual(expected);
  });
  it('byte by byte', () => {
    const scanner = new ResponseScanner();
    const answers = [...bytes].map(byte => scanner.push(Uint8Array.of(byte)));
    expect(answers.at(-1)).toEqual(expected);
  });
});

it('frames that come with the 101 are behind the head', () => {
  const bytes = Buffer.concat([Buffer.from(UPGRADE), Buffer.of(0x81, 0x01, 0x61)]);
  const answer = new ResponseScanner().push(bytes);
  expect(answer).toEqual({ kind: 'accepted', headEnd: UPGRADE.length });
});

it('a head without an end is given up', () => {
  const scanner = new ResponseScanner();
  const chunk = Buffer.from(`HTTP/1.1 101 x\r\n${'X: y\r\n'.repeat(12_000)}`);
  expect(scanner.push(chunk)).toEqual({ kind: 'garbage' });
});
