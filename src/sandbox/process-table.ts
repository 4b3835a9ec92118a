// What the system knows of processes: who bears an instance's mark, who descends from whom, how much memory
// they use. Linux's /proc; elsewhere it knows nothing, and says so with null.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const hasProc = existsSync('/proc/self/environ');

/** The processes that have `mark` (`NAME=value`) in their environment, or null where the system does not tell. */
export function processesMarked(mark: string): readonly number[] | null {
  if (!hasProc) return null;
  const marked: number[] = [];
  const bytes = Buffer.from(mark);
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    // A zombie's environment is empty, so what is dead does not count.
    if (readOrNull(`/proc/${pid}/environ`)?.includes(bytes)) marked.push(pid);
  }
  return marked;
}

/** The process and all that descend from it through living parents. */
function processTree(root: number): readonly number[] {
  const pids = [root];
  for (const pid of pids) {
    const children = readOrNull(`/proc/${pid}/task/${pid}/children`)?.toString() ?? '';
    for (const child of children.split(' ')) {
      if (child !== '') pids.push(Number(child));
    }
  }
  return pids;
}

export interface TreeMemory {
  /** What the tree uses now. */
  readonly usedBytes: number;
  /** The most that can be known to have been used at once: also what a single process used between two looks. */
  readonly peakBytes: number;
}

/**
 * The memory of a process and its descendants, or null where the system does not tell. Resident sets are added
 * up; if that comes to more than `carefulAboveBytes`, pages shared between processes are counted once.
 */
export function treeMemory(root: number, carefulAboveBytes: number): TreeMemory | null {
  if (!hasProc) return null;
  const pids = processTree(root);
  let usedBytes = 0;
  let peakBytes = 0;
  for (const pid of pids) {
    const status = readOrNull(`/proc/${pid}/status`)?.toString() ?? '';
    usedBytes += kilobytes(status, 'VmRSS') * 1024;
    peakBytes = Math.max(peakBytes, kilobytes(status, 'VmHWM') * 1024);
  }
  if (usedBytes > carefulAboveBytes && pids.length > 1) {
    usedBytes = 0;
    for (const pid of pids) {
      usedBytes += kilobytes(readOrNull(`/proc/${pid}/smaps_rollup`)?.toString() ?? '', 'Pss') * 1024;
    }
  }
  return usedBytes === 0 ? null : { usedBytes, peakBytes: Math.max(usedBytes, peakBytes) };
}

function kilobytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** A process may be gone, or another user's, by the time its file is read. */
function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
