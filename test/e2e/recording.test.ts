// `scf-ws dev --record`, and its recordings played again.
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/defaults.ts';
import { startEmulator } from '../../src/emulator.ts';
import { parseIgnoredPath } from '../../src/testing/ignored-path.ts';
import type { HarScenarios } from '../../src/testing/read-har.ts';
import { readHar } from '../../src/testing/read-har.ts';
import { play } from '../testing/player.ts';
import { Client } from './client.ts';
import { Dev, scriptedDir, temporaryFolder, writeFunction } from './harness.ts';

let folder: string;
let harFile: string;

beforeEach(() => {
  folder = temporaryFolder();
  harFile = join(folder, 'session.har');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const readBack = (...ignored: string[]): HarScenarios =>
  readHar(readFileSync(harFile, 'utf8'), {
    file: 'session.har',
    ignore: ignored.map(parseIgnoredPath).filter(path => path !== null),
  });

async function playAll(dir: string, ...ignored: string[]): Promise<number> {
  const { scenarios, problems } = readBack(...ignored);
  expect(problems).toEqual([]);
  const emulator = await startEmulator({ functions: [defaultConfig({ dir })] });
  try {
    for (const scenario of scenarios) await play(scenario, emulator);
  } finally {
    await emulator.stop();
  }
  return scenarios.length;
}

test('a session can be played again: every end that can come again by itself', async () => {
  const dev = await Dev.start({
    dir: scriptedDir,
    args: ['--record', harFile, '--idle-timeout', '15s', '--time-scale', '40'],
  });
  const url = dev.url('/path?a=%20b');
  const ends: ((client: Client) => void)[] = [
    ({ socket }) => socket.close(1000, 'bye'),
    ({ socket }) => socket.close(4000),
    ({ socket }) => socket.close(),
    ({ socket }) => socket.terminate(),
    client => client.send('close 4001 because'),
    client => client.send('close 1011'),
    client => client.send('exit 3'),
    // Until it has been idle for too long.
    () => {},
  ];
  for (const [index, end] of ends.entries()) {
    const client = await Client.open(url, { perMessageDeflate: index % 2 === 0, protocols: ['chat'] });
    await client.ask('a ${text} of its own');
    client.send(Uint8Array.of(index, 255));
    await client.nextBytes();
    end(client);
    await dev.report(index);
  }
  await dev.stop();
  expect(await playAll(scriptedDir)).toBe(ends.length);
});

test('a function that answers otherwise fails the replay, unless it is ignored', async () => {
  const appOf = (version: number): string => `
    const { WebSocketServer } = require(${JSON.stringify(createRequire(import.meta.url).resolve('ws'))});
    new WebSocketServer({ host: '0.0.0.0', port: 9000 }).on('connection', socket =>
      socket.on('message', text => socket.send(JSON.stringify({ text: String(text), version: ${version}, pid: process.pid }))));
  `;
  const before = writeFunction(join(folder, 'before'), { app: appOf(1) });
  const after = writeFunction(join(folder, 'after'), { app: appOf(2) });
  const dev = await Dev.start({ dir: before, args: ['--record', harFile] });
  const client = await Client.open(dev.url());
  await client.ask('hello');
  client.socket.close(1000);
  await dev.report(0);
  await dev.stop();
  await expect(playAll(before)).rejects.toThrow(/got another/);
  expect(await playAll(before, '$.pid')).toBe(1);
  await expect(playAll(after, '$.pid')).rejects.toThrow(/\$\.version/);
});

test('kill -9 leaves the connections that had ended, in a whole file', async () => {
  const dev = await Dev.start({ dir: scriptedDir, args: ['--record', harFile] });
  const ended = await Client.open(dev.url());
  await ended.ask('kept');
  ended.socket.close(1000);
  await dev.report(0);
  const open = await Client.open(dev.url());
  await open.ask('lost');
  dev.signal('SIGKILL');
  await dev.ended();
  dev.dispose();
  const { scenarios, problems } = readBack();
  expect(problems).toEqual([]);
  expect(scenarios).toHaveLength(1);
});

test.each([
  ['a folder that does not exist', 'nowhere/session.har', 'there is no such folder'],
  ['a folder', '', 'it is a folder'],
  ['what is no file', '/dev/null', 'it is not a file'],
])('%s cannot be recorded to: exit 2', async (_name, name, reason) => {
  const path = name.startsWith('/') ? name : join(folder, name);
  const { exitCode, stdout, stderr } = await Dev.run({ dir: scriptedDir, args: ['--record', path] });
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(reason);
  expect(stderr).toContain('Name a file');
});
