// Around the whole suite: all its temporary files are in one folder, which goes at the end, and whatever the
// program has left behind by then (processes, namespaces, mounts, folders) fails the run.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Leftover } from './leftovers.ts';
import { mounts, processesThatKnow } from './leftovers.ts';

/** A guardian, or a function that is being killed, may take a moment; nothing here waits for it unless it must. */
const LOOKS = 100;
const LOOK_PAUSE_MS = 100;

/** Named by vitest; returns what to do when all tests have ended. */
export function setup(): () => Promise<void> {
  const callersTmpdir = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'scf-ws-tests-'));
  // Some tests run the program as another user.
  chmodSync(folder, 0o755);
  const mountsBefore = new Set(mounts());
  process.env.TMPDIR = folder;

  return async () => {
    let leaks: readonly string[] = [];
    for (let look = 0; look < LOOKS; look++) {
      leaks = [...leftProcesses(folder), ...leftMounts(mountsBefore, folder), ...leftFolders(folder)];
      if (leaks.length === 0) break;
      await delay(LOOK_PAUSE_MS);
    }
    if (callersTmpdir === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = callersTmpdir;
    rmSync(folder, { recursive: true, force: true });
    if (leaks.length === 0) return;
    // By itself an error in here is only printed.
    process.exitCode = 1;
    throw new Error(`The tests have left behind:\n${leaks.join('\n')}`);
  };
}

/** With a process goes every namespace that it is in, so one of those cannot be left alone. */
function leftProcesses(folder: string): readonly string[] {
  return processesThatKnow(basename(folder))
    .filter(left => !isVitest(left))
    .map(({ pid, command }) => `process ${pid}: ${command}`);
}

function leftMounts(before: ReadonlySet<string>, folder: string): readonly string[] {
  return mounts()
    .filter(mount => !before.has(mount) && mount.includes(basename(folder)))
    .map(mount => `mount ${mount}`);
}

/** The program's own folders are called `scf-ws-` and six characters. */
function leftFolders(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(({ name }) => /^scf-ws-\w{6}$/.test(name))
    .map(({ parentPath, name }) => `folder ${join(parentPath, name)}`);
}

/** Those that run the tests, and end after this. */
function isVitest({ pid, command }: Leftover): boolean {
  return pid === process.pid || /\bvitest\b/.test(command);
}
