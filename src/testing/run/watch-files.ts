// Sees which files of some folders change, between runs and during one. It looks again and again: a watch on a folder would end
// with it, when a branch is switched, say.
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { isIgnored } from './find-scenarios.ts';

/** Path → what tells one content from another. */
export type Snapshot = ReadonlyMap<string, string>;

const LOOK_EVERY_MS = 300;
/** A look at many files takes its time; most of the time is for other programs. */
const REST_PER_LOOK = 10;

/** `roots` are files and folders; one that is missing may come later. */
export function takeSnapshot(roots: Iterable<string>): Snapshot {
  const snapshot = new Map<string, string>();
  const visit = (path: string, isRoot: boolean): void => {
    if (snapshot.has(path)) return;
    try {
      // A link within a folder may lead in a circle, so what it leads to is not looked at.
      const stats = isRoot ? statSync(path) : lstatSync(path);
      snapshot.set(path, stats.isDirectory() ? 'folder' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`);
      if (!stats.isDirectory()) return;
      for (const name of readdirSync(path)) if (!isIgnored(name)) visit(join(path, name), false);
    } catch {
      // Gone since its folder was read, or unreadable: then there is nothing to compare.
    }
  };
  for (const root of roots) visit(root, true);
  return snapshot;
}

export function changedFiles(before: Snapshot, after: Snapshot): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter(path => before.get(path) !== after.get(path)).sort();
}

/**
 * Resolves with what has changed since `before`, as soon as two looks agree on it: an editor may be between its steps.
 * With nothing once `signal` is aborted.
 */
export async function nextChange(
  before: Snapshot,
  { roots, ...waiting }: Waiting & { readonly roots: readonly string[] },
): Promise<readonly string[]> {
  const { clock, signal } = waiting;
  let seen = before;
  let restMs = LOOK_EVERY_MS;
  for (;;) {
    await pause(restMs, waiting);
    if (signal.aborted) return [];
    const startedAt = clock.now();
    const now = takeSnapshot(roots);
    restMs = Math.max(LOOK_EVERY_MS, (clock.now() - startedAt) * REST_PER_LOOK);
    const isSettled = changedFiles(seen, now).length === 0;
    seen = now;
    const changed = changedFiles(before, now);
    if (isSettled && changed.length > 0) return changed;
  }
}

interface Waiting {
  readonly clock: Clock;
  /** Ends the wait when it is aborted. */
  readonly signal: AbortSignal;
}

function pause(ms: number, { clock, signal }: Waiting): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      wake.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const wake = clock.wakeAt(clock.now() + ms, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/**
 * What of the changes during a run is a reason to run again. A function that writes files would otherwise make each run the
 * cause of the next: what changed during two runs in a row was written by them.
 */
export function editedDuring(
  changed: readonly string[],
  changedInLastRun: readonly string[],
): readonly string[] {
  return changed.filter(path => !changedInLastRun.includes(path));
}
