// A recording of real connections, as whoever opens the file finds it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions } from 'ws';
import { loadConfig } from '../../src/config/load.ts';
import type { Emulator } from '../../src/emulator.ts';
import { startEmulator } from '../../src/emulator.ts';
import type { HarFile } from '../../src/recording/har-file.ts';
import { openHarFile } from '../../src/recording/har-file.ts';
import { Client } from '../e2e/client.ts';
import { scriptedDir, writeFunction } from '../e2e/harness.ts';
import { masked, RawClient } from '../e2e/raw-client.ts';
import { until } from '../e2e/until.ts';

interface Message {
  readonly type: string;
  readonly time: number;
  readonly opcode: number;
  readonly data: string;
  readonly _truncated?: number;
}

interface Entry {
  readonly startedDateTime: string;
  readonly time: number;
  readonly request: { url: string; headers: { name: string; value: string }[]; [key: string]: unknown };
  readonly response: { status: number; content: { text?: string }; [key: string]: unknown };
  readonly _webSocketMessages: readonly Message[];
  readonly _scfWs: { readonly cause: string };
}

let folder: string;
let path: string;
let har: HarFile;
let emulator: Emulator;
const failures: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scf-ws-har-'));
  path = join(folder, 'session.har');
  failures.length = 0;
  har = openHarFile(path, { version: '0.0.0', onFailure: message => failures.push(message) });
});

