// The program itself: how it starts, refuses to start, follows its config, and ends without leaving anything.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Client } from './client.ts';
import type { DevOptions } from './harness.ts';
import { Dev, scriptedDir, temporaryFolder } from './harness.ts';
import { RawClient } from './raw-client.ts';
import { until } from './until.ts';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(options: Partial<DevOptions> = {}): Promise<Dev> {
  const dev = await Dev.start({ dir: scriptedDir, ...options });
  onTestFinished(() => dev.dispose());
  return dev;
}

function writeConfig(text: string): void {
  writeFileSync(join(folder, 'scf.yaml'), text);
}

describe('the end of the program', () => {
  test('Ctrl-C closes connections with 1001, ends their instances and tells the sum', async () => {
    const dev = await start();
    const closed = await Client.open(dev.url());
    closed.socket.close(1000);
    await dev.report(0);
    const clients = await Promise.all([1, 2, 3].map(() => Client.open(dev.url())));
    await clients[0]?.ask('leave-a-child');
    const report = dev.report(3);
    dev.signal('SIGINT');
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 1001 });
    expect(await report).toMatchObject({ statusCode: null, cause: 'emulator-stopped', closeCode: 1001 });
    const { exitCode, stderr, stdout } = await dev.ended();
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect(dev.survivors()).toEqual([]);
    expect(dev.leftFiles()).toEqual([]);
    expect(dev.reports).toHaveLength(4);
    expect(stderr).toMatch(/200 │ client-closed +│ +1 │/);
    expect(stderr).toMatch(/- │ emulator-stopped +│ +3 │/);
    expect(stderr).toMatch(/total +│ +4 │/);
    expect(stderr).toMatch(/Estimated cost: 0\.\d+ CNY/);
  });

  test('Ctrl-C during cold starts answers the clients and leaves nothing', async () => {
    const dev = await start();
    const clients = [1, 2, 3].map(() => new Client(dev.url()));
    await dev.saysOnStderr(/(connection from[\s\S]*){3}/);
    const stopped = dev.stop();
    for (const client of clients) expect(await client.refused()).toMatchObject({ statusCode: 503 });
    await stopped;
  });

  test('a second Ctrl-C ends at once what will not end by itself', async () => {
    // Without the second one this takes ten minutes.
    writeConfig(
      `{ src: ${scriptedDir}, idleTimeout: 3600, assume: { closeGrace: 10m, terminateGrace: 10m } }`,
    );
    const dev = await start({ dir: folder });
    const willing = await Client.open(dev.url());
    await willing.ask('ignore-sigterm');
    // Does not answer a close frame.
    const silent = await RawClient.open(dev.port);
    dev.signal('SIGINT');
    expect(await willing.closed()).toMatchObject({ code: 1001 });
    await silent.receivedFrames(1);
    dev.signal('SIGINT');
    expect((await dev.ended()).exitCode).toBe(130);
    await until('the instances to be gone', () => dev.survivors().length === 0);
    expect(dev.leftFiles()).toEqual([]);
  });

  test('kill -9 of the program leaves no process and no file behind', async () => {
    const dev = await start();
    const clients = await Promise.all([1, 2, 3].map(() => Client.open(dev.url())));
    await clients[0]?.ask('leave-a-child');
    await clients[1]?.ask('ignore-sigterm');
    expect(dev.survivors().length).toBeGreaterThanOrEqual(1 + 1 + 3 + 1);
    dev.signal('SIGKILL');
    expect(await dev.ended()).toMatchObject({ signal: 'SIGKILL' });
    await until('the instances to be gone', () => dev.survivors().length === 0);
    await until('the files to be gone', () => dev.leftFiles().length === 0);
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 1006 });
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends it as Ctrl-C does, with exit code %i', async (signal, exitCode) => {
    const dev = await start();
    const client = await Client.open(dev.url());
    dev.signal(signal);
    expect(await client.closed()).toMatchObject({ code: 1001 });
    expect(await dev.ended()).toMatchObject({ exitCode });
    expect(dev.survivors()).toEqual([]);
  });
});

