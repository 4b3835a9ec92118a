// The memory of one instance: what its processes use now, and the most that they have used at once. Linux's /proc;
// elsewhere it knows nothing, and says so with null. A look at a known process takes some 30 microseconds.
import { readFileSync } from 'node:fs';

/** What one process has in memory. */
interface ProcessMemory {
  /** Its own pages, which it can share only with processes that were forked from it, or it from them. */
  readonly ownBytes: number;
  /** The part of them that is meant to be shared. */
  readonly sharedMemoryBytes: number;
  /** Pages of files: the interpreter's, mostly. */
  readonly fileBytes: number;
  /** The most that it ever had. */
  readonly highBytes: number;
}

/** Below this, what a process may share is not worth the walk through its page tables. */
const WORTH_A_WALK_BYTES = 4 * 1024 ** 2;

/** What is shared is measured anew when there is so much more to share. */
const GROWTH_WORTH_A_WALK = 1.05;

export class TreeMemory {
  #processes: ReadonlyMap<number, ProcessMemory> = new Map();
  #peakBytes: number | null = null;
  /** What was shared when it was last measured, and among how much of how many. */
  #shared = { bytes: 0, ofBytes: 0, ofProcesses: 0 };

  /** The most that can be known to have been used at once: also what a process used between two looks. */
  get peakBytes(): number | null {
    return this.#peakBytes;
  }

  get processCount(): number {
    return this.#processes.size;
  }

  /**
   * What the tree uses now, or null where that cannot be told. `found` are its processes; null: those of the last
   * look, and what they have started since. Pages that are in several processes count once, as for a container: of
   * pages of files that is the largest part that one process has.
   */
  measure(found: readonly number[] | null): number | null {
    const before = this.#processes;
    this.#processes = readAll(found ?? [...before.keys()]);
    const all = [...this.#processes.values()];
    const sharedBytes = this.#sharedBytes(found !== null);
    if (sharedBytes === null) return null;
    const ownBytes = sum(all.map(process => process.ownBytes)) - sharedBytes;
    const usedBytes = ownBytes + Math.max(0, ...all.map(process => process.fileBytes));
    if (usedBytes === 0) return null;
    const spikes = [...this.#processes.keys()].map(pid => this.#spikeOf(pid, before, sharedBytes));
    this.#peakBytes = Math.max(this.#peakBytes ?? 0, usedBytes, ...spikes);
    return usedBytes;
  }

  /** What a process had at once with the others if it had more since the last look than it has now. */
  #spikeOf(pid: number, before: ReadonlyMap<number, ProcessMemory>, sharedBytes: number): number {
    const highBytes = this.#processes.get(pid)?.highBytes ?? 0;
    if (highBytes <= (before.get(pid)?.highBytes ?? 0)) return 0;
    const others = [...this.#processes].filter(([other]) => other !== pid);
    const ownBytes = others.map(([other, now]) => Math.min(now.ownBytes, before.get(other)?.ownBytes ?? 0));
    return highBytes + Math.max(0, sum(ownBytes) - sharedBytes);
  }

  /** What the sum of the processes' own pages counts more than once; null when one ended while it was measured. */
  #sharedBytes(isDue: boolean): number | null {
    const large = [...this.#processes].filter(([, { ownBytes }]) => ownBytes > WORTH_A_WALK_BYTES);
    if (large.length < 2) return 0;
    const ofBytes = sum(large.map(([, { ownBytes }]) => ownBytes));
    const last = this.#shared;
    const hasGrown = ofBytes > last.ofBytes * GROWTH_WORTH_A_WALK + WORTH_A_WALK_BYTES;
    if (isDue || hasGrown || large.length !== last.ofProcesses) {
      const bytes = sum(large.map(([pid, process]) => sharedBytesOf(pid, process)));
      // Its pages would count for it, and in full for those it shared them with too.
      if (large.some(([pid]) => isGone(pid))) return null;
      this.#shared = { bytes, ofBytes, ofProcesses: large.length };
    }
    return this.#shared.bytes;
  }
}

/** The processes and all that the main threads of living ones have forked; those that are gone are left out. */
function readAll(pids: readonly number[]): ReadonlyMap<number, ProcessMemory> {
  const queue = [...pids];
  const processes = new Map<number, ProcessMemory>();
  for (const pid of queue) {
    if (processes.has(pid)) continue;
    const status = readOrEmpty(`/proc/${pid}/status`);
    const anonymousBytes = bytesOf('RssAnon', status);
    // A zombie has none; its children are those of another process.
    if (anonymousBytes === null) continue;
    const sharedMemoryBytes = bytesOf('RssShmem', status) ?? 0;
    processes.set(pid, {
      // What the machine has swapped out would be in the memory of a platform that has no swap.
      ownBytes: anonymousBytes + (bytesOf('VmSwap', status) ?? 0) + sharedMemoryBytes,
      sharedMemoryBytes,
      fileBytes: bytesOf('RssFile', status) ?? 0,
      highBytes: bytesOf('VmHWM', status) ?? 0,
    });
    for (const child of readOrEmpty(`/proc/${pid}/task/${pid}/children`).split(' ')) {
      if (child !== '') queue.push(Number(child));
    }
  }
  return processes;
}

/**
 * The part of its own pages that is others' as well: of what n processes have, each counts the n-th part. Figures of
 * one instant, so that what is freed or forked between two looks does not pass for shared. Old kernels do not tell.
 */
function sharedBytesOf(pid: number, { sharedMemoryBytes }: ProcessMemory): number {
  const rollup = readOrEmpty(`/proc/${pid}/smaps_rollup`);
  const [anonymous, anonymousPart] = [bytesOf('Anonymous', rollup), bytesOf('Pss_Anon', rollup)];
  if (anonymous === null || anonymousPart === null) return 0;
  const swapped = (bytesOf('Swap', rollup) ?? 0) - (bytesOf('SwapPss', rollup) ?? 0);
  const memory = Math.max(0, sharedMemoryBytes - (bytesOf('Pss_Shmem', rollup) ?? 0));
  return anonymous - anonymousPart + swapped + memory;
}

function isGone(pid: number): boolean {
  return bytesOf('RssAnon', readOrEmpty(`/proc/${pid}/status`)) === null;
}

function bytesOf(field: string, text: string): number | null {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A process may be gone, or another user's, by the time its file is read. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
