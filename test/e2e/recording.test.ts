// `scf-ws dev --record`, and its recordings played again with `scf-ws test`, as are those of other programs.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHar } from '../../src/testing/har/read-har.ts';
import { Client } from './client.ts';
import { Dev, examplesDir, scriptedDir, temporaryFolder, writeFunction } from './harness.ts';
import type { ProgramEnd } from './program.ts';
import { Program } from './program.ts';

const WS = JSON.stringify(createRequire(import.meta.url).resolve('ws'));

let folder: string;
let harFile: string;

beforeEach(() => {
  folder = temporaryFolder();
  harFile = join(folder, 'session.har');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function configure(config: object): void {
  writeFileSync(join(folder, 'scf.json'), JSON.stringify(config));
}

const scfWsTest = (...args: readonly string[]): Promise<ProgramEnd> =>
  Program.run(['test', ...args], { cwd: folder });

test('a session can be played again: every end that can come again by itself', async () => {
  configure({ name: 'scripted', src: scriptedDir, idleTimeout: 15 });
  const dev = await Dev.start({ dir: folder, args: ['--record', harFile, '--time-scale', '40'] });
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
  const causes = dev.reports.map(({ cause, statusCode }) => `${statusCode} ${cause}`);
  await dev.stop();
  const { exitCode, stdout } = await scfWsTest('session.har', '--reporter', 'json');
  expect(exitCode, stdout).toBe(0);
  const { scenarios } = JSON.parse(stdout) as {
    scenarios: { invocations: { cause: string; statusCode: number }[] }[];
  };
  expect(
    scenarios.flatMap(({ invocations }) => invocations.map(each => `${each.statusCode} ${each.cause}`)),
  ).toEqual(causes);
});

test('a function that answers otherwise fails the replay, unless it is ignored', async () => {
  const appOf = (version: number): string => `
    const { WebSocketServer } = require(${WS});
    new WebSocketServer({ host: '0.0.0.0', port: 9000 }).on('connection', socket =>
      socket.on('message', text =>
        socket.send(JSON.stringify({ text: String(text), version: ${version}, pid: process.pid }))));
  `;
  const src = writeFunction(join(folder, 'function'), { app: appOf(1) });
  configure({ name: 'versions', src });
  const dev = await Dev.start({ dir: folder, args: ['--record', harFile] });
  const client = await Client.open(dev.url());
  await client.ask('hello');
  client.socket.close(1000);
  await dev.report(0);
  await dev.stop();

  const other = await scfWsTest('session.har');
  expect(other.exitCode).toBe(1);
  // The line of the message in the file, and both texts.
  expect(other.stdout).toMatch(/session\.har:4:1/);
  expect(other.stdout).toMatch(/expected ".*", got ".*"/);

  expect((await scfWsTest('session.har', '--ignore', '$.pid')).exitCode).toBe(0);
  writeFunction(src, { app: appOf(2) });
  const changed = await scfWsTest('session.har', '--ignore', '$.pid');
  expect(changed.exitCode).toBe(1);
  expect(changed.stdout).toContain('$.version is not what it was when it was recorded');
  expect((await scfWsTest('session.har', '--ignore', '$.pid', '--ignore', '$..version')).exitCode).toBe(0);
  const wrong = await scfWsTest('session.har', '--ignore', 'pid');
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('$.time') });
});

test('with several functions, each is found by the path that was recorded', async () => {
  const functions = { echo: { src: join(examplesDir, 'echo-node') }, scripted: { src: scriptedDir } };
  configure({ functions });
  const dev = await Dev.start({ dir: folder, args: ['--record', harFile] });
  for (const [index, path] of ['/echo/?a=b', '/scripted'].entries()) {
    const client = await Client.open(dev.url(path));
    await client.ask('hello');
    client.socket.close(1000);
    await dev.report(index);
  }
  await dev.stop();
  const { exitCode, stdout } = await scfWsTest('session.har');
  expect(exitCode, stdout).toBe(0);
});

describe('a HAR of another program', () => {
  const APP = `
    const { WebSocketServer } = require(${WS});
    new WebSocketServer({ host: '0.0.0.0', port: 9000 }).on('connection', (socket, request) =>
      socket.on('message', (data, isBinary) => {
        const text = data.toString();
        if (!text.startsWith('{') || request.headers.cookie !== 'session=s3cret') {
          socket.send(data, { binary: isBinary });
        } else socket.send(JSON.stringify({ ...JSON.parse(text), type: 'welcome', time: Date.now() }));
      }));
  `;

  test.each(['chrome.har', 'playwright.har'])('%s replays', async name => {
    configure({ name: 'chat', src: writeFunction(join(folder, 'function'), { app: APP }) });
    copyFileSync(fileURLToPath(new URL(`../testing/har/${name}`, import.meta.url)), harFile);
    const { exitCode, stdout } = await scfWsTest('session.har', '--ignore', '$.time');
    expect(exitCode, stdout).toBe(0);
    expect((await scfWsTest('session.har')).exitCode).toBe(1);
  });

  test('one without messages is told, and other scenarios still run', async () => {
    configure({ name: 'chat', src: join(examplesDir, 'echo-node') });
    const name = 'playwright-attached.har';
    copyFileSync(fileURLToPath(new URL(`../testing/har/${name}`, import.meta.url)), join(folder, name));
    writeFileSync(join(folder, 'page.har'), '<html>');
    writeFileSync(join(folder, 'a.scenario.yaml'), 'name: a\nsteps: [connect: {}, send: x, expect: x]\n');
    const { exitCode, stdout } = await scfWsTest('.', name, 'page.har');
    expect(exitCode).toBe(2);
    expect(stdout).toContain(`${name}:1:1 the HAR has WebSocket connections, but no message of them`);
    expect(stdout).toContain('page.har:1:1 the file is HTML or XML, not a HAR');
    expect(stdout).toMatch(/1 passed/);
  });
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
  const { scenarios, problems } = readHar(readFileSync(harFile, 'utf8'), { file: 'a.har', ignore: [] });
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
