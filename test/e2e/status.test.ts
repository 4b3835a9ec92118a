// Every way in which a connection ends, as the platform counts it: what the client sees and what is reported.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { Closed } from './client.ts';
import { Client } from './client.ts';
import { Dev, NODE_START_FILE, scriptedDir, temporaryFolder, writeFunction } from './harness.ts';
import { closeIn, handshake, masked, maskedClose, RawClient } from './raw-client.ts';
import { until } from './until.ts';

const KB = 1024;
const folder = temporaryFolder();

/** An HTTP server that answers an upgrade with what `answer` writes into `socket`. */
const upgradeApp = (answer: string): string => `
const server = require('http').createServer();
server.on('upgrade', (request, socket) => {
  const accept = require('crypto').createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  const accepted = 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
    'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n';
  ${answer}
});
server.listen(9000, '0.0.0.0');
`;

/** Each with a route of its own. */
const apps: Record<string, Parameters<typeof writeFunction>[1]> = {
  'never-listens': { app: 'setInterval(() => {}, 1000);' },
  'listens-on-loopback': { app: `require('http').createServer().listen(9000, '127.0.0.1');` },
  'listens-on-another-port': { app: `require('http').createServer().listen(8080);` },
  'listens-late': { app: `setTimeout(() => require('http').createServer().listen(9000), 60_000);` },
  'listens-in-time': {
    app: `setTimeout(() => { ${upgradeApp('socket.write(accepted); socket.pipe(socket);')} }, 300);`,
  },
  'crashes-on-start': { app: `throw new Error('no such table');` },
  'ends-on-start': { app: '' },
  'carriage-returns': { app: '', startFile: NODE_START_FILE.replaceAll('\n', '\r\n') },
  'not-executable': { app: '', mode: 0o644 },
  'no-first-line': { app: '', startFile: 'node app.js\n' },
  'no-such-interpreter': { app: '', startFile: '#!/opt/none/bin/bash\nnode app.js\n' },
  'start-file-removed': { app: '' },
  'refuses-with-401': {
    app: upgradeApp(
      `socket.end('HTTP/1.1 401 Unauthorized\\r\\nWWW-Authenticate: Bearer\\r\\nContent-Length: 4\\r\\n\\r\\nwho?');`,
    ),
  },
  'garbage-answer': { app: upgradeApp(`socket.end('WAT\\r\\n\\r\\n');`) },
  'hangs-up-instead-of-an-answer': { app: upgradeApp('socket.destroy();') },
  'exits-instead-of-an-answer': { app: upgradeApp('process.exit(7);') },
  'accepts-and-exits': { app: upgradeApp('socket.write(accepted, () => process.exit(1));') },
  'half-a-frame': {
    app: upgradeApp(`socket.write(accepted); socket.end(Buffer.from('8205616263', 'hex'));`),
  },
};

let dev: Dev;
let connections = 0;

beforeAll(async () => {
  for (const [name, files] of Object.entries(apps)) writeFunction(join(folder, name), files);
  // Longer than any test may last: every connection here must end without the grace.
  const common = { idleTimeout: 60, assume: { closeGrace: '10m' } };
  const functions = {
    scripted: { ...common, src: scriptedDir, route: '/' },
    crowded: { ...common, src: scriptedDir, maxInstances: 2 },
    wide: { ...common, src: scriptedDir, limits: { bandwidth: 'none', qps: 'none' } },
    ...Object.fromEntries(
      Object.keys(apps).map(name => [
        name,
        { ...common, src: name, ...(name !== 'listens-on-loopback' && { initTimeout: 3 }) },
      ]),
    ),
  };
  writeFileSync(join(folder, 'scf.json'), JSON.stringify({ functions }));
  dev = await Dev.start({ dir: folder });
  rmSync(join(folder, 'start-file-removed', 'scf_bootstrap'));
});

afterAll(async () => {
  const { reports } = dev;
  await dev.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(reports, 'one report for each connection').toHaveLength(connections);
  expect(new Set(reports.map(({ requestId }) => requestId)).size).toBe(connections);
});

async function open(path = '/'): Promise<Client> {
  connections++;
  return Client.open(dev.url(path));
}

async function openRaw(path = '/'): Promise<RawClient> {
  connections++;
  return RawClient.open(dev.port, path);
}

