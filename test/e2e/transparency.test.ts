// The bytes that a client and a function see are the same with and without the gateway between them.
// Each case is played three times: straight to a server that keeps everything, through `scf-ws dev`, and through
// `scf-ws dev --record`.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPCODE } from '../../src/core/frame.ts';
import { binary, frame, text } from '../core/frames.ts';
import { Client } from './client.ts';
import { Dev, recorderDir, scriptedDir, temporaryFolder } from './harness.ts';
import { ACCEPTANCE, closePayload, handshake, masked, maskedClose, RawClient } from './raw-client.ts';
import { until } from './until.ts';

const NONE = Buffer.alloc(0);
const headersOf = (...lines: string[]): Buffer => Buffer.from([...lines, '\r\n'].join('\r\n'), 'latin1');

interface Case {
  /** The path, and the name of the files. */
  readonly name: string;
  readonly what: string;
  /** Header lines behind those of the handshake. */
  readonly lines?: readonly string[];
  /** Instead of a handshake. */
  readonly head?: Buffer;
  /** In one packet with the head. */
  readonly withHead?: Buffer;
  /** What the function writes when it has the head, in one packet. */
  readonly answer?: Buffer;
  /** What the client writes when it has the answer, each piece on its own. */
  readonly up?: readonly Buffer[];
  /** What the function writes when it has all of the client's. */
  readonly down?: Buffer;
  /** How the function ends when all that is done. */
  readonly functionEnds?: 'fin' | 'reset';
  /** How the client ends when all that is done. */
  readonly clientEnds?: 'fin' | 'reset';
}

const accepted = Buffer.from(ACCEPTANCE);
const hello = masked({ opcode: OPCODE.text, payload: Buffer.from('héllo') });
const close = (code: number, reason: string): Buffer =>
  frame({ opcode: OPCODE.close, payload: closePayload(code, reason) });
const bytesOf = (...chunks: Buffer[]): readonly Buffer[] =>
  [...Buffer.concat(chunks)].map(byte => Buffer.of(byte));

