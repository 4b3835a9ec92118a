// What a run has found, as it is written as JSON. All times in ms, memory in bytes.
import type { CandidateName } from './candidates.ts';
import type { LoadResult } from './generator-words.ts';
import type { LoadName, Part } from './plan.ts';

export interface LoadRow {
  readonly load: LoadName;
  readonly candidate: CandidateName;
  /** Each figure's own median over the rounds. */
  readonly median: LoadResult;
  readonly rounds: readonly LoadResult[];
  /** To the bare pipe, of CPU time per message: the median of each round's own ratio. */
  readonly cpuToPipe: number | null;
  readonly cpuToWs: number | null;
}

export interface MemoryRow {
  readonly candidate: CandidateName;
  readonly connections: number;
  readonly bytesPerConnection: number;
  /** The same connections, having idled on; only at the last number. */
  readonly laterBytesPerConnection: number | null;
}

export interface StartRow {
  readonly what: StartName;
  readonly medianMs: number;
  readonly rounds: readonly number[];
}

export type StartName =
  | 'node -e 0'
  | 'scf-ws --version'
  | 'scf-ws dev, to its URL'
  | 'the app by itself, to its listening'
  | 'cold start: connect to open'
  | 'cold start: the first of a run'
  | 'provisioned: connect to open';

export interface GrowthRow {
  readonly candidate: CandidateName;
  readonly connections: number;
  readonly cpuUsPerMessage: number;
  readonly rounds: readonly number[];
}

export interface OpeningRow {
  readonly candidate: CandidateName;
  /** Medians of the connections around the first and the last. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface BurstRow {
  readonly what: 'the apps by themselves' | 'connections of scf-ws';
  readonly instances: number;
  readonly medianMs: number;
  readonly rounds: readonly number[];
}

export interface Results {
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly quick: boolean;
  readonly parts: readonly Part[];
  readonly skipped: readonly CandidateName[];
  readonly loads: readonly LoadRow[];
  readonly memory: readonly MemoryRow[];
  readonly starts: readonly StartRow[];
  readonly growth: readonly GrowthRow[];
  readonly opening: readonly OpeningRow[];
  readonly burst: readonly BurstRow[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