/** Opens a connection to the scripted function, drives it, and waits for its report. */
async function ending(
  drive: (client: Client) => void | Promise<void>,
  path = '/',
): Promise<{ closed: Closed; report: InvocationReport }> {
  const index = dev.reports.length;
  const client = await open(path);
  await drive(client);
  const closed = await client.closed();
  return { closed, report: await dev.report(index) };
}

interface Ending {
  readonly name: string;
  readonly drive: (client: Client) => void | Promise<void>;
  readonly client: Partial<Closed>;
  readonly report: Partial<InvocationReport>;
}

const endings: readonly Ending[] = [
  {
    name: 'the client closing with 1000 is 200',
    drive: client => client.socket.close(1000, 'thanks'),
    client: { code: 1000, reason: 'thanks' },
    report: {
      statusCode: 200,
      cause: 'client-closed',
      closedBy: 'client',
      closeCode: 1000,
      closeReason: 'thanks',
    },
  },
  {
    name: 'the client closing with 1010 is 200',
    drive: client => client.socket.close(1010),
    client: { code: 1010 },
    report: { statusCode: 200, cause: 'client-closed', closeCode: 1010 },
  },
  ...[1001, 1011, 3000, 4000].map(code => ({
    name: `the client closing with ${code} is 456`,
    drive: (client: Client): void => client.socket.close(code),
    client: { code },
    report: { statusCode: 456, cause: 'client-closed', closedBy: 'client', closeCode: code } as const,
  })),
  {
    name: 'the client closing without a code is 456',
    drive: client => client.socket.close(),
    client: { code: 1005 },
    report: { statusCode: 456, statusBasis: 'assumed', cause: 'client-closed', closeCode: 1005 },
  },
  {
    name: 'the client cutting the connection is 456',
    drive: client => client.socket.terminate(),
    client: { code: 1006 },
    report: { statusCode: 456, cause: 'client-lost', closedBy: 'client', closeCode: 1006 },
  },
  ...[1000, 1011].map(code => ({
    name: `the function closing with ${code} is 200`,
    drive: (client: Client): void => client.send(`close ${code} bye`),
    client: { code, reason: 'bye' },
    report: { statusCode: 200, cause: 'function-closed', closedBy: 'function', closeCode: code } as const,
  })),
  ...[1001, 1010, 4001].map(code => ({
    name: `the function closing with ${code} is 439`,
    drive: (client: Client): void => client.send(`close ${code} bye`),
    client: { code, reason: 'bye' },
    report: { statusCode: 439, cause: 'function-closed', closedBy: 'function', closeCode: code } as const,
  })),
  {
    name: 'the function closing without a code is 439',
    drive: client => client.send('close'),
    client: { code: 1005 },
    report: { statusCode: 439, cause: 'function-closed', closeCode: 1005 },
  },
  {
    name: 'the function dropping the connection while its process goes on is 439',
    drive: client => client.send('terminate'),
    client: { code: 1006 },
    report: { statusCode: 439, cause: 'function-lost', closedBy: 'function', closeCode: 1006 },
  },
  {
    name: 'the function resetting the connection is 439',
    drive: client => client.send('reset'),
    client: { code: 1006 },
    report: { statusCode: 439, cause: 'function-lost' },
  },
  {
    name: 'a close frame before the process ends is what counts',
    drive: client => client.send('close-and-exit 4001'),
    client: { code: 4001 },
    report: { statusCode: 439, cause: 'function-closed', closeCode: 4001 },
  },
  ...([0, 3] as const).map(code => ({
    name: `the process exiting with ${code} is 439`,
    drive: (client: Client): void => client.send(`exit ${code}`),
    client: { code: 1006 },
    report: {
      statusCode: 439,
      statusBasis: 'documented',
      cause: 'process-exited',
      closeCode: 1006,
      sandbox: expect.objectContaining({ exit: `code ${code}` }) as InvocationReport['sandbox'],
    } as const,
  })),
  {
    name: 'an error that nothing catches is 439',
    drive: client => client.send('throw'),
    client: { code: 1006 },
    report: { statusCode: 439, cause: 'process-exited' },
  },
  {
    name: 'the process being killed is 439',
    drive: client => client.send('kill-self'),
    client: { code: 1006 },
    report: { statusCode: 439, cause: 'process-exited' },
  },
  {
    name: 'using more memory than the function has is 434',
    drive: client => client.send('grow 400'),
    client: { code: 1006 },
    report: { statusCode: 434, cause: 'memory-exceeded', closedBy: 'platform', closeCode: 1006 },
  },
  {
    name: 'a message of 300 KB from the client is closed with 1009 and is 456',
    drive: client => client.send(Buffer.alloc(300 * KB)),
    client: { code: 1009 },
    report: {
      statusCode: 456,
      cause: 'quota-exceeded',
      closedBy: 'platform',
      closeCode: 1009,
      up: { messages: 0, bytes: 0 },
    },
  },
  {
    name: 'a message of 300 KB from the function is closed with 1009 and is 439',
    drive: client => client.send(`send ${300 * KB}`),
    client: { code: 1009 },
    report: {
      statusCode: 439,
      cause: 'quota-exceeded',
      closedBy: 'platform',
      closeCode: 1009,
      down: { messages: 0, bytes: 0 },
    },
  },
  {
    name: '11 messages in a second are closed with 1008 and are 456',
    drive: client => {
      for (let i = 0; i < 11; i++) client.send('x');
    },
    client: { code: 1008 },
    report: { statusCode: 456, cause: 'quota-exceeded', closeCode: 1008, up: { messages: 10, bytes: 10 } },
  },
  {
    name: '200 KB in a second are closed with 1008 and are 456',
    drive: client => {
      for (let i = 0; i < 4; i++) client.send(Buffer.alloc(50 * KB));
    },
    client: { code: 1008 },
    report: {
      statusCode: 456,
      cause: 'quota-exceeded',
      closeCode: 1008,
      up: expect.objectContaining({ messages: 2 }),
    },
  },
  {
    name: '200 KB in one message are closed with 1008 and are 456',
    drive: client => client.send(Buffer.alloc(200 * KB)),
    client: { code: 1008 },
    report: {
      statusCode: 456,
      cause: 'quota-exceeded',
      closeCode: 1008,
      up: expect.objectContaining({ messages: 0 }),
    },
  },
];