const cases: readonly Case[] = [
  {
    name: 'headers',
    what: 'headers keep their order, case, doubles and bytes',
    head: headersOf(
      'GET /headers?x=%20&y=a+b&z=%C3%BC HTTP/1.1',
      'x-before: 1',
      'hOST: example.test:8080',
      'Cookie: a=1; b="x y"',
      'User-Agent: nobody/1.0 (+none)',
      'UPGRADE: WebSocket',
      'Connection: keep-alive, Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: one, two',
      'Sec-WebSocket-Protocol: three',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-own; a="b"',
      'Cookie: c=3',
      'X-Twice: 1',
      'x-twice: 2',
      'X-Latin: \xe9\xff\x80',
      'X-Utf8: h\xc3\xa9llo',
      'X-Empty: ',
      'X-Comma: a,, b ,c',
      'X-Long: '.padEnd(6000, 'y'),
      'Origin: https://example.test',
    ),
  },
  {
    name: 'authorization',
    what: 'credentials pass',
    lines: ['Authorization: Basic eDp5', 'Proxy-Authorization: z'],
  },
  {
    name: 'answer',
    what: 'the head of the answer keeps its order, case, doubles and bytes',
    answer: headersOf(
      'HTTP/1.1 101 Whatever You Like',
      'upgrade: WebSocket',
      'CONNECTION: upgrade',
      'set-cookie: a=1; Path=/',
      'Set-Cookie: b=2',
      'X-Latin: \xe9\xff',
      'X-Spaces:none',
      'X-Scf-Status: own',
      'Sec-WebSocket-Accept: not-even-right',
    ),
  },
  {
    name: 'interim',
    what: 'an interim answer before the acceptance passes',
    answer: Buffer.concat([headersOf('HTTP/1.1 103 Early Hints', 'Link: </a>'), accepted]),
  },
  {
    name: 'early-frames',
    what: 'frames in one packet with the handshake, both ways',
    withHead: Buffer.concat([hello, masked({ opcode: OPCODE.ping, payload: Buffer.from('?') })]),
    answer: Buffer.concat([accepted, text('welcome'), binary(300)]),
  },
  {
    name: 'messages',
    what: 'messages of every length form, masked with keys of their own',
    up: [0, 1, 125, 126, 65_535, 65_536, 200_000].map((size, i) =>
      masked({ opcode: OPCODE.binary, payload: Buffer.alloc(size, i), mask: Uint8Array.of(i, 0, 255, 7) }),
    ),
    down: Buffer.concat([0, 1, 125, 126, 65_535, 65_536, 200_000].map(size => binary(size))),
  },
  {
    name: 'fragments',
    what: 'fragments with control frames between them',
    up: [
      masked({ opcode: OPCODE.text, fin: false, payload: Buffer.from('one ') }),
      masked({ opcode: OPCODE.ping, payload: Buffer.from('between') }),
      masked({ opcode: OPCODE.continuation, fin: false, payload: NONE }),
      masked({ opcode: OPCODE.pong }),
      masked({ opcode: OPCODE.continuation, payload: Buffer.from('two') }),
    ],
    down: Buffer.concat([
      text('one', { fin: false }),
      frame({ opcode: OPCODE.pong, payload: Buffer.from('between') }),
      frame({ opcode: OPCODE.continuation, payload: Buffer.from('two') }),
      frame({ opcode: OPCODE.ping }),
    ]),
  },
  {
    name: 'byte-by-byte',
    what: 'frames that come byte by byte',
    up: bytesOf(
      hello,
      masked({ opcode: OPCODE.binary, payload: Buffer.alloc(130) }),
      maskedClose(1000, 'fin'),
    ),
    down: close(1000, 'fin'),
    functionEnds: 'fin',
  },
  {
    name: 'reserved',
    what: 'reserved bits and opcodes',
    up: [1, 2, 4, 7].map(rsv => masked({ opcode: OPCODE.text, rsv, payload: Buffer.from('x') })),
    down: Buffer.concat([3, 7, 11, 15].map(opcode => frame({ opcode, rsv: 5, payload: Buffer.from('x') }))),
  },
  {
    name: 'illegal',
    what: 'frames that are not legal: unmasked from the client, masked from the function, longer than need be',
    up: [
      text('unmasked'),
      masked({ opcode: OPCODE.text, payload: Buffer.from('x'), lengthBytes: 8 }),
      masked({ opcode: OPCODE.ping, fin: false, payload: Buffer.alloc(200) }),
      masked({ opcode: OPCODE.continuation, payload: Buffer.from('of nothing') }),
    ],
    down: Buffer.concat([hello, text('x', { lengthBytes: 2 })]),
  },
  {
    name: 'client-closes',
    what: 'the closing handshake, begun by the client, with frames of the function before its answer',
    up: [maskedClose(4321, 'wegen Überfüllung geschlossen')],
    down: Buffer.concat([text('one more'), close(4321, '')]),
    functionEnds: 'fin',
  },
  {
    name: 'function-closes',
    what: 'the closing handshake, begun by the function, with frames of the client before its answer',
    answer: Buffer.concat([accepted, close(1011, 'Bäng')]),
    up: [hello, maskedClose(1011)],
    functionEnds: 'fin',
  },
  {
    name: 'close-differently',
    what: 'close frames of different codes',
    up: [maskedClose(1000)],
    down: close(4000, 'I see it otherwise'),
    functionEnds: 'fin',
  },
  {
    name: 'close-without-code',
    what: 'close frames without a code, and with half of one',
    up: [masked({ opcode: OPCODE.close })],
    down: frame({ opcode: OPCODE.close, payload: Buffer.of(3) }),
    functionEnds: 'fin',
  },
  {
    name: 'reserved-close-codes',
    what: 'close codes that must not be sent',
    up: [maskedClose(1005, 'x')],
    down: close(1006, 'y'),
    functionEnds: 'fin',
  },
  {
    name: 'behind-the-close',
    what: 'bytes behind a close frame',
    up: [Buffer.concat([maskedClose(1000), hello, Buffer.from('rubbish')])],
    down: Buffer.concat([close(1000, ''), text('late')]),
    functionEnds: 'fin',
  },
  {
    name: 'function-fin',
    what: 'the end of the connection without a close frame',
    up: [hello],
    functionEnds: 'fin',
  },
  { name: 'function-reset', what: 'a reset by the function', up: [hello], functionEnds: 'reset' },
  { name: 'client-reset', what: 'a reset by the client', up: [hello], down: text('x'), clientEnds: 'reset' },
  {
    name: 'half-frames',
    what: 'the end in the middle of frames',
    up: [hello, hello.subarray(0, 4)],
    down: Buffer.concat([text('x'), binary(100).subarray(0, 50)]),
    functionEnds: 'fin',
  },
  {
    name: 'refusal-length',
    what: 'a redirect with a body of a given length',
    answer: headersOf('HTTP/1.1 302 Found', 'location: /elsewhere?a=b', 'Content-Length: 11'),
    down: Buffer.from('go there \xff!', 'latin1'),
  },
  {
    name: 'refusal-chunked',
    what: 'a 401 with a body in chunks, extensions and trailers',
    answer: headersOf(
      'HTTP/1.1 401 Unauthorized',
      'WWW-Authenticate: Basic realm="é"',
      'Transfer-Encoding: chunked',
    ),
    down: Buffer.from('5;x="y"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n'),
  },
  {
    name: 'refusal-until-close',
    what: 'a 403 with a body that ends with the connection',
    answer: headersOf('HTTP/1.0 403 Forbidden', 'X: y'),
    down: Buffer.alloc(300_000, 'no '),
    functionEnds: 'fin',
  },
  {
    name: 'refusal-empty',
    what: 'a 204 and its end',
    answer: headersOf('HTTP/1.1 204 No Content', 'Date: never'),
  },
  {
    name: 'refusal-426',
    what: 'the function’s own 426',
    answer: headersOf('HTTP/1.1 426 Upgrade Required', 'Sec-WebSocket-Version: 13, 8', 'Content-Length: 0'),
  },
];

