// What the system knows of processes: who bears an instance's mark, who descends from whom, how much memory
// they use. Linux's /proc; elsewhere it knows nothing, and says so with null.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const hasProc = existsSync('/proc/self/environ');

/**
 * The living processes that were started with the variable `name`, by its value; null where the system does not
 * tell. One look at all processes takes about a millisecond. A process that is just being forked or replaced can
 * escape one look.
 */
export function processesByMark(name: string): ReadonlyMap<string, readonly number[]> | null {
  const entries = hasProc ? listOrNull('/proc') : null;
  if (entries === null) return null;
  const start = Buffer.from(`\0${name}=`);
  const found = new Map<string, number[]>();
  for (const entry of entries) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    // A zombie's environment is empty, so what is dead does not count.
    const environment = readOrNull(`/proc/${pid}/environ`);
    if (environment === null || environment.length === 0) continue;
    const value = valueIn(start, environment);
    if (value === null) continue;
    const pids = found.get(value);
    if (pids === undefined) found.set(value, [pid]);
    else pids.push(pid);
  }
  return found;
}

/** `start` is the name as it stands between two variables: `\0NAME=`. */
function valueIn(start: Buffer, environment: Buffer): string | null {
  const isFirst = environment.subarray(0, start.length - 1).equals(start.subarray(1));
  const at = isFirst ? -1 : environment.indexOf(start);
  if (at === -1 && !isFirst) return null;
  const from = at + start.length;
  const end = environment.indexOf(0, from);
  return environment.toString('utf8', from, end === -1 ? undefined : end);
}

/** The process group of a living process, or null if it is dead or the system does not tell. */
export function processGroupOf(pid: number): number | null {
  const stat = readOrNull(`/proc/${pid}/stat`)?.toString() ?? '';
  // `pid (name) state parent group …`, where the name can have anything in it.
  const [, state = 'X', , group] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
  return state === 'Z' || state === 'X' ? null : Number(group);
}

/** Whether one of the group lives; a group of nothing but zombies is still a group to the system. */
export function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  const entries = hasProc ? listOrNull('/proc') : null;
  return entries === null || entries.some(pid => /^\d+$/.test(pid) && processGroupOf(Number(pid)) === group);
}

/** The process and all that the main threads of living parents have forked. */
function descendants(root: number): readonly number[] {
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

export interface TreeProcesses {
  /** Null: only those that are known by their mark are counted. */
  readonly root: number | null;
  /** Those of its processes that are known by their mark, since not every one can be found by its parents. */
  readonly others: readonly number[];
}

/**
 * The memory of a tree of processes, or null where the system does not tell. Pages of files (the interpreter's own,
 * mostly) are shared by the processes of a tree, as a container shares them, so only the largest such part counts.
 */
export function treeMemory({ root, others }: TreeProcesses): TreeMemory | null {
  if (!hasProc) return null;
  const pids = new Set([...(root === null ? [] : descendants(root)), ...others]);
  let ownBytes = 0;
  let fileBytes = 0;
  let peakBytes = 0;
  for (const pid of pids) {
    const status = readOrNull(`/proc/${pid}/status`)?.toString() ?? '';
    ownBytes += kilobytes(status, 'RssAnon') * 1024;
    fileBytes = Math.max(fileBytes, (kilobytes(status, 'RssFile') + kilobytes(status, 'RssShmem')) * 1024);
    peakBytes = Math.max(peakBytes, kilobytes(status, 'VmHWM') * 1024);
  }
  const usedBytes = ownBytes + fileBytes;
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

function listOrNull(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    // EMFILE, say: as good as a system that does not tell.
    return null;
  }
}
