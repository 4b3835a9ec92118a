// What an idle connection takes of each candidate's memory, in a process that has had no other load.
import { startCandidate } from './candidates.ts';
import type { Bench } from './measure-loads.ts';
import { memoryBytes, mostConnections } from './proc.ts';
import type { MemoryRow } from './results.ts';

/** Opened and closed beforehand: what is loaded with the first connection belongs to none. */
const WARM_UP_CONNECTIONS = 20;

export async function measureMemory(bench: Bench): Promise<readonly MemoryRow[]> {
  const { plan, place, generator, names, say } = bench;
  const rows: MemoryRow[] = [];
  for (const name of names) {
    // It would be the echo server's own.
    if (name === 'direct') continue;
    say(`memory of ${name}`);
    const candidate = await startCandidate(name, place);
    const { port, pid } = candidate;
    await generator.hold(port, WARM_UP_CONNECTIONS);
    await generator.letGo();
    await passed(plan.settleMs);
    const before = memoryBytes(pid);
    let held = 0;
    for (const wanted of plan.idleConnections) {
      const connections = Math.min(wanted, mostConnections());
      await generator.hold(port, connections - held);
      held = connections;
      await passed(plan.settleMs);
      const bytesPerConnection = (memoryBytes(pid) - before) / connections;
      const isLast = wanted === plan.idleConnections.at(-1);
      if (isLast) await passed(plan.laterMs);
      const laterBytesPerConnection = isLast ? (memoryBytes(pid) - before) / connections : null;
      rows.push({ candidate: name, connections, bytesPerConnection, laterBytesPerConnection });
    }
    await generator.letGo();
    await candidate.end();
  }
  return rows;
}

function passed(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
