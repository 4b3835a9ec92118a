// Whose instance a connection gets: a fresh one, one that was kept ready, one that another connection has left, or,
// where there is only one real port, none.
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { completeConfig } from '../../src/config/defaults.ts';
import { startEmulator } from '../../src/emulator.ts';
import { DEFAULT_PLATFORM } from '../../src/platforms/registry.ts';
import { findOnPath } from '../../src/sandbox/interpreters.ts';
import { freePort } from '../sandbox/free-port.ts';
import { Client } from './client.ts';
import type { DevOptions } from './harness.ts';
import { Dev, temporaryFolder, writeFunction } from './harness.ts';
import { until } from './until.ts';

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Answers every message with its number of the instance; says when it starts. A plain server: no packages. */
const COUNTER = `
const { createHash } = require('crypto');
let count = 0;
console.log('starting ' + process.pid);
require('http').createServer().on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
    'Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
  socket.on('error', () => {});
  socket.on('data', bytes => {
    if ((bytes[0] & 15) === 8) { socket.end(Buffer.from([0x88, 2, 3, 232])); return; }
    const text = String(++count);
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
  });
}).listen(9000, '0.0.0.0');
`;

function counter(name: string, config: string, app = COUNTER): string {
  const dir = writeFunction(join(folder, name), { app });
  writeFileSync(join(dir, 'scf.yaml'), config);
  return dir;
}

/** Ended with the test, however it goes. */
async function started(options: DevOptions): Promise<Dev> {
  const dev = await Dev.start(options);
  onTestFinished(() => dev.dispose());
  return dev;
}

async function countOnce(dev: Dev): Promise<string> {
  const client = await Client.open(dev.url());
  const answer = await client.ask('count');
  client.socket.close(1000);
  await client.closed();
  return answer;
}

describe.each(['process', 'namespace'])('under %s', sandbox => {
  test('each connection has an instance of its own, unless the config says reuse', async () => {
    const dev = await started({ dir: counter(`fresh-${sandbox}`, ''), args: ['--sandbox', sandbox] });
    expect([await countOnce(dev), await countOnce(dev)]).toEqual(['1', '1']);
    expect((await dev.report(1)).sandbox.origin).toBe('cold');
    await dev.stop();

    const reusing = await started({
      dir: counter(`reuse-${sandbox}`, 'reuse: true'),
      args: ['--sandbox', sandbox],
    });
    expect(await countOnce(reusing)).toBe('1');
    const first = await reusing.report(0);
    expect(await countOnce(reusing)).toBe('2');
    const second = await reusing.report(1);
    expect(first.sandbox).toMatchObject({ origin: 'cold', exit: null });
    expect(second.sandbox).toMatchObject({ origin: 'reused', pid: first.sandbox.pid });
    expect(reusing.stderr).toContain('instance reused');
    await reusing.stop();
  });

  test('an instance that is kept ready is there before the first connection, and is replaced', async () => {
    const config = 'provisionedConcurrency: 2';
    const dev = await started({ dir: counter(`ready-${sandbox}`, config), args: ['--sandbox', sandbox] });
    expect(dev.stderr).toContain('starting 2 instances to be kept ready');
    expect([await countOnce(dev), await countOnce(dev)]).toEqual(['1', '1']);
    const reports = [await dev.report(0), await dev.report(1)];
    expect(reports.map(report => report.sandbox.origin)).toEqual(['provisioned', 'provisioned']);
    expect(reports[0]?.sandbox.pid).not.toBe(reports[1]?.sandbox.pid);
    // What it said before it had a connection is told to its first.
    expect(dev.stderr).toMatch(/[0-9a-f]{8} \| starting \d+/);
    await dev.stop();
  });
});

test('an instance that does not become ready is told, and connections still find out for themselves', async () => {
  const dir = counter('broken', 'provisionedConcurrency: 1', `throw new Error('no such table');`);
  const dev = await started({ dir });
  expect(dev.stderr).toMatch(/that was kept ready is gone: .*no such table/);
  expect((await Client.refused(dev.url())).statusCode).toBe(443);
  await dev.stop();
});

