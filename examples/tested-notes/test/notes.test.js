// The same function from a program: for what is easier said in code. Runs with `node --test`.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { startEmulator } from 'scf-ws';
import { WebSocket } from 'ws';

let emulator;

before(async () => {
  emulator = await startEmulator({ dir: new URL('..', import.meta.url) });
});

after(() => emulator?.stop());

async function connect() {
  const socket = new WebSocket(emulator.url);
  await once(socket, 'open');
  return socket;
}

async function ask(socket, request) {
  const answer = once(socket, 'message');
  socket.send(JSON.stringify(request));
  const [data] = await answer;
  return JSON.parse(data);
}

test('two clients do not see each other’s notes', async () => {
  const [alice, bob] = await Promise.all([connect(), connect()]);
  await ask(alice, { do: 'add', text: 'milk' });
  assert.deepEqual(await ask(bob, { do: 'list' }), { notes: [] });
  for (const socket of [alice, bob]) {
    socket.close(1000);
    assert.equal((await emulator.nextInvocation()).statusCode, 200);
  }
});

test('a client that stays for ten minutes meets the execution timeout', async () => {
  const socket = await connect();
  const closed = once(socket, 'close');
  for (let minute = 0; minute < 10; minute++) {
    await ask(socket, { do: 'stay' });
    // 59 s: just before it would be idle.
    await emulator.clock.advance(59_000);
  }
  await ask(socket, { do: 'stay' });
  await emulator.clock.advance(11_000);
  const [code] = await closed;
  assert.equal(code, 1006);
  const { statusCode, cause, billedMs } = await emulator.nextInvocation();
  assert.deepEqual({ statusCode, cause }, { statusCode: 433, cause: 'execution-timeout' });
  assert.equal(Math.round(billedMs / 1000), 600);
});
