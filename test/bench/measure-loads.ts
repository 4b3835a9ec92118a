// The loads: each candidate under each, in rounds, so that what else the machine does hits all alike.
import type { Candidate, CandidateName, Place } from './candidates.ts';
import { startCandidate } from './candidates.ts';
import type { LoadResult } from './generator-words.ts';
import type { LoadName, Plan } from './plan.ts';
import { LOAD_NAMES, LOADS } from './plan.ts';
import type { Generator } from './processes.ts';
import type { GrowthRow, LoadRow, OpeningRow } from './results.ts';
import { median } from './results.ts';

export interface Bench {
  readonly plan: Plan;
  readonly place: Place;
  readonly generator: Generator;
  /** Those that are installed. */
  readonly names: readonly CandidateName[];
  readonly say: (text: string) => void;
}

export async function measureLoads(bench: Bench): Promise<readonly LoadRow[]> {
  const { plan, place, generator, names, say } = bench;
  const loads = LOAD_NAMES.filter(name => plan.parts.has(name));
  if (loads.length === 0) return [];
  const candidates: Candidate[] = [];
  for (const name of names) candidates.push(await startCandidate(name, place));
  const found = new Map<string, LoadResult[]>();
  const { warmUpMs, measureMs } = plan;
  for (let round = 0; round < plan.rounds; round++) {
    say(`loads, round ${round + 1} of ${plan.rounds}`);
    for (const load of loads) {
      for (const candidate of turned(candidates, round)) {
        const { port, pid, name } = candidate;
        const spec = { port, pid, load: LOADS[load], warmUpMs, measureMs };
        const results = found.get(`${load} ${name}`) ?? [];
        results.push(await generator.run(spec));
        found.set(`${load} ${name}`, results);
      }
    }
  }
  for (const candidate of candidates) await candidate.end();
  const roundsOf = (load: LoadName, name: CandidateName): readonly LoadResult[] =>
    found.get(`${load} ${name}`) ?? [];
  return loads.flatMap(load =>
    names.map(name => {
      const rounds = roundsOf(load, name);
      return {
        load,
        candidate: name,
        median: medianResult(rounds),
        rounds,
        cpuToPipe: name === 'direct' ? null : ratio(rounds, roundsOf(load, 'pipe')),
        cpuToWs: name === 'direct' ? null : ratio(rounds, roundsOf(load, 'ws-ws')),
      };
    }),
  );
}

/** What a connection costs among many: CPU time per message, and opening one more. */
export async function measureGrowth(
  bench: Bench,
): Promise<{ readonly growth: readonly GrowthRow[]; readonly opening: readonly OpeningRow[] }> {
  const { plan, place, generator, say } = bench;
  const { warmUpMs, measureMs, growthConnections, opened, openedCompared } = plan;
  const candidates = [await startCandidate('pipe', place), await startCandidate('scf-ws', place)];
  const found = new Map<string, number[]>();
  for (let round = 0; round < plan.rounds; round++) {
    say(`growth, round ${round + 1} of ${plan.rounds}`);
    for (const connections of growthConnections) {
      for (const { name, port, pid } of turned(candidates, round)) {
        const load = { connections, inFlight: 1, payloadBytes: 64 };
        const { cpuUsPerMessage } = await generator.run({ port, pid, load, warmUpMs, measureMs });
        const key = `${name} ${connections}`;
        found.set(key, [...(found.get(key) ?? []), cpuUsPerMessage]);
      }
    }
  }
  const opening: OpeningRow[] = [];
  for (const { name, port } of candidates) {
    // The loads before have warmed it up.
    const { openMs } = await generator.openEach(port, opened);
    await generator.letGo();
    opening.push({
      candidate: name,
      firstMs: median(openMs.slice(0, openedCompared)),
      lastMs: median(openMs.slice(-openedCompared)),
    });
  }
  for (const candidate of candidates) await candidate.end();
  const growth = candidates.flatMap(({ name }) =>
    growthConnections.map(connections => {
      const rounds = found.get(`${name} ${connections}`) ?? [];
      return { candidate: name, connections, cpuUsPerMessage: median(rounds), rounds };
    }),
  );
  return { growth, opening };
}

/** Every round begins with another one. */
function turned<Item>(items: readonly Item[], by: number): readonly Item[] {
  const from = by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

function medianResult(rounds: readonly LoadResult[]): LoadResult {
  const of = (pick: (result: LoadResult) => number): number => median(rounds.map(pick));
  return {
    messages: of(({ messages }) => messages),
    perSecond: of(({ perSecond }) => perSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    cpuUsPerMessage: of(({ cpuUsPerMessage }) => cpuUsPerMessage),
    readsPerMessage: of(({ readsPerMessage }) => readsPerMessage),
    cpuShare: of(({ cpuShare }) => cpuShare),
    generatorShare: of(({ generatorShare }) => generatorShare),
  };
}

function ratio(rounds: readonly LoadResult[], others: readonly LoadResult[]): number | null {
  if (others.length === 0) return null;
  return median(
    rounds.map(({ cpuUsPerMessage }, i) => cpuUsPerMessage / (others[i]?.cpuUsPerMessage ?? Number.NaN)),
  );
}
