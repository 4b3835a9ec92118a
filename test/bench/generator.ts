// The load generator, a process of its own: raw sockets, frames made beforehand, echoes counted by their headers and
// compared in length; the first of each connection byte by byte. It reads the CPU time of the process under test
// itself, at the same moments at which it begins and ends counting.
import { once } from 'node:events';
import type {
  GeneratorReply,
  GeneratorRequest,
  LoadResult,
  LoadSpec,
  OpenResult,
} from './generator-words.ts';
import { cpuMs, readCalls } from './proc.ts';
import { TestConnection } from './test-connection.ts';
import { framePair } from './wire.ts';

/** How many handshakes are under way at once while many connections are opened. */
const OPENING_AT_ONCE = 32;

/** Latencies beyond this many are not kept; the rates still count them. */
const MAX_LATENCIES = 4_000_000;

let held: TestConnection[] = [];

async function openMany(port: number, count: number): Promise<TestConnection[]> {
  const opened: TestConnection[] = [];
  const openNext = async (): Promise<void> => {
    while (opened.length < count) {
      const connection = new TestConnection(port);
      opened.push(connection);
      await connection.opened;
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, OPENING_AT_ONCE) }, openNext));
  return opened;
}

async function run({ port, pid, load, warmUpMs, measureMs }: LoadSpec): Promise<LoadResult> {
  const { connections, inFlight, payloadBytes } = load;
  const frames = framePair(payloadBytes);
  const opened = await openMany(port, connections);
  const latencies = new Float64Array(Math.min(MAX_LATENCIES, Math.ceil(measureMs * 400) + 10_000));
  let isStopping = false;
  let messages = 0;
  for (const connection of opened) {
    connection.begin(frames, {
      inFlight,
      onEcho: latencyMs => {
        if (messages < latencies.length) latencies[messages] = latencyMs;
        messages++;
        return !isStopping;
      },
    });
  }
  await passed(warmUpMs);
  const before = { cpu: cpuMs(pid), own: process.cpuUsage(), reads: readCalls(pid), at: performance.now() };
  messages = 0;
  await passed(measureMs);
  const cpu = cpuMs(pid) - before.cpu;
  const reads = readCalls(pid) - before.reads;
  const seconds = (performance.now() - before.at) / 1000;
  const own = process.cpuUsage(before.own);
  const counted = messages;
  const sorted = latencies.slice(0, Math.min(counted, latencies.length)).sort();
  isStopping = true;
  await Promise.all(opened.map(connection => connection.idle()));
  for (const connection of opened) connection.cut();
  await Promise.all(opened.map(connection => connection.gone));
  return {
    messages: counted,
    perSecond: counted / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    cpuUsPerMessage: (cpu * 1000) / counted,
    readsPerMessage: reads / counted,
    cpuShare: cpu / 1000 / seconds,
    generatorShare: (own.user + own.system) / 1e6 / seconds,
  };
}

/** One after the other: how long each took from its connect to its 101. */
async function openEach(port: number, count: number): Promise<OpenResult> {
  const openMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    const connection = new TestConnection(port);
    held.push(connection);
    await connection.opened;
    openMs.push(performance.now() - from);
  }
  return { openMs };
}

/** All at once: when the last was open. */
async function openBurst(port: number, count: number): Promise<OpenResult> {
  const from = performance.now();
  const openMs = await Promise.all(
    Array.from({ length: count }, async () => {
      const connection = new TestConnection(port);
      held.push(connection);
      await connection.opened;
      return performance.now() - from;
    }),
  );
  return { openMs };
}

async function perform(request: GeneratorRequest): Promise<LoadResult | OpenResult | null> {
  switch (request.do) {
    case 'run':
      return run(request.spec);
    case 'hold':
      held.push(...(await openMany(request.port, request.count)));
      return null;
    case 'open-each':
      return openEach(request.port, request.count);
    case 'open-burst':
      return openBurst(request.port, request.count);
    case 'let-go': {
      const connections = held;
      held = [];
      for (const connection of connections) connection.cut();
      await Promise.all(connections.map(connection => connection.gone));
      return null;
    }
  }
}

function passed(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function reply(message: GeneratorReply): void {
  process.send?.(message);
}

process.on('message', (request: GeneratorRequest) => {
  perform(request).then(
    result => reply({ result }),
    (error: Error) => reply({ error: error.stack ?? String(error) }),
  );
});

await once(process, 'disconnect');
process.exit();
