// A tiny process of its own that outlives the emulator for a moment: whatever way the emulator ends, SIGKILL
// included, it ends every process of every instance and removes the temporary folder.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';

/** Every process of an instance has this in its environment. */
export const MARK = 'SCF_WS_MARK';

/** Its value: names the emulator and the instance. */
export function markOf(emulatorId: string, instanceId: string): string {
  return `${emulatorId}/${instanceId}`;
}

/**
 * Learns process groups on its standard input; its end is the emulator's end. Processes that have left their
 * group are found by the mark, where there is /proc. The rounds are for processes that are being forked just then.
 */
const SCRIPT = `
groups=" "
while read -r verb group; do
  case $verb in
    watch) groups="$groups$group " ;;
    quit) rm -rf "$FOLDER"; exit 0 ;;
    forget) case "$groups" in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for round in 1 2 3; do
  for group in $groups; do kill -9 -"$group"; done
  for file in $(grep -lsF "$MARK=$EMULATOR/" /proc/[0-9]*/environ); do
    pid="\${file#/proc/}"
    kill -9 "\${pid%/environ}"
  done
  [ "$round" = 3 ] || sleep 0.1
done
rm -rf "$FOLDER"
`;

export class Guardian {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #folder: string;

  /** `folder` is removed at the end. */
  constructor({ emulatorId, folder }: { readonly emulatorId: string; readonly folder: string }) {
    this.#folder = folder;
    this.#process = spawn('/bin/sh', ['-c', SCRIPT], {
      // In a session of its own, so that Ctrl-C and the end of the terminal pass it by.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      // In two parts, so that its own environment does not bear the mark.
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        MARK,
        EMULATOR: emulatorId,
        FOLDER: folder,
      },
    });
    this.#exited = new Promise(resolve => {
      this.#process.once('exit', () => resolve());
      this.#process.on('error', () => resolve());
    });
    // Should it be gone, writing to it must not end the emulator.
    this.#process.stdin?.on('error', () => {});
    // It waits for the emulator, not the emulator for it.
    this.#process.unref();
    if (this.#process.stdin instanceof Socket) this.#process.stdin.unref();
  }

  watch(processGroup: number): void {
    this.#process.stdin?.write(`watch ${processGroup}\n`);
  }

  forget(processGroup: number): void {
    this.#process.stdin?.write(`forget ${processGroup}\n`);
  }

  /** Every instance is gone: it only tidies up. Resolves when it has ended. */
  async close(): Promise<void> {
    this.#process.ref();
    this.#process.stdin?.end('quit\n');
    await this.#exited;
    // Should someone have ended it before.
    await rm(this.#folder, { recursive: true, force: true });
  }
}
