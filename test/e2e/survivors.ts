// What still runs by or for a run of the program.
import { readdirSync, readFileSync } from 'node:fs';

/** The pids of what has `mark` in its environment: instances inherit TMPDIR, so a folder of a test's own marks them. */
export function survivorsWith(mark: string): readonly number[] {
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/environ`).includes(Buffer.from(mark)) ? [Number(name)] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
