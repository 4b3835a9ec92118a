// Plays a scenario that was made of a recording, the plain way: what a replay is checked with. Throws at the first
// thing that is not as expected.
import { expect } from 'vitest';
import type { Emulator } from '../../src/emulator.ts';
import { replayedMismatch } from '../../src/testing/replayed-message.ts';
import type { Matcher, Scenario, Step } from '../../src/testing/scenario.ts';
import { Client } from '../e2e/client.ts';
import { until } from '../e2e/until.ts';

export async function play({ name, steps }: Scenario, emulator: Emulator): Promise<void> {
  const before = emulator.invocations.length;
  let client: Client | null = null;
  for (const step of steps) {
    if (step.kind === 'connect') client = connect(step, emulator);
    else if (step.kind === 'advance') await emulator.clock.advance(step.ms);
    else if (client === null) throw new Error(`${name} does nothing before it connects`);
    else await playStep(step, { client, emulator, before });
  }
}

function connect(step: Extract<Step, { kind: 'connect' }>, emulator: Emulator): Client {
  const headers = Object.entries(step.headers).map(([name, value]) => [name, fillPlainly(value)]);
  return new Client(new URL(fillPlainly(step.path), emulator.url).href, {
    protocols: [...step.subprotocols],
    headers: Object.fromEntries(headers),
  });
}

async function playStep(
  step: Step,
  { client, emulator, before }: { client: Client; emulator: Emulator; before: number },
): Promise<void> {
  switch (step.kind) {
    case 'send':
      await client.opened();
      if (step.message.kind === 'text') client.send(fillPlainly(step.message.text));
      else if (step.message.kind === 'base64') client.send(Buffer.from(step.message.data, 'base64'));
      break;
    case 'expect':
      check(step.message.matcher, await client.nextBytes());
      break;
    case 'close':
      await client.opened();
      client.socket.close(step.code ?? undefined, fillPlainly(step.reason));
      break;
    case 'cut':
      await client.opened();
      client.socket.terminate();
      break;
    case 'expectClose': {
      const { code, reason } = await client.closed();
      expect(code).toBe(step.code);
      if (step.reason !== null) check(step.reason, Buffer.from(reason));
      break;
    }
    case 'expectRefused': {
      const { statusCode, body } = await client.refused();
      expect(statusCode).toBe(step.status);
      if (step.body !== null) check(step.body, Buffer.from(body));
      break;
    }
    case 'expectInvocation':
      expect(await until('the report', () => emulator.invocations[before] ?? null)).toMatchObject(
        step.report,
      );
      break;
    default:
      throw new Error(`A recording has no ${step.kind}`);
  }
}

function check(matcher: Matcher, data: Buffer): void {
  if (matcher.kind === 'replayed') {
    const mismatch = replayedMismatch(matcher, data.toString());
    if (mismatch !== null) throw new Error(`${mismatch.reason}\n${mismatch.expected}\n${mismatch.actual}`);
    return;
  }
  if (matcher.kind === 'text') expect(data.toString()).toBe(fillPlainly(matcher.text));
  else if (matcher.kind === 'base64') expect(data.toString('base64')).toBe(matcher.data);
  else if (matcher.kind === 'size') expect(data.length).toBeGreaterThanOrEqual(matcher.minBytes);
  else throw new Error(`A recording has no ${matcher.kind}`);
}

/** A recording has no variables, only their escaped beginnings. */
function fillPlainly(template: string): string {
  return template.replaceAll('$${', () => '${');
}
