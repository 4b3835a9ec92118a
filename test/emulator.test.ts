// The programmatic API, as a test of a user's uses it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EmulatorOptions } from '../src/index.ts';
import { loadFunctions, ScfWsError, startEmulator } from '../src/index.ts';
import { Client } from './e2e/client.ts';
import { scriptedDir } from './e2e/harness.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'scf-ws-api-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function errorOf(work: Promise<unknown>): Promise<ScfWsError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ScfWsError)) throw new Error(`expected a ScfWsError, got ${String(error)}`);
  return error;
}

describe('startEmulator', () => {
  it('runs the function of a folder, and `await using` ends it', async () => {
    let url: string;
    {
      await using emulator = await startEmulator({ dir: scriptedDir });
      url = emulator.url;
      const client = await Client.open(url);
      expect(await client.ask('hello')).toBe('hello');
      expect(emulator.connections).toHaveLength(1);
    }
    const late = new Client(url);
    expect(await late.closed()).toMatchObject({ code: 1006 });
  });

  it('takes a config file, and places as URLs', async () => {
    const folder = folderWith({ 'other.yaml': `name: other\nsrc: ${scriptedDir}\nidleTimeout: 10` });
    await using emulator = await startEmulator({ configFile: pathToFileURL(join(folder, 'other.yaml')) });
    await Client.open(emulator.url);
    await emulator.clock.advance(10_000);
    expect(await emulator.nextInvocation()).toMatchObject({ function: 'other', statusCode: 455 });
    await using second = await startEmulator({ dir: pathToFileURL(scriptedDir) });
    expect(second.url).not.toBe(emulator.url);
  });

  it('takes functions that are loaded already, and may be changed before', async () => {
    const functions = await loadFunctions({ dir: scriptedDir });
    await using emulator = await startEmulator({
      functions: functions.map(each => ({ ...each, environment: { GREETING: 'hi' } })),
    });
    const client = await Client.open(emulator.url);
    expect(await client.ask('environment GREETING')).toBe('hi');
  });

  it('runs several in one process, each with a clock and reports of its own', async () => {
    await using first = await startEmulator({ dir: scriptedDir });
    await using second = await startEmulator({ dir: scriptedDir });
    await Promise.all([Client.open(first.url), Client.open(second.url)]);
    await first.clock.advance(3_600_000);
    expect(await first.nextInvocation()).toMatchObject({ cause: 'idle-timeout' });
    expect(second.invocations).toEqual([]);
    expect(second.connections).toHaveLength(1);
  });

  it('can be stopped twice, by hand and by `await using`', async () => {
    await using emulator = await startEmulator({ dir: scriptedDir });
    await Client.open(emulator.url);
    await Promise.all([emulator.stop(), emulator.stop()]);
    expect(emulator.invocations).toMatchObject([{ cause: 'emulator-stopped' }]);
  });
});

it('tells a test what happened, the function’s output and the explanation included', async () => {
  const lines: string[] = [];
  await using emulator = await startEmulator({ dir: scriptedDir, log: line => lines.push(line) });
  const client = await Client.open(emulator.url);
  client.send('throw');
  await client.closed();
  await emulator.nextInvocation();
  const text = lines.join('\n');
  expect(text).toContain('! Error: as the client asked');
  expect(text).toMatch(/439 process-exited/);
});

describe('nextInvocation', () => {
  it('gives each report once, in the order of their ends, whether it came before or comes later', async () => {
    await using emulator = await startEmulator({ dir: scriptedDir });
    const first = await Client.open(emulator.url);
    const second = await Client.open(emulator.url);
    const [one, two] = [emulator.nextInvocation(), emulator.nextInvocation()];
    second.socket.close(4000);
    expect(await one).toMatchObject({ closeCode: 4000 });
    first.socket.close(1000);
    expect(await two).toMatchObject({ closeCode: 1000 });
    const third = await Client.open(emulator.url);
    third.send('close 4001');
    await third.closed();
    expect(await emulator.nextInvocation()).toMatchObject({ closeCode: 4001, statusCode: 439 });
    expect(emulator.invocations).toHaveLength(3);
  });

  it('says what to do when nothing ends', async () => {
    await using emulator = await startEmulator({ dir: scriptedDir });
    expect(await errorOf(emulator.nextInvocation({ withinMs: 1 }))).toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringContaining('No invocation ended within 1 ms: there is no connection\n  Connect'),
      hint: expect.stringContaining('Connect'),
    });
    await Client.open(emulator.url);
    expect(await errorOf(emulator.nextInvocation({ withinMs: 1 }))).toMatchObject({
      message: expect.stringContaining('No invocation ended within 1 ms: open connections: 1'),
      hint: expect.stringContaining('clock.advance'),
    });
  });
});

describe('what cannot be run is thrown, with what to do', () => {
  it.each([
    ['a folder that is not there', { dir: '/nowhere/at/all' }, 'ERR_NOT_FOUND', 'name the folder'],
    ['a file that is not there', { configFile: '/nowhere/scf.yaml' }, 'ERR_NOT_FOUND', 'name a readable'],
    ['both a folder and functions', { dir: '.', functions: [] }, 'ERR_USAGE', 'Leave one out'],
    ['something else than options', 'my-function', 'ERR_USAGE', "{ dir: 'my-function' }"],
  ])('%s', async (_name, options, code, hint) => {
    const error = await errorOf(startEmulator(options as EmulatorOptions));
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
    // Test runners show nothing else.
    expect(error.message).toContain(error.hint);
  });

  it('a config with mistakes, each with its place', async () => {
    const folder = folderWith({ 'scf.yaml': `name: x\nsrc: ${scriptedDir}\nidleTimeout: 5\nmemory: 128` });
    const error = await errorOf(startEmulator({ dir: folder }));
    expect(error).toMatchObject({ code: 'ERR_CONFIG', hint: 'Mend these 2' });
    expect(error.message).toContain('scf.yaml:3:1 ');
    expect(error.message).toContain('scf.yaml:4:1');
  });

  it('a port that is in use', async () => {
    await using emulator = await startEmulator({ dir: scriptedDir });
    const port = Number(new URL(emulator.url).port);
    expect(await errorOf(startEmulator({ dir: scriptedDir, port }))).toMatchObject({
      code: 'ERR_PORT_IN_USE',
    });
  });
});