test('an instance that ends while no connection has it is told, and not given away', async () => {
  // Only the first of its instances.
  const once = `if (require('fs').existsSync('once')) {
    require('fs').unlinkSync('once');
    setTimeout(() => process.exit(3), 300);
  }`;
  const dir = counter('ends', 'provisionedConcurrency: 1', once + COUNTER);
  writeFileSync(join(dir, 'once'), '');
  const dev = await started({ dir });
  await dev.saysOnStderr(/that was kept ready is gone: it ended by itself \(code 3\)/);
  expect(await countOnce(dev)).toBe('1');
  expect((await dev.report(0)).sandbox.origin).toBe('cold');
  await dev.stop();
});

test('instances kept for an old config end with it', async () => {
  const dir = counter('changes', 'provisionedConcurrency: 1');
  const dev = await started({ dir });
  const before = dev.survivors();
  writeFileSync(join(dir, 'scf.yaml'), 'reuse: true');
  await dev.saysOnStderr('The config has changed: new connections use it');
  await until('the instance to end', () => dev.survivors().length < before.length);
  expect(await countOnce(dev)).toBe('1');
  expect((await dev.report(0)).sandbox.origin).toBe('cold');
  await dev.stop();
});

test('Ctrl-C is answered while instances are being made ready', async () => {
  const dir = counter('slow', 'provisionedConcurrency: 1\ninitTimeout: 300', 'setInterval(() => {}, 1000);');
  const ended = await Dev.run({ dir, interruptAt: 'to be kept ready' });
  expect(ended).toMatchObject({ exitCode: 130, stdout: '' });
});

describe('a program that no hook gets into, where there are no namespaces', () => {
  /** A PATH without bubblewrap. */
  async function pathWithout(): Promise<string> {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const name of ['sh', 'bash', 'node', 'env', 'rm', 'mkfifo', 'grep', 'sleep']) {
      const path = await findOnPath(name, `${dirname(process.execPath)}:${process.env.PATH ?? ''}`);
      if (path !== null) symlinkSync(path, join(bin, name));
    }
    return bin;
  }

  test('runs on the real port, one instance at a time: 432 for the second, and why is said once', async () => {
    // Any port of this machine will do, and only one that no other test uses.
    const port = await freePort();
    const dir = writeFunction(join(folder, 'unhooked'), {
      app: COUNTER.replace('9000', String(port)),
      // A shell that hides its program: nothing here looks like Node.
      startFile: `#!/bin/sh\np=no; exec "$p"de app.js\n`,
    });
    const config = completeConfig({
      name: 'unhooked',
      srcDir: dir,
      route: '/',
      platform: DEFAULT_PLATFORM,
      port,
    });
    const emulator = await startEmulator({
      functions: [config],
      callerEnvironment: { PATH: await pathWithout() },
    });
    onTestFinished(() => emulator.stop());
    const notices = (): readonly string[] =>
      emulator.journal.records.flatMap(record =>
        record.type === 'notice' ? [`${record.message}: ${record.advice}`] : [],
      );
    const explanations = (): readonly (string | null)[] =>
      emulator.journal.records.flatMap(record => (record.type === 'ended' ? [record.explanation] : []));
    expect(notices()).toEqual([
      expect.stringMatching(
        /^unhooked runs neither Node nor Python, and bubblewrap is not installed: it gets one instance at a time.*apt-get install bubblewrap/,
      ),
    ]);
    const client = await Client.open(emulator.url);
    expect((await Client.refused(emulator.url)).statusCode).toBe(432);
    expect(await client.ask('count')).toBe('1');
    client.socket.close(1000);
    await client.closed();
    await until('both reports', () => emulator.invocations.length === 2);
    expect(explanations()[0]).toMatch(/^This machine can run one instance of it at a time/);
    const next = await Client.open(emulator.url);
    expect(await next.ask('count')).toBe('1');
    next.socket.close(1000);
    await until('the third report', () => emulator.invocations.length === 3);
    const other = createServer().listen(port, '0.0.0.0');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    expect((await Client.refused(emulator.url)).statusCode).toBe(443);
    await until('its report', () => emulator.invocations.length === 4);
    expect(explanations()[3]).toContain(`port ${port} of this machine is in use`);
  });
});
