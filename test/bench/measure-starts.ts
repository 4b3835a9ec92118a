// What a user waits for: the command, a cold start beside the same app's own start, and a hundred of them at once.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { freePort } from './candidates.ts';
import type { Bench } from './measure-loads.ts';
import type { Started } from './processes.ts';
import { SCF_WS, start, timed } from './processes.ts';
import type { BurstRow, StartName, StartRow } from './results.ts';
import { median } from './results.ts';

/** How many instances a run may have opened at a time. */
const MAX_STARTED = 200;

export async function measureStarts(bench: Bench): Promise<readonly StartRow[]> {
  const { plan, place, generator, say } = bench;
  const cold = writeApp(join(place.folder, 'cold'), 'provisionedConcurrency: 0');
  const ready = writeApp(join(place.folder, 'provisioned'), 'provisionedConcurrency: 1');
  const found = new Map<StartName, number[]>();
  const note = (what: StartName, ms: number): void => {
    found.set(what, [...(found.get(what) ?? []), ms]);
  };
  const gateway = await startDev(cold);
  for (let round = 0; round < plan.starts; round++) {
    say(`starts, round ${round + 1} of ${plan.starts}`);
    note('node -e 0', await timed([process.execPath, '-e', '0']));
    note('scf-ws --version', await timed([process.execPath, SCF_WS, '--version']));
    const other = await startDev(cold);
    note('scf-ws dev, to its URL', other.started.afterMs);
    note('cold start: the first of a run', await openOne(other.port));
    await other.started.end();
    note('the app by itself, to its listening', await startBare(cold));
    note('cold start: connect to open', await openOne(gateway.port));
  }
  await gateway.started.end();
  for (let round = 0; round < plan.starts; round++) {
    // A new one each time: otherwise the next instance would be starting meanwhile.
    const provisioned = await startDev(ready);
    note('provisioned: connect to open', await openOne(provisioned.port));
    await provisioned.started.end();
  }
  return [...found].map(([what, rounds]) => ({ what, medianMs: median(rounds), rounds }));

  async function openOne(port: number): Promise<number> {
    const { openMs } = await generator.openEach(port, 1);
    await generator.letGo();
    return openMs[0] ?? Number.NaN;
  }
}

/** Real instances, all asked for at once, beside the same programs started at once without anything else. */
export async function measureBurst({ plan, place, generator, say }: Bench): Promise<readonly BurstRow[]> {
  const { burstInstances: instances, burstRounds } = plan;
  const dir = writeApp(join(place.folder, 'burst'), `maxInstances: ${MAX_STARTED}`);
  const bare: number[] = [];
  const emulated: number[] = [];
  for (let round = 0; round < burstRounds; round++) {
    say(`burst of ${instances}, round ${round + 1} of ${burstRounds}`);
    const ports: number[] = [];
    while (ports.length < instances) ports.push(await freePort());
    const from = performance.now();
    const apps = await Promise.all(ports.map(port => startApp(dir, port)));
    bare.push(performance.now() - from);
    await Promise.all(apps.map(app => app.end()));
    const gateway = await startDev(dir);
    const { openMs } = await generator.openBurst(gateway.port, instances);
    emulated.push(Math.max(...openMs));
    await generator.letGo();
    await gateway.started.end();
  }
  return [
    { what: 'the apps by themselves', instances, medianMs: median(bare), rounds: bare },
    { what: 'connections of scf-ws', instances, medianMs: median(emulated), rounds: emulated },
  ];
}

/** An echo with `ws`, as examples/echo-node; `PORT` is for its start by itself. */
function writeApp(dir: string, key: string): string {
  const ws = createRequire(import.meta.url).resolve('ws');
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'app.js'),
    `const { WebSocketServer } = require(${JSON.stringify(ws)});
const server = new WebSocketServer({ host: '0.0.0.0', port: Number(process.env.PORT ?? 9000) }, () => {
  console.log('listening');
});
server.on('connection', socket => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
`,
  );
  const startFile = '#!/bin/bash\n/var/lang/node20/bin/node app.js\n';
  writeFileSync(join(dir, 'scf_bootstrap'), startFile, { mode: 0o755 });
  writeFileSync(join(dir, 'scf.yaml'), `name: bench\nmemorySize: 512\n${key}\n`);
  return dir;
}

async function startDev(dir: string): Promise<{ readonly started: Started; readonly port: number }> {
  const words = [process.execPath, SCF_WS, 'dev', dir, '--port', '0', '--sandbox', 'process'];
  const started = await start(words);
  return { started, port: Number(new URL(started.line).port) };
}

function startApp(dir: string, port: number): Promise<Started> {
  return start([process.execPath, 'app.js'], { cwd: dir, env: { PORT: String(port) } });
}

async function startBare(dir: string): Promise<number> {
  const app = await startApp(dir, await freePort());
  await app.end();
  return app.afterMs;
}
