// Who lives in an instance's own process namespace. Linux's /proc, where every process of it can be seen.
import { readFileSync } from 'node:fs';
import { DIALER } from './mounts.ts';
import { ProcessLook, processGroupOf } from './process-table.ts';

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
export function functionProcesses(
  { name }: ProcessNamespace,
  look: ProcessLook = new ProcessLook(),
): readonly number[] {
  return look
    .inNamespace(name)
    .filter(pid => processGroupOf(pid) !== null)
    .filter(pid => !commandOf(pid).includes(DIALER));
}

/** More than it takes to replace a process, whose command is empty meanwhile: it could be one of ours. */
const MAX_LOOKS = 500;

function commandOf(pid: number): string {
  let command = '';
  for (let look = 0; look < MAX_LOOKS && command === ''; look++) {
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    } catch {
      // It is gone.
      break;
    }
  }
  return command;
}

/** Its first process is a zombie only when all others are gone. */
export function isNamespaceAlive({ init }: ProcessNamespace): boolean {
  return processGroupOf(init) !== null;
}