describe('the end of an open connection', () => {
  test.each(endings)('$name', async ({ drive, client, report: expected }) => {
    const { closed, report } = await ending(drive);
    expect(closed).toMatchObject(client);
    expect(report).toMatchObject(expected);
  });

  test('the client resetting the connection is 456', async () => {
    const index = dev.reports.length;
    const client = await openRaw();
    client.reset();
    expect(await dev.report(index)).toMatchObject({ statusCode: 456, cause: 'client-lost', closeCode: 1006 });
  });

  test('a close frame and the end of the connection in one packet are the close frame', async () => {
    const index = dev.reports.length;
    const client = await openRaw();
    client.socket.end(maskedClose(1000, 'bye'));
    expect(await dev.report(index)).toMatchObject({
      statusCode: 200,
      cause: 'client-closed',
      closeCode: 1000,
    });
  });

  test('a handshake, a message and a close in one packet lose nothing', async () => {
    const index = dev.reports.length;
    connections++;
    const client = new RawClient(dev.port);
    client.send(
      Buffer.concat([
        Buffer.from(handshake()),
        masked({ opcode: 1, payload: Buffer.from('early') }),
        maskedClose(1000),
      ]),
    );
    const [echo, close] = await client.receivedFrames(2);
    expect(echo?.payload.toString()).toBe('early');
    expect(close && closeIn(close)).toEqual({ code: 1000, reason: '' });
    expect(await client.ended()).toBe('fin');
    client.finish();
    expect(await dev.report(index)).toMatchObject({
      statusCode: 200,
      cause: 'client-closed',
      up: { messages: 1, bytes: 5 },
    });
  });

  test('10 messages in a second and messages of 256 KB from the function pass', async () => {
    const { report } = await ending(async client => {
      client.send(`send ${256 * KB}`);
      expect(await client.nextBytes()).toHaveLength(256 * KB);
      for (let i = 0; i < 9; i++) client.send('x');
      for (let i = 0; i < 9; i++) expect(await client.next()).toBe('x');
      client.socket.close(1000);
    });
    expect(report).toMatchObject({
      statusCode: 200,
      up: { messages: 10, bytes: 9 + 'send 262144'.length },
      down: { messages: 10, bytes: 256 * KB + 9 },
    });
  });

  test('limits that the config lifts do not hold, and the others do', async () => {
    const { closed, report } = await ending(async client => {
      for (let i = 0; i < 20; i++) client.send(Buffer.alloc(50 * KB, i));
      for (let i = 0; i < 20; i++)
        expect((await client.nextBytes()).equals(Buffer.alloc(50 * KB, i))).toBe(true);
      client.send(Buffer.alloc(256 * KB));
      expect(await client.nextBytes()).toHaveLength(256 * KB);
      client.send(Buffer.alloc(256 * KB + 1));
    }, '/wide');
    expect(closed.code).toBe(1009);
    expect(report).toMatchObject({ statusCode: 456, up: { messages: 21, bytes: 1256 * KB } });
  });

  test('half a frame from the function before it goes away reaches the client, and is 439', async () => {
    const index = dev.reports.length;
    const client = await openRaw('/half-a-frame');
    expect(await client.ended()).toBe('fin');
    expect(client.afterHead.toString('hex')).toBe('8205616263');
    client.finish();
    expect(await dev.report(index)).toMatchObject({ statusCode: 439, cause: 'function-lost' });
  });

  test('an acceptance and the exit of the process in the same moment are an open connection that ended', async () => {
    const index = dev.reports.length;
    const client = await openRaw('/accepts-and-exits');
    expect(await client.receivedHead()).toMatch(/^HTTP\/1\.1 101 /);
    await client.ended();
    client.finish();
    expect(await dev.report(index)).toMatchObject({
      statusCode: 439,
      cause: 'process-exited',
      closeCode: 1006,
    });
  });
});

