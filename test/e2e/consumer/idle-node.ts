// A user's own test, in TypeScript and for node:test: checked and compiled as theirs would be, then run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { InvocationReport } from 'scf-ws';
import { ScfWsError, startEmulator } from 'scf-ws';
import { WebSocket } from 'ws';

test('an idle client is cut with 455', async () => {
  await using emulator = await startEmulator({ dir: new URL('..', import.meta.url) });
  const client = new WebSocket(emulator.url);
  await once(client, 'open');
  await emulator.clock.advance(60_000);
  const report: InvocationReport = await emulator.nextInvocation();
  assert.equal(report.statusCode, 455);
});

test('what is wrong is thrown, with what to do', async () => {
  await assert.rejects(startEmulator({ dir: '/nowhere' }), error => {
    assert.ok(error instanceof ScfWsError);
    assert.equal(error.code, 'ERR_NOT_FOUND');
    assert.match(error.message, /name the folder/);
    return true;
  });
});
