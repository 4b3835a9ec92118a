// The ends that time brings: idle and execution timeouts, by flags in real time and by config on a faster clock.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { Closed } from './client.ts';
import { Client } from './client.ts';
import { Dev, scriptedDir, temporaryFolder, writeFunction } from './harness.ts';

const IDLE = {
  statusCode: 455,
  statusBasis: 'documented',
  cause: 'idle-timeout',
  closedBy: 'platform',
} as const;
const EXECUTION = {
  statusCode: 433,
  statusBasis: 'documented',
  cause: 'execution-timeout',
  closedBy: 'platform',
} as const;

const folder = temporaryFolder();

beforeAll(() => {
  writeFunction(join(folder, 'never-answers'), {
    app: `require('net').createServer(() => {}).listen(9000);`,
  });
  const src = scriptedDir;
  const functions = {
    idle: { src },
    pinged: { src },
    pinging: { src },
    counted: { src, assume: { controlFramesResetIdle: true } },
    ticking: { src },
    asking: { src },
    told: { src, assume: { timeoutCloseCode: 4408 } },
    'never-answers': { src: 'never-answers' },
  };
  writeFileSync(join(folder, 'scf.json'), JSON.stringify({ functions }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('with an idle timeout of 1 s and an execution timeout of 3 s', () => {
  let dev: Dev;

  beforeAll(async () => {
    dev = await Dev.start({ dir: folder, args: ['--idle-timeout', '1s', '--timeout', '3s'] });
  });
  afterAll(() => dev.stop());

  async function ending(name: string, drive: (client: Client) => void): Promise<[Closed, InvocationReport]> {
    const client = await Client.open(dev.url(`/${name}`));
    drive(client);
    return [await client.closed(), await dev.reportOf(name)];
  }

  function repeat(client: Client, send: () => void): void {
    const timer = setInterval(send, 200);
    client.socket.on('close', () => clearInterval(timer));
  }

  test.concurrent('an idle connection ends with 455, and the client sees 1006', async () => {
    const [closed, report] = await ending('idle', () => {});
    expect(closed).toEqual({ code: 1006, reason: '' });
    expect(report).toMatchObject({ ...IDLE, closeCode: 1006, up: { messages: 0, bytes: 0 } });
    expect(report.durationMs).toBeGreaterThanOrEqual(1000);
    expect(report.durationMs).toBeLessThan(3000);
  });

  test.concurrent('pings of the client do not keep a connection from being idle', async () => {
    const [closed, report] = await ending('pinged', client => repeat(client, () => client.socket.ping()));
    expect(closed.code).toBe(1006);
    expect(report).toMatchObject(IDLE);
  });

  test.concurrent('pings of the function do not keep a connection from being idle', async () => {
    const [closed, report] = await ending('pinging', client => client.send('ping 200'));
    expect(closed.code).toBe(1006);
    expect(report).toMatchObject(IDLE);
  });

  test.concurrent('pings keep a connection from being idle where the config says so', async () => {
    const [, report] = await ending('counted', client => repeat(client, () => client.socket.ping()));
    expect(report).toMatchObject(EXECUTION);
  });

  test.concurrent('a connection on which the function sends ends with 433, and the client sees 1006', async () => {
    const [closed, report] = await ending('ticking', client => client.send('tick 200'));
    expect(closed.code).toBe(1006);
    expect(report).toMatchObject({ ...EXECUTION, closeCode: 1006 });
    expect(report.durationMs).toBeGreaterThanOrEqual(2999);
    expect(report.durationMs).toBeLessThan(6000);
  });

  test.concurrent('a connection on which the client sends ends with 433', async () => {
    const [, report] = await ending('asking', client => repeat(client, () => client.send('x')));
    expect(report).toMatchObject(EXECUTION);
    expect(report.up.messages).toBeGreaterThan(3);
  });

  test.concurrent('a timeout that the config gives a close code is told to the client', async () => {
    const [closed, report] = await ending('told', () => {});
    expect(closed).toEqual({ code: 4408, reason: 'idle timeout' });
    expect(report).toMatchObject({ ...IDLE, closeCode: 4408 });
  });

  test.concurrent('a function that never answers the handshake ends with 433 as the answer', async () => {
    const refusal = await Client.refused(dev.url('/never-answers'));
    expect(refusal).toMatchObject({ statusCode: 433, statusMessage: 'status code 433' });
    expect(JSON.parse(refusal.body)).toMatchObject({
      errorMessage: 'Invoking task timed out after 3 seconds',
    });
    expect(await dev.reportOf('never-answers')).toMatchObject({ ...EXECUTION, closeCode: null });
  });

  test('values outside the platform’s range are used, with a notice', () => {
    expect(dev.stderr).toMatch(/--idle-timeout 1s is outside what tencent-scf allows/);
  });
});

test('on a clock that runs 20 times as fast, the timeouts of the config hold in its time', async () => {
  const dir = temporaryFolder();
  writeFileSync(
    join(dir, 'scf.yaml'),
    `functions:
  idle: { src: ${scriptedDir}, idleTimeout: 10, timeout: 60 }
  ticking: { src: ${scriptedDir}, idleTimeout: 10, timeout: 30 }\n`,
  );
  const dev = await Dev.start({ dir, args: ['--time-scale', '20'] });
  const idle = await Client.open(dev.url('/idle'));
  const ticking = await Client.open(dev.url('/ticking'));
  ticking.send('tick 50');
  expect((await idle.closed()).code).toBe(1006);
  expect((await ticking.closed()).code).toBe(1006);
  const idleReport = await dev.reportOf('idle');
  const tickingReport = await dev.reportOf('ticking');
  await dev.stop();
  rmSync(dir, { recursive: true });
  expect(idleReport).toMatchObject({ statusCode: 455 });
  expect(idleReport.durationMs).toBeGreaterThanOrEqual(10_000);
  expect(idleReport.durationMs).toBeLessThan(60_000);
  expect(tickingReport).toMatchObject({ statusCode: 433 });
  expect(tickingReport.durationMs).toBeGreaterThanOrEqual(29_999);
});