describe('a connection that does not open', () => {
  const failures = [
    ['never-listens', 446, 'port-not-bound', 'within the init timeout of 3 s'],
    ['listens-late', 446, 'port-not-bound', 'within the init timeout of 3 s'],
    ['listens-on-another-port', 446, 'port-not-bound', 'listens on port 8080'],
    // Without waiting: its init timeout is longer than this test may last.
    ['listens-on-loopback', 446, 'port-not-bound', 'listen on 0.0.0.0:9000'],
    ['crashes-on-start', 443, 'start-failed', 'no such table'],
    ['ends-on-start', 443, 'start-failed', 'start the server in the foreground'],
    ['carriage-returns', 443, 'start-failed', 'CRLF'],
    ['not-executable', 443, 'start-failed', 'chmod'],
    ['no-first-line', 443, 'start-failed', '#!'],
    ['no-such-interpreter', 443, 'start-failed', 'interpreter'],
    ['start-file-removed', 443, 'start-failed', 'no such file'],
    ['garbage-answer', 439, 'function-lost', ''],
    ['hangs-up-instead-of-an-answer', 439, 'function-lost', ''],
    ['exits-instead-of-an-answer', 439, 'process-exited', 'code 7'],
  ] as const;

  test.concurrent.for(failures)('%s is %i and says why', async ([name, statusCode, cause, sentence]) => {
    connections++;
    const refusal = await Client.refused(dev.url(`/${name}`));
    expect(refusal).toMatchObject({ statusCode, statusMessage: `status code ${statusCode}` });
    expect(refusal.headers['content-type']).toBe('application/json');
    const body: unknown = JSON.parse(refusal.body);
    expect(body).toEqual({ errorMessage: expect.any(String), statusCode, requestId: expect.any(String) });
    const report = await dev.reportOf(name);
    expect(report).toMatchObject({
      statusCode,
      cause,
      closeCode: null,
      requestId: (body as { requestId: string }).requestId,
    });
    expect(report).toMatchObject({ up: { messages: 0, bytes: 0 }, down: { messages: 0, bytes: 0 } });
    if (statusCode !== 439) expect(report).toMatchObject({ durationMs: 0, billedMs: 0, initMs: null });
    const id = report.requestId.slice(0, 8);
    // One sentence, told beside the report.
    await dev.saysOnStderr(new RegExp(`^\\S+ ${id} ${name} → .*\\n`, 'm'));
    const explanations = dev.stderr.split('\n').filter(line => line.includes(`${id} ${name} →`));
    expect(explanations).toEqual([expect.stringContaining(sentence)]);
  });

  test('a function that listens just in time opens', async () => {
    const client = await open('/listens-in-time');
    client.socket.close(1000);
    expect(await dev.reportOf('listens-in-time')).toMatchObject({ cause: 'client-closed' });
  });

  test('the refusal of the function reaches the client as it is', async () => {
    connections++;
    const refusal = await Client.refused(dev.url('/refuses-with-401'));
    expect(refusal).toMatchObject({ statusCode: 401, statusMessage: 'Unauthorized', body: 'who?' });
    expect(refusal.headers['www-authenticate']).toBe('Bearer');
    expect(await dev.reportOf('refuses-with-401')).toMatchObject({
      cause: 'upgrade-refused',
      closeCode: null,
    });
  });

  test('a connection above maxInstances is 432, and there is room again when one has ended', async () => {
    const path = '/crowded';
    const first = await open(path);
    const second = await open(path);
    let index = dev.reports.length;
    connections++;
    expect(await Client.refused(dev.url(path))).toMatchObject({ statusCode: 432 });
    expect(await dev.report(index)).toMatchObject({
      statusCode: 432,
      cause: 'concurrency-exceeded',
      sandbox: { pid: null },
    });
    index++;
    first.socket.close(1000);
    expect(await dev.report(index++)).toMatchObject({ statusCode: 200 });
    const third = await open(path);
    for (const client of [second, third]) {
      client.socket.close(1000);
      await dev.report(index++);
    }
  });

  test('a client that leaves during the cold start is 456, and its instance is ended', async () => {
    const index = dev.reports.length;
    const before = dev.survivors();
    connections++;
    const client = new RawClient(dev.port);
    client.send(handshake({ path: '/listens-on-another-port' }));
    await until('the instance', () => dev.survivors().length > before.length);
    client.socket.destroy();
    expect(await dev.report(index)).toMatchObject({
      statusCode: 456,
      cause: 'client-lost',
      closeCode: null,
      initMs: null,
    });
    expect(dev.survivors()).toEqual(before);
  });
});