describe('what it cannot start with ends with exit code 2 and one message on stderr', () => {
  async function failure(options: DevOptions): Promise<string> {
    const { exitCode, stdout, stderr } = await Dev.run(options);
    expect(exitCode, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stderr.match(/^(scf-ws|error):/gm), stderr).toHaveLength(1);
    return stderr;
  }

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.close();
    });
    await until('the server', () => server.listening);
    const { port } = server.address() as AddressInfo;
    const stderr = await failure({ dir: scriptedDir, args: ['--port', String(port)] });
    expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port}: the port is in use`);
    expect(stderr).toContain('--port 0');
  });

  test('an address of another machine', async () => {
    expect(await failure({ dir: scriptedDir, args: ['--host', '192.0.2.1'] })).toContain('--host');
  });

  test('a folder that does not exist', async () => {
    expect(await failure({ dir: join(folder, 'none') })).toContain('there is no such folder');
  });

  test('a folder without a function', async () => {
    expect(await failure({ dir: folder })).toContain('neither scf.yaml nor scf_bootstrap is there');
  });

  test('a config whose src has no start file', async () => {
    mkdirSync(join(folder, 'code'));
    writeConfig('name: f\nsrc: code\n');
    expect(await failure({ dir: folder })).toMatch(/scf\.yaml:2:\d+ .*scf_bootstrap/);
  });

  test('a config file that does not exist', async () => {
    expect(await failure({ dir: folder, args: ['--config', join(folder, 'other.yaml')] })).toContain(
      'other.yaml',
    );
  });

  test('a broken config: every problem at its place', async () => {
    writeConfig(`src: ${scriptedDir}\nidleTimeout: 5\nmemorySise: 128\nenvironment: { SCF_X: a }\n`);
    const stderr = await failure({ dir: folder });
    expect(stderr).toMatch(/scf\.yaml:2:\d+ idleTimeout/);
    expect(stderr).toMatch(/scf\.yaml:3:\d+ .*memorySise/);
    expect(stderr).toContain('memorySize');
    expect(stderr).toMatch(/scf\.yaml:4:\d+ .*SCF_/);
  });

  test('a config that is not YAML', async () => {
    writeConfig('name: [\n');
    expect(await failure({ dir: folder })).toMatch(/scf\.yaml:\d+:\d+ /);
  });

  test('a report file that cannot be written', async () => {
    const report = join(folder, 'none', 'report.jsonl');
    expect(await failure({ dir: scriptedDir, args: ['--report', report] })).toContain('report.jsonl');
  });

  test.each([
    ['--idle-timeout', 'soon'],
    ['--port', '70000'],
    ['--time-scale', '0'],
    ['--log-format', 'xml'],
    ['--no-such-flag', ''],
  ])('%s %s', async (...args) => {
    expect(await failure({ dir: scriptedDir, args: args.filter(arg => arg !== '') })).toContain(args[0]);
  });
});

describe('the config is watched', () => {
  const config = (word: string): string => `{ src: ${scriptedDir}, environment: { WORD: ${word} } }\n`;

  test('new connections get what it says now, those that are open go on as they began', async () => {
    writeConfig(config('old'));
    const dev = await start({ dir: folder });
    const before = await Client.open(dev.url());
    expect(await before.ask('environment WORD')).toBe('old');

    writeConfig(config('new'));
    await dev.saysOnStderr('The config has changed: new connections use it');
    const after = await Client.open(dev.url());
    expect(await after.ask('environment WORD')).toBe('new');
    expect(await before.ask('environment WORD')).toBe('old');
    for (const client of [before, after]) client.socket.close(1000);
    await dev.report(1);
    await dev.stop();
  });

  test('an edit that is no valid config is told, and the old one stays in use until it is mended', async () => {
    writeConfig(config('old'));
    const dev = await start({ dir: folder });
    writeConfig('idleTimeout: 1\n');
    await dev.saysOnStderr('the old one stays in use');
    expect(dev.stderr).toMatch(/scf\.yaml:1:\d+ idleTimeout/);
    const client = await Client.open(dev.url());
    expect(await client.ask('environment WORD')).toBe('old');
    client.socket.close(1000);
    await dev.report(0);

    writeConfig(config('mended'));
    await dev.saysOnStderr('The config has changed: new connections use it');
    const after = await Client.open(dev.url());
    expect(await after.ask('environment WORD')).toBe('mended');
    after.socket.close(1000);
    await dev.report(1);
    await dev.stop();
  });
});

describe('what it tells', () => {
  test('a report of - goes to stdout, behind the URL', async () => {
    const dev = await start({ args: ['--report', '-'] });
    const client = await Client.open(dev.stdout.trim());
    client.socket.close(1000);
    await until('the report', () => dev.stdout.split('\n').length > 2);
    dev.signal('SIGINT');
    const { stdout } = await dev.ended();
    const [, line = '', ...rest] = stdout.split('\n');
    expect(JSON.parse(line)).toMatchObject({ statusCode: 200 });
    expect(rest).toEqual(['']);
  });

  test('the log format scf has the platform’s own lines', async () => {
    const dev = await start({ args: ['--log-format', 'scf'] });
    const client = await Client.open(dev.url());
    client.send('close 4001');
    const { requestId } = await dev.report(0);
    const { stderr } = await dev.stop();
    const lines = stderr.split('\n').filter(line => line.includes(requestId));
    expect(lines.map(line => line.replace(/ ?RequestId: .*/, ''))).toEqual([
      'START',
      'Init Report',
      'ERROR',
      'END',
      'Report',
    ]);
    expect(stderr).toMatch(/^Report RequestId: \S+ Duration: \d+ms Memory: 128MB MemUsage: [\d.]+MB$/m);
  });

  test('the log format json has one object a line, frames among them with -v', async () => {
    const dev = await start({ args: ['--log-format', 'json', '-v'] });
    const client = await Client.open(dev.url());
    await client.ask('pid');
    client.socket.close(1000);
    await dev.report(0);
    const { stderr } = await dev.stop();
    const records = stderr
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { event: string });
    const events = new Set(records.map(({ event }) => event));
    for (const event of [
      'connected',
      'instance-started',
      'instance-ready',
      'opened',
      'frame',
      'close-received',
      'ended',
      'summary',
    ]) {
      expect(events).toContain(event);
    }
  });

  test('the output of an instance stands in the log with the connection’s id', async () => {
    const dev = await start();
    const client = await Client.open(dev.url());
    client.send('throw');
    const { requestId } = await dev.report(0);
    const { stderr } = await dev.stop();
    const lines = stderr.split('\n').filter(line => line.includes(requestId.slice(0, 8)));
    expect(lines.some(line => line.includes('! Error: as the client asked'))).toBe(true);
  });
});
