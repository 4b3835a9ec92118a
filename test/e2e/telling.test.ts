// What people are told where the report alone would leave them guessing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from '../sandbox/free-port.ts';
import { packed } from '../sandbox/observed.ts';
import { Client } from './client.ts';
import type { DevOptions } from './harness.ts';
import { Dev, scriptedDir, temporaryFolder, writeFunction } from './harness.ts';
import { missingExecutable, needs } from './parts.ts';
import { until } from './until.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/bootstrap/${name}`, import.meta.url));

function ownFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function start(options: DevOptions): Promise<Dev> {
  const dev = await Dev.start(options);
  onTestFinished(() => dev.dispose());
  return dev;
}

test('a faster clock does not age the cold start: a function that starts in time starts in time', async () => {
  // 300 ms at 1000 times as fast would be five minutes, and the init timeout is one.
  const dev = await start({
    dir: fixture('listens-late'),
    args: ['--time-scale', '1000', '--idle-timeout', '10m', '--timeout', '1h'],
  });
  const client = await Client.open(dev.url());
  client.socket.close(1000);
  const { initMs, statusCode } = await dev.report(0);
  expect(statusCode).toBe(200);
  expect(initMs).toBeLessThan(60_000);
});

test('a close frame that the function never answers is told, although the status is 200', async () => {
  const dir = writeFunction(ownFolder(), {
    // Accepts the handshake, and has no ear for anything after.
    app: `const { createServer } = require('node:http');
createServer().on('upgrade', (request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + require('node:crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64') + '\\r\\n\\r\\n')).listen(9000);
`,
  });
  writeFileSync(join(dir, 'scf.yaml'), 'assume: { closeGrace: 200ms }\n');
  const dev = await start({ dir });
  const client = await Client.open(dev.url());
  client.socket.close(1000);
  expect(await dev.report(0)).toMatchObject({ statusCode: 200, cause: 'client-closed' });
  const { stderr } = await dev.stop();
  expect(stderr).toMatch(/→ The function did not answer the close frame within 200 ms/);
});

test('a close frame of scf-ws’s own is not told as a peer’s', async () => {
  const dev = await start({ dir: scriptedDir });
  const client = await Client.open(dev.url());
  client.socket.send(Buffer.alloc(300_000));
  await client.closed();
  await dev.report(0);
  const { stderr } = await dev.stop();
  expect(stderr).toMatch(/↓ close 1009 "message of 300000 bytes is too big" from scf-ws/);
  expect(stderr).not.toMatch(/close 1009 .* from the (client|function)/);
});

test('a request that reaches no function leaves a line, and each function’s address is told', async () => {
  const dir = ownFolder();
  writeFunction(join(dir, 'chat'), { app: '' });
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'scf.yaml'), 'functions:\n  chat: { src: chat, route: /chat }\n');
  const dev = await start({ dir });
  const address = dev.url().replace(/^ws/, 'http');
  const status = await new Promise(resolve =>
    get(address, response => resolve(response.resume().statusCode)),
  );
  expect(status).toBe(404);
  await until('the line', () =>
    dev.stderr.includes('GET / was answered with 404: No function has a route for /'),
  );
  expect(dev.stderr).toContain(`chat at ${dev.url()}chat:`);
  await dev.stop();
});

test.each(['process', 'namespace'])(
  'under %s the log of the platform has its own words for each end',
  async sandbox => {
    const dir = ownFolder();
    const functions = {
      unreadable: { src: packed(fixture('crlf'), dir) },
      deaf: { src: packed(fixture('never-listens'), dir), initTimeout: 3 },
      greedy: { src: packed(fixture('eats-memory'), dir) },
      mortal: { src: packed(fixture('exits-before-its-server'), dir) },
      slow: { src: packed(fixture('no-answer'), dir), idleTimeout: 10, timeout: 12 },
    };
    const routed = Object.entries(functions).map(([name, entry]) => [name, { ...entry, route: `/${name}` }]);
    writeFileSync(join(dir, 'scf.json'), JSON.stringify({ functions: Object.fromEntries(routed) }));
    const dev = await start({
      dir,
      args: ['--sandbox', sandbox, '--log-format', 'scf', '--time-scale', '60'],
    });
    const ends = async (name: string): Promise<void> => {
      const client = await Client.open(dev.url(`/${name}`));
      client.send('the last');
      await client.closed();
    };
    await Promise.all([
      Client.refused(dev.url('/unreadable')),
      Client.refused(dev.url('/deaf')),
      ends('greedy'),
      ends('mortal'),
      Client.refused(dev.url('/slow')),
    ]);
    for (const [name, words] of Object.entries({
      unreadable: '[./scf_bootstrap] no such file or directory',
      deaf: 'context deadline exceeded',
      greedy: 'Task memory exceeded 128 MB',
      mortal: 'User process exit when running (code 0)',
      slow: 'Invoking task timed out after 12 seconds',
    })) {
      const { requestId } = await dev.reportOf(name);
      await dev.saysOnStderr(`ERROR RequestId: ${requestId} Result: ${words}\n`);
    }
    await dev.stop();
  },
);
/** A PATH on which nothing is but what an instance of a Node function needs. */
function pathOf(folder: string, programs: readonly string[]): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const program of programs) {
    const [path = ''] = execFileSync('which', [program], { encoding: 'utf8' }).split('\n');
    symlinkSync(path, join(bin, program));
  }
  return bin;
}

test('what the namespace sandbox cannot reach is told once: no way out, and a service that is down', async context => {
  needs(missingExecutable('/usr/bin/bwrap', 'bubblewrap'), context);
  const folder = ownFolder();
  const port = await freePort();
  const startFile = `#!/bin/bash
for i in 1 2 3; do cat < /dev/tcp/host.scf.internal/${port}; done
`;
  const dir = writeFunction(join(folder, 'function'), { app: '', startFile });
  const yaml = join(dir, 'scf.yaml');
  writeFileSync(yaml, `hostPorts: [${port}]\n`);
  const env = { PATH: pathOf(folder, ['bwrap', 'node', 'sh', 'cat', 'grep', 'rm', 'sleep']) };
  const options = { dir, args: ['--sandbox', 'namespace'], env };
  const dev = await start(options);
  for (const _ of [1, 2]) {
    const socket = new WebSocket(dev.url());
    await new Promise(resolve => socket.once('error', resolve));
  }
  const { stderr } = await dev.stop();
  const times = (text: string): number => stderr.split(text).length - 1;
  expect(times('reach no network but their own: pasta is not installed'), stderr).toBe(1);
  expect(times('sudo apt-get install passt; or write network: none'), stderr).toBe(1);
  expect(times(`Nothing listens on 127.0.0.1:${port} of this machine (hostPorts)`), stderr).toBe(1);

  writeFileSync(yaml, 'network: none\n');
  const quiet = await start(options);
  expect((await quiet.stop()).stderr).not.toMatch(/pasta/);
});