describe('one connection is one instance', () => {
  test('30 connections at once have 30 processes, and their reports are told apart', async () => {
    const index = dev.reports.length;
    const clients = await Promise.all(Array.from({ length: 30 }, () => open()));
    const pids = await Promise.all(clients.map(client => client.ask('pid')));
    expect(new Set(pids).size).toBe(30);
    for (const client of clients) client.socket.close(1000);
    await dev.report(index + 29);
    const reports = dev.reports.slice(index);
    expect(reports).toHaveLength(30);
    expect(new Set(reports.map(({ sandbox }) => sandbox.pid)).size).toBe(30);
    expect(reports.every(({ statusCode }) => statusCode === 200)).toBe(true);
  });

  test('a report has true figures', async () => {
    const index = dev.reports.length;
    const before = Date.now();
    const client = await open();
    const openedAt = Date.now();
    expect(await client.ask('hello')).toBe('hello');
    expect(await client.ask('héllo')).toBe('héllo');
    client.send(Buffer.alloc(70_000));
    expect(await client.nextBytes()).toHaveLength(70_000);
    client.socket.ping('not a message');
    client.socket.close(1000, 'not a message');
    const report = await dev.report(index);
    const wholeMs = Date.now() - before;
    expect(report).toMatchObject({
      function: 'scripted',
      platform: 'tencent-scf',
      statusCode: 200,
      statusBasis: 'documented',
      memoryMB: 128,
      up: { messages: 3, bytes: 5 + 6 + 70_000 },
      down: { messages: 3, bytes: 5 + 6 + 70_000 },
      sandbox: { driver: 'process', pid: expect.any(Number), exit: expect.any(String) },
    });
    const { initMs, durationMs, billedMs, startedAt, memUsageMB } = report;
    expect(initMs).toBeGreaterThan(10);
    // The clocks of two processes, one of them in whole milliseconds.
    expect(initMs).toBeLessThanOrEqual(openedAt - before + 2);
    expect(durationMs).toBeGreaterThan(0);
    expect((initMs ?? 0) + durationMs).toBeLessThanOrEqual(wholeMs + 2);
    expect(billedMs).toBe(Math.ceil(durationMs));
    expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(before - 2);
    expect(Date.parse(startedAt)).toBeLessThanOrEqual(openedAt + 2);
    expect(memUsageMB).toBeGreaterThan(10);
    expect(memUsageMB).toBeLessThan(128);
  });

  test('nothing that an instance started outlives its report', async () => {
    const index = dev.reports.length;
    const client = await open();
    const child = Number(await client.ask('leave-a-child'));
    expect(dev.survivors()).toContain(child);
    client.socket.close(1000);
    await dev.report(index);
    expect(dev.survivors()).not.toContain(child);
  });

  test('an instance that ignores SIGTERM is killed before its report', async () => {
    const index = dev.reports.length;
    const client = await open();
    await client.ask('ignore-sigterm');
    const pid = Number(await client.ask('pid'));
    client.socket.close(1000);
    expect(await dev.report(index)).toMatchObject({
      statusCode: 200,
      sandbox: { exit: expect.stringContaining('SIG') },
    });
    expect(dev.survivors()).not.toContain(pid);
  });
});
