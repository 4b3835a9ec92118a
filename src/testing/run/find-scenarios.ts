// Files and folders that a user names → the scenario files to read, in a stable order.
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { ScfWsError } from '../../errors.ts';

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** As the user would name it. */
  readonly file: string;
}

/** In a folder these are found; a file that is named may have any name. */
const SCENARIO_FILE = /\.scenario\.ya?ml$/;

/** Throws a `ScfWsError` for a path that does not exist, and if there is no scenario file at all. */
export async function findScenarioFiles(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found = new Set<string>();
  for (const path of paths) {
    for (const each of await filesAt(path)) found.add(each);
  }
  if (found.size === 0) {
    throw new ScfWsError(
      'ERR_NOT_FOUND',
      `Cannot find a scenario in ${paths.map(shown).join(', ')}: no file there ends in .scenario.yaml`,
      { hint: 'Name a file or a folder, or write a first one such as hello.scenario.yaml' },
    );
  }
  // By code unit, so that every machine has the same order, whatever its language.
  return [...found].sort().map(path => ({ path, file: shown(path) }));
}

async function filesAt(named: string): Promise<readonly string[]> {
  const path = resolve(named);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
    const why = isMissing ? 'there is no such file or folder' : error.message;
    throw new ScfWsError('ERR_NOT_FOUND', `Cannot open ${named}: ${why}`, {
      hint: 'Name scenario files, or folders that have some',
    });
  });
  return stats.isDirectory() ? filesBelow(path) : [path];
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: Error) => {
    throw new ScfWsError('ERR_NOT_FOUND', `Cannot look into ${shown(dir)}: ${error.message}`, {
      hint: 'Make it readable, or name other folders',
    });
  });
  const found = await Promise.all(
    entries.map(async entry => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return isIgnored(entry.name) ? [] : filesBelow(path);
      return SCENARIO_FILE.test(entry.name) ? [path] : [];
    }),
  );
  return found.flat();
}

/** Folders that hold no work of the user's own; a symbolic link is not followed, as it may lead in a circle. */
export function isIgnored(folderName: string): boolean {
  return folderName === 'node_modules' || folderName === '__pycache__' || folderName.startsWith('.');
}

/** Relative where the user is inside of it, else as it is. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), resolve(path));
  const isInside = !fromHere.startsWith('..') && !isAbsolute(fromHere);
  return isInside ? fromHere || '.' : path;
}
