// Where this machine has what an instance did not find: for Node in the node_modules of folders above and of all
// users, for Python in the folders of each interpreter that a start file may run.
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CloudRuntime } from '../platforms/platform.ts';
import { findInterpreter, findOnPath } from '../sandbox/interpreters.ts';
import { runtimeFoldersIn } from '../sandbox/start-file.ts';

/** The node_modules of the folders above the code folder, nearest first. */
export function hoistedFolders(codeDir: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(resolve(codeDir)); ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules');
    if (existsSync(modules)) folders.push(modules);
    if (folder === dirname(folder)) return folders;
  }
}

/** Null if this machine has it nowhere that Node or npm would look. */
export async function nodeModuleOutside(
  name: string,
  { codeDir, searchPath }: { readonly codeDir: string; readonly searchPath: string },
): Promise<string | null> {
  const node = (await findOnPath('node', searchPath)) ?? process.execPath;
  const global = join(dirname(dirname(realpathSync(node))), 'lib/node_modules');
  const found = [...hoistedFolders(codeDir), global].map(folder => join(folder, name));
  return found.find(path => existsSync(path)) ?? null;
}

export interface PythonFolders {
  /** The interpreters that the start file may run. */
  readonly interpreters: readonly string[];
  /** Where they have packages outside of the code folder. */
  readonly sitePackages: readonly string[];
}

const SITE_PACKAGES =
  'import json, site; print(json.dumps(site.getsitepackages() + [site.getusersitepackages()]))';

export async function pythonFolders(
  text: string,
  on: {
    readonly codeDir: string;
    readonly runtimes: readonly CloudRuntime[];
    /** Of this machine, and of the cloud: a bare `python3` may be either's. */
    readonly searchPaths: readonly string[];
  },
): Promise<PythonFolders> {
  if (!/python|flask|uvicorn|gunicorn|hypercorn|daphne/.test(text))
    return { interpreters: [], sitePackages: [] };
  const [searchPath = ''] = on.searchPaths;
  const named = on.runtimes.filter(
    ({ folder, language }) => language === 'python' && runtimeFoldersIn(text).includes(folder),
  );
  const found = await Promise.all([
    ...named.map(async runtime => (await findInterpreter(runtime, searchPath))?.path ?? null),
    ...on.searchPaths.map(path => findOnPath('python3', path)),
  ]);
  const interpreters = [...new Set(found.filter(path => path !== null))];
  const folders = await Promise.all(interpreters.map(path => jsonOf(path, ['-c', SITE_PACKAGES])));
  const outside = folders
    .flat()
    .filter(folder => existsSync(folder))
    .map(folder => realpathSync(folder))
    .filter(folder => !folder.startsWith(`${on.codeDir}/`));
  return { interpreters, sitePackages: [...new Set(outside)] };
}

const WHERE = `
import importlib.util, json, sys
spec = importlib.util.find_spec(sys.argv[1].split(".")[0])
print(json.dumps([spec.origin or list(spec.submodule_search_locations or [""])[0]] if spec else []))
`;

/** Null if none of them has it. */
export async function pythonModuleOutside(
  name: string,
  interpreters: readonly string[],
): Promise<string | null> {
  const found = await Promise.all(interpreters.map(path => jsonOf(path, ['-c', WHERE, name])));
  return found.flat()[0]?.replace(/\/__init__\.py$/, '') ?? null;
}

/** A list of texts that a program prints; empty if it does not. */
function jsonOf(path: string, args: readonly string[]): Promise<readonly string[]> {
  return new Promise(done => {
    execFile(path, args, { timeout: 10_000, cwd: '/' }, (_error, stdout) => {
      try {
        const value: unknown = JSON.parse(stdout);
        done(Array.isArray(value) ? value.map(String) : []);
      } catch {
        // An interpreter that cannot tell has nothing to tell.
        done([]);
      }
    });
  });
}
