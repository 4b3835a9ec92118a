// `npm run bench`: the gateway beside what else one could put between a client and a server. See README.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { barsOf } from './bars.ts';
import { CANDIDATES, isInstalled } from './candidates.ts';
import type { Bench } from './measure-loads.ts';
import { measureGrowth, measureLoads } from './measure-loads.ts';
import { measureMemory } from './measure-memory.ts';
import { measureBurst, measureStarts } from './measure-starts.ts';
import type { Plan } from './plan.ts';
import { readPlan } from './plan.ts';
import { endAll, Generator, programPath, start } from './processes.ts';
import type { Results } from './results.ts';
import { tablesOf } from './tables.ts';

async function measured(plan: Plan, folder: string): Promise<Results> {
  const echo = await start([process.execPath, programPath('echo-server.js')]);
  const generator = new Generator();
  const names = CANDIDATES.filter(isInstalled);
  const say = (text: string): void => {
    if (!plan.quick) process.stderr.write(`${text}\n`);
  };
  const bench: Bench = { plan, place: { echo, folder }, generator, names, say };
  const { parts } = plan;
  const loads = await measureLoads(bench);
  const memory = parts.has('memory') ? await measureMemory(bench) : [];
  const starts = parts.has('starts') ? await measureStarts(bench) : [];
  const burst = parts.has('burst') ? await measureBurst(bench) : [];
  const { growth, opening } = parts.has('growth') ? await measureGrowth(bench) : { growth: [], opening: [] };
  await generator.end();
  await echo.end();
  return {
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    quick: plan.quick,
    parts: [...parts],
    skipped: CANDIDATES.filter(name => !names.includes(name)),
    loads,
    memory,
    starts,
    burst,
    growth,
    opening,
  };
}

let plan: Plan | null = null;
try {
  plan = readPlan(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
if (plan !== null) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('SIGINT', () => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    const results = await measured(plan, folder);
    process.stdout.write(`${tablesOf(results)}\n`);
    const jsonFile = plan.jsonFile ?? programPath('results.json');
    writeFileSync(jsonFile, `${JSON.stringify({ ...results, bars: barsOf(results) }, null, 2)}\n`);
    process.stderr.write(`Written as JSON: ${jsonFile}\n`);
  } finally {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}
