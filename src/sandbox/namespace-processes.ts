// Who lives in an instance's own process namespace. Linux's /proc, where every process of it can be seen.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { DIALER } from './mounts.ts';
import { processGroupOf } from './process-table.ts';

/** A namespace as bubblewrap tells it. */
export interface ProcessNamespace {
  /** This machine's number of its first process. With that, all of it ends. */
  readonly init: number;
  /** As `/proc/PID/ns/pid` has it. */
  readonly name: string;
}

/** From `--info-fd`; null when bubblewrap has ended before. */
export function readNamespace(json: string): ProcessNamespace | null {
  const [, init] = /"child-pid": (\d+)/.exec(json) ?? [];
  const [, inode] = /"pid-namespace": (\d+)/.exec(json) ?? [];
  return init === undefined || inode === undefined ? null : { init: Number(init), name: `pid:[${inode}]` };
}

/** Every process but bubblewrap's and ours, which all have the dialer in their arguments. */
export function functionProcesses({ name }: ProcessNamespace): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => Number.isInteger(pid) && readOr('', () => readlinkSync(`/proc/${pid}/ns/pid`)) === name)
    .filter(pid => processGroupOf(pid) !== null)
    .filter(pid => !commandOf(pid).includes(DIALER));
}

/** More than it takes to replace a process, whose command is empty meanwhile: it could be one of ours. */
const MAX_LOOKS = 500;

function commandOf(pid: number): string {
  let command = '';
  for (let look = 0; look < MAX_LOOKS && command === ''; look++) {
    command = readOr('gone', () => readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  }
  return command;
}

/** Its first process is a zombie only when all others are gone. */
export function isNamespaceAlive({ init }: ProcessNamespace): boolean {
  return processGroupOf(init) !== null;
}

/** A process may be gone by the time it is looked at. */
function readOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
