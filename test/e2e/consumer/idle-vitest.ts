// The same in vitest.
import { once } from 'node:events';
import { startEmulator } from 'scf-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';

test('an idle client is cut with 455', async () => {
  await using emulator = await startEmulator({ dir: '.' });
  const client = new WebSocket(emulator.url);
  await once(client, 'open');
  await emulator.clock.advance(60_000);
  expect(await emulator.nextInvocation()).toMatchObject({ statusCode: 455, cause: 'idle-timeout' });
});
