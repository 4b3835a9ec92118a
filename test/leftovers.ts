// Looks for what a run of the program may leave behind: processes, and with them namespaces and mounts.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A living process that knows of a folder. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * The living processes that have the folder's name in their environment, in their arguments, as where they are, or
 * among their mounts: a process in a sandbox of bubblewrap's has nothing of it but the mounts.
 */
export function processesThatKnow(folderName: string): readonly Leftover[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .filter(pid => knows(pid, folderName))
    .map(pid => ({ pid, command: textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }));
}

/** The mounts of this machine, without those of other mount namespaces. */
export function mounts(): readonly string[] {
  return textOf('/proc/self/mountinfo').split('\n');
}

function knows(pid: number, text: string): boolean {
  const files = ['environ', 'cmdline', 'mountinfo'].map(name => textOf(`/proc/${pid}/${name}`));
  return [...files, workingFolder(pid)].some(file => file.includes(text));
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** A process may be gone by the time its file is read; a zombie's files are empty. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
