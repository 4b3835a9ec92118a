// The attach driver: the server is someone else's, may come late, and is never ended.
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AttachDriver } from '../../src/sandbox/attach-driver.ts';
import { Observed } from './observed.ts';

let server: Server;

async function listen(port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function attach(port: number): Observed {
  return new Observed(new AttachDriver({ host: '127.0.0.1', port }), { codeDir: '/nowhere' });
}

beforeEach(() => {
  server = createServer(socket => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\n\r\nthe user’s');
  });
});
afterEach(() => {
  server.close();
});

test('is ready once the server answers, without a process of its own', async () => {
  const run = attach(await listen(0));
  expect(run.wasToldAtOnce).toBe(false);
  await run.ready();
  expect(run.told).toEqual([{ type: 'started', pid: null }, { type: 'ready' }]);
  expect(await run.ask()).toBe('the user’s');
  run.sandbox.terminate();
  await run.exited();
});

test('waits for a server that is not there yet', async () => {
  const port = await listen(0);
  server.close();
  await once(server, 'close');
  const run = attach(port);
  await listen(port);
  await run.ready();
  run.sandbox.kill();
  await run.exited();
});

test.each(['terminate', 'kill'] as const)('%s ends the connection and not the server', async how => {
  const run = attach(await listen(0));
  await run.ready();
  run.sandbox[how]();
  run.sandbox.kill();
  expect(run.exit).toBe(null);
  expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
  expect(server.listening).toBe(true);
  expect(run.types).toEqual(['started', 'ready', 'exit']);
});

test('while it waits for a server, terminate is still an exit', async () => {
  const port = await listen(0);
  server.close();
  await once(server, 'close');
  const run = attach(port);
  run.sandbox.terminate();
  await run.exited();
  expect(run.types).toEqual(['exit']);
});