interface Seen {
  readonly clientGot: string;
  readonly clientSawEnd: string;
  readonly functionGot: string;
  readonly functionSawEnd: string;
}

const folder = temporaryFolder();
const partsDir = join(folder, 'parts');
const recordsDir = {
  direct: join(folder, 'direct'),
  dev: join(folder, 'dev'),
  recorded: join(folder, 'recorded'),
};
const harFile = join(folder, 'session.har');
let server: ChildProcess;
let directPort = 0;
let dev: Dev;
let recorded: Dev;

beforeAll(async () => {
  for (const dir of [partsDir, ...Object.values(recordsDir)]) mkdirSync(dir);
  server = spawn(process.execPath, [join(recorderDir, 'app.cjs')], {
    env: { PARTS: partsDir, RECORDS: recordsDir.direct, DIRECT_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  server.stdout?.once('data', (line: Buffer) => {
    directPort = Number(line.toString());
  });
  [dev, recorded] = await Promise.all([startDev('dev'), startDev('recorded', ['--record', harFile])]);
  await until('the server', () => directPort > 0);
});

afterAll(async () => {
  server.kill('SIGKILL');
  await Promise.all([dev.stop(), recorded.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function startDev(way: 'dev' | 'recorded', args: readonly string[] = []): Promise<Dev> {
  const config = {
    src: recorderDir,
    route: '/',
    limits: { message: 'none', bandwidth: 'none', qps: 'none' },
    environment: { PARTS: partsDir, RECORDS: recordsDir[way] },
    // Longer than any test may last: every connection must end without the grace.
    assume: { closeGrace: '10m' },
  };
  writeFileSync(
    join(recordsDir[way], 'scf.json'),
    JSON.stringify({ functions: { recorder: config, scripted: { src: scriptedDir } } }),
  );
  return Dev.start({ dir: recordsDir[way], args });
}

async function play(it: Case, way: 'direct' | 'dev' | 'recorded'): Promise<Seen> {
  const { withHead = NONE, answer = accepted, up = [], down = NONE, functionEnds, clientEnds } = it;
  const upBytes = up.reduce((sum, piece) => sum + piece.length, withHead.length);
  writeFileSync(
    join(partsDir, `${it.name}.json`),
    JSON.stringify({
      answer: answer.toString('hex'),
      down: down.toString('hex'),
      upBytes,
      end: functionEnds ?? null,
    }),
  );
  const port = { direct: directPort, dev: dev.port, recorded: recorded.port }[way];
  const client = new RawClient(port);
  const head = it.head ?? Buffer.from(handshake({ path: `/${it.name}`, lines: it.lines ?? [] }), 'latin1');
  client.send(Buffer.concat([head, withHead]));
  await client.receivedBytes(answer.length);
  for (const piece of up) client.send(piece);
  await client.receivedBytes(answer.length + down.length);
  if (clientEnds === 'reset') client.reset();
  else if (functionEnds === undefined) client.finish();
  else await client.ended();
  if (clientEnds !== 'reset') client.finish();
  const clientSawEnd = clientEnds === 'reset' ? 'own reset' : await client.ended();
  const record = join(recordsDir[way], `${it.name}.json`);
  await until('the record', () => existsSync(record) && readFileSync(record, 'utf8').endsWith('}'));
  const { bytes, end } = JSON.parse(readFileSync(record, 'utf8')) as { bytes: string; end: string };
  return {
    // Latin-1, so that a difference can be read and no byte is lost.
    clientGot: client.received.toString('latin1'),
    clientSawEnd,
    functionGot: Buffer.from(bytes, 'hex').toString('latin1'),
    functionSawEnd: end,
  };
}

function withoutPlatformHeaders(bytes: string): string {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const lines = bytes.slice(0, headEnd).split('\r\n');
  return lines.filter(line => !/^x-scf-/i.test(line)).join('\r\n') + bytes.slice(headEnd);
}

describe('what the client and the function see is the same with and without scf-ws', () => {
  test.for(cases)('$what', async it => {
    const direct = await play(it, 'direct');
    for (const [way, run] of [['dev', dev] as const, ['recorded', recorded] as const]) {
      const index = run.reports.length;
      const through = await play(it, way);
      expect({ ...through, functionGot: withoutPlatformHeaders(through.functionGot) }, way).toEqual(direct);
      await run.report(index);
    }
  });

  test('and a recording of it all can be read', async () => {
    const { log } = JSON.parse(readFileSync(harFile, 'utf8')) as { log: { entries: unknown[] } };
    expect(log.entries).toHaveLength(recorded.reports.length);
  });
});

test('X-Scf headers of the client are removed, the platform’s are added behind the client’s', async () => {
  const { functionGot } = await play(
    {
      name: 'own-headers',
      what: '',
      lines: [
        'X-Scf-Request-Id: forged',
        'x-scf-memory: forged',
        'X-SCF-Own: forged',
        'X-Scfx: kept',
        'Y: last',
      ],
    },
    'dev',
  );
  expect(functionGot).not.toContain('forged');
  const lines = functionGot.slice(0, functionGot.indexOf('\r\n\r\n')).split('\r\n');
  const first = lines.findIndex(line => /^x-scf-/i.test(line));
  expect(lines[first - 1]).toBe('Y: last');
  expect(lines[first - 2]).toBe('X-Scfx: kept');
  const added = lines.slice(first);
  expect(
    added.every(line => /^X-Scf-[\w-]+: \S+$/.test(line)),
    functionGot,
  ).toBe(true);
  expect(new Set(added.map(line => line.split(':')[0])).size).toBe(added.length);
  expect(added).toContain('X-Scf-Memory: 128');
  const requestId = added.find(line => line.startsWith('X-Scf-Request-Id: '))?.split(' ')[1];
  await until('the report', () => dev.reports.some(report => report.requestId === requestId));
});

test('a client and a function that compress their messages are left to it, and are charged what is on the wire', async () => {
  const index = dev.reports.length;
  const client = new Client(dev.url('/scripted'), { perMessageDeflate: true });
  await client.opened();
  expect(client.socket.extensions).toContain('permessage-deflate');
  // Far above the limits as the function sees it, and far below them on the wire.
  const message = 'x'.repeat(1_000_000);
  expect((await client.ask(message)) === message).toBe(true);
  client.socket.close(1000);
  const { statusCode, up, down } = await dev.report(index);
  expect(statusCode).toBe(200);
  for (const { messages, bytes } of [up, down]) {
    expect(messages).toBe(1);
    expect(bytes).toBeLessThan(10_000);
  }
});

test('the subprotocol is what the function chose', async () => {
  const client = await Client.open(dev.url('/scripted'), { protocols: ['first', 'second'] });
  expect(client.socket.protocol).toBe('first');
  client.socket.close(1000);
});
