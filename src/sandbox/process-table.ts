// What the system knows of processes: who bears an instance's mark, who is in which namespace, who lives. Linux's
// /proc; elsewhere it knows nothing, and says so with null.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const hasProc = existsSync('/proc/self/environ');

/** One look at all processes, for many instances: each of the two ways to find theirs is gone once, when first needed. */
export class ProcessLook {
  #byMark: ReadonlyMap<string, readonly number[]> | null = null;
  #byNamespace: ReadonlyMap<string, readonly number[]> | null = null;

  marked(name: string, value: string): readonly number[] {
    this.#byMark ??= processesByMark(name) ?? new Map();
    return this.#byMark.get(value) ?? [];
  }

  /** `name` as `/proc/PID/ns/pid` has it. */
  inNamespace(name: string): readonly number[] {
    this.#byNamespace ??= processesByNamespace();
    return this.#byNamespace.get(name) ?? [];
  }
}

function processesByNamespace(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const entry of (hasProc ? listOrNull('/proc') : null) ?? []) {
    const pid = Number(entry);
    if (Number.isInteger(pid)) add(found, namespaceOf(pid), pid);
  }
  return found;
}

function add(found: Map<string, number[]>, key: string | null, pid: number): void {
  if (key === null) return;
  const pids = found.get(key);
  if (pids === undefined) found.set(key, [pid]);
  else pids.push(pid);
}

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
    add(found, valueIn(start, environment), pid);
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

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // Gone, a zombie, or another user's.
    return null;
  }
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