afterEach(async () => {
  await emulator.stop();
  har.close();
  rmSync(folder, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

async function start(settings: object = {}, src = scriptedDir): Promise<void> {
  const configFile = join(folder, 'scf.json');
  writeFileSync(configFile, JSON.stringify({ name: 'scripted', src, ...settings }));
  const config = await loadConfig({ dir: folder, configFile });
  if (config.kind !== 'loaded') throw new Error(JSON.stringify(config));
  emulator = await startEmulator({ functions: config.functions, openTap: har.openTap });
}

function entries(): readonly Entry[] {
  const { log } = JSON.parse(readFileSync(path, 'utf8')) as { log: { entries: Entry[] } };
  return log.entries;
}

/** The entry at `index`, as soon as it is there. */
const entryAt = (index: number): Promise<Entry> => until(`entry ${index}`, () => entries()[index] ?? null);

const shown = ({ _webSocketMessages: messages }: Entry): string[] =>
  messages.map(({ type, opcode, data }) => `${type} ${opcode} ${data}`);

const open = (options: ClientOptions & { protocols?: string[] } = {}, target = ''): Promise<Client> =>
  Client.open(`${emulator.url}${target}`, options);

describe('the file', () => {
  it('is a HAR before the first connection, after each, and while others are open', async () => {
    await start();
    expect(entries()).toEqual([]);
    const first = await open();
    const second = await open();
    await first.ask('one');
    await second.ask('two');
    second.socket.close(1000);
    expect(shown(await entryAt(0))).toEqual(['send 1 two', 'receive 1 two']);
    first.socket.close(1000);
    expect(shown(await entryAt(1))).toEqual(['send 1 one', 'receive 1 one']);
  });

  it('has what the client asked for, what was answered, and how the invocation ended', async () => {
    await start();
    const client = await open(
      { protocols: ['chat', 'other'], headers: { Cookie: 'a=1; b=x=y', 'X-Own': 'é' } },
      'room?id=7&name=%C3%BC',
    );
    await client.ask('hello');
    await emulator.clock.advance(5000);
    await client.ask('again');
    client.socket.close(4000, 'enough');
    const entry = await entryAt(0);
    const [report] = emulator.invocations;
    expect(entry).toMatchObject({
      startedDateTime: report?.startedAt,
      request: {
        method: 'GET',
        url: `${emulator.url}room?id=7&name=%C3%BC`,
        httpVersion: 'HTTP/1.1',
        cookies: [
          { name: 'a', value: '1' },
          { name: 'b', value: 'x=y' },
        ],
        queryString: [
          { name: 'id', value: '7' },
          { name: 'name', value: 'ü' },
        ],
        bodySize: 0,
      },
      response: {
        status: 101,
        statusText: 'Switching Protocols',
        cookies: [],
        content: { size: 0, mimeType: 'x-unknown' },
        redirectURL: '',
      },
      cache: {},
      _resourceType: 'websocket',
      _scfWs: {
        requestId: report?.requestId,
        function: 'scripted',
        statusCode: 456,
        cause: 'client-closed',
        closedBy: 'client',
        closeCode: 4000,
        closeReason: 'enough',
      },
    });
    expect(entry.request.headers).toContainEqual({ name: 'X-Own', value: 'é' });
    expect(entry.request.headers.some(({ name }) => /^x-scf/i.test(name))).toBe(false);
    expect(entry.response.headers).toContainEqual({ name: 'Sec-WebSocket-Protocol', value: 'chat' });
    // The platform's clock, in seconds.
    const [, hello, again] = entry._webSocketMessages;
    expect((again?.time ?? 0) - (hello?.time ?? 0)).toBeGreaterThanOrEqual(5);
    expect(entry.time).toBeGreaterThan(5000);
    expect(Math.abs((hello?.time ?? 0) * 1000 - Date.parse(entry.startedDateTime))).toBeLessThan(60_000);
  });

  it('has a refusal with its status and body, be it the platform’s or the function’s', async () => {
    const src = writeFunction(join(folder, 'refuses'), {
      app: `require('node:http').createServer().on('upgrade', (request, socket) => socket.end(
        'HTTP/1.1 401 Unauthorized\\r\\nTransfer-Encoding: chunked\\r\\nSet-Cookie: a=b; Path=/\\r\\n\\r\\n' +
        '6\\r\\nsign i\\r\\n1\\r\\nn\\r\\n0\\r\\n\\r\\n',
      )).listen(9000, '0.0.0.0');`,
    });
    await start({}, src);
    await Client.refused(emulator.url);
    const broken = writeFunction(join(folder, 'broken'), { app: 'process.exit(1)' });
    expect(await entryAt(0)).toMatchObject({
      response: {
        status: 401,
        statusText: 'Unauthorized',
        cookies: [{ name: 'a', value: 'b' }],
        content: { size: 7, text: 'sign in' },
      },
      _scfWs: { statusCode: 200, cause: 'upgrade-refused' },
      _webSocketMessages: [],
    });
    await emulator.stop();
    await start({}, broken);
    const { body } = await Client.refused(emulator.url);
    expect(await entryAt(1)).toMatchObject({
      response: { status: 443, content: { mimeType: 'application/json', text: body } },
      _scfWs: { statusCode: 443, cause: 'start-failed' },
    });
  });
});

describe('messages', () => {
  const spoken = ['héllo', 'héllo again héllo', '', 'héllo again héllo'];

  it.each([
    ['not compressed', false],
    ['compressed', { threshold: 0 }],
    [
      'compressed without a context of the client’s',
      { threshold: 0, clientNoContextTakeover: true, clientMaxWindowBits: 9 },
    ],
    [
      'compressed without a context of the function’s',
      { threshold: 0, serverNoContextTakeover: true, serverMaxWindowBits: 9 },
    ],
  ])('%s are recorded as they were meant', async (_name, perMessageDeflate) => {
    await start();
    const client = await open({ perMessageDeflate });
    expect(client.socket.extensions !== '').toBe(perMessageDeflate !== false);
    for (const text of spoken) await client.ask(text);
    client.send(Uint8Array.of(0, 255, 1));
    await client.nextBytes();
    client.socket.send('in frag', { fin: false });
    client.socket.ping();
    client.socket.send('ments', { fin: true });
    await client.next();
    client.socket.close(1000);
    expect(shown(await entryAt(0))).toEqual([
      ...spoken.flatMap(text => [`send 1 ${text}`, `receive 1 ${text}`]),
      'send 2 AP8B',
      'receive 2 AP8B',
      'send 1 in fragments',
      'receive 1 in fragments',
    ]);
  });

  it('that a quota stopped or the end cut are not recorded', async () => {
    await start({ limits: { message: '1KB' } });
    const client = await open();
    await client.ask('short');
    client.send('x'.repeat(2000));
    await client.closed();
    expect(shown(await entryAt(0))).toEqual(['send 1 short', 'receive 1 short']);

    const raw = await RawClient.open(Number(new URL(emulator.url).port));
    raw.send(masked({ opcode: 1, payload: Buffer.from('whole') }));
    await raw.receivedFrames(1);
    raw.send(masked({ opcode: 1, payload: Buffer.from('half of it') }).subarray(0, 9));
    raw.reset();
    const entry = await entryAt(1);
    expect(shown(entry)).toEqual(['send 1 whole', 'receive 1 whole']);
    expect(entry._scfWs.cause).toBe('client-lost');
  });

  it('that are long are kept to 1 MB, at a whole character, and many wait on the disk without leaving a file', async () => {
    await start({ limits: { message: 'none', bandwidth: 'none', qps: 'none' } });
    const client = await open({ perMessageDeflate: { threshold: 0 } });
    const long = `x${'é'.repeat(1024 ** 2)}`;
    expect((await client.ask(long)) === long).toBe(true);
    await client.ask('after it');
    const plain = await open();
    expect((await plain.ask(long)) === long).toBe(true);
    await plain.ask('after it');
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([]);
    client.socket.close(1000);
    await entryAt(0);
    plain.socket.close(1000);
    await entryAt(1);
    const kept = `x${'é'.repeat(1024 ** 2 / 2 - 1)}`;
    for (const { _webSocketMessages: messages } of entries()) {
      const [sent, received, ...rest] = messages;
      for (const message of [sent, received]) {
        expect(message?.data === kept).toBe(true);
        expect(message?._truncated).toBe(2 * 1024 ** 2 + 1);
      }
      expect(rest.map(({ data }) => data)).toEqual(['after it', 'after it']);
      expect(rest.some(message => '_truncated' in message)).toBe(false);
    }
  });
});
