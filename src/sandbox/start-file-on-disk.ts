// Reads the start file of a code folder as it is now.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxExit } from '../core/end-cause.ts';
import { notStarted, WORDING } from './not-started.ts';
import type { StartFile } from './start-file.ts';

/** The start file, or the exit that its absence comes to. */
export async function readStartFile(
  codeDir: string,
  name: string,
): Promise<{ readonly file: StartFile } | { readonly exit: SandboxExit }> {
  const path = join(codeDir, name);
  try {
    const [bytes, { mode }] = await Promise.all([readFile(path), stat(path)]);
    return { file: { name, bytes, isExecutable: (mode & 0o111) !== 0 } };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      return { exit: notStarted(error as NodeJS.ErrnoException, name) };
    }
    const message = WORDING.noSuchFile(name);
    return { exit: { kind: 'not-started', message, advice: `Put the start file ${name} into ${codeDir}` } };
  }
}
