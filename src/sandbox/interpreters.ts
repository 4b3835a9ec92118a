// The interpreters that this machine has, found for the paths under /var/lang that a start file names.
import { execFile } from 'node:child_process';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CloudRuntime } from '../platforms/platform.ts';

export interface Interpreter {
  readonly path: string;
  /** As far as it tells, e.g. `20.20.2` or `3.11`. */
  readonly version: string;
}

/** How each language says which executable and version it is; the first that answers is taken. */
const PROBES: Readonly<
  Record<
    CloudRuntime['language'],
    { candidates: (version: string) => readonly string[]; args: readonly string[]; read: RegExp }
  >
> = {
  node: { candidates: () => ['node'], args: ['--version'], read: /v(?<version>[\d.]+)/ },
  python: {
    // A python from a version manager is a script that would start another one: ask for the real path.
    candidates: version => [`python${version}`, `python${version.split('.')[0]}`, 'python3'],
    args: [
      '-c',
      'import sys; print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.executable))',
    ],
    read: /^(?<version>[\d.]+) (?<path>.+)$/m,
  },
  php: { candidates: () => ['php'], args: ['--version'], read: /PHP (?<version>[\d.]+)/ },
  java: { candidates: () => ['java'], args: ['-version'], read: /version "(?:1\.)?(?<version>[\d.]+)/ },
  go: { candidates: () => ['go'], args: ['version'], read: /go(?<version>[\d.]+)/ },
};

/** The local interpreter nearest to what a cloud runtime promises, or null if there is none. */
export async function findInterpreter(
  runtime: CloudRuntime,
  searchPath: string,
): Promise<Interpreter | null> {
  const probe = PROBES[runtime.language];
  for (const name of probe.candidates(runtime.version)) {
    const path = await findOnPath(name, searchPath);
    if (path === null) continue;
    if (runtime.language === 'node' && (await isSameFile(path, process.execPath))) {
      return { path, version: process.versions.node };
    }
    const match = probe.read.exec(await outputOf(path, probe.args));
    if (match?.groups?.version !== undefined) {
      return { path: match.groups.path ?? path, version: match.groups.version };
    }
  }
  return null;
}

/** Is `version` what the runtime promises? `18` is kept by 18.3.1, `3.9` by 3.9, `3.9` not by 3.11. */
export function isPromisedVersion(runtime: CloudRuntime, version: string): boolean {
  return version === runtime.version || version.startsWith(`${runtime.version}.`);
}

export async function findOnPath(name: string, searchPath: string): Promise<string | null> {
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      // A folder can be "executed" too.
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not in this folder: the next may have it.
    }
  }
  return null;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  return (await realpath(a)) === (await realpath(b));
}

/** What it prints; an interpreter that fails to tell counts as none. */
function outputOf(path: string, args: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    execFile(path, args, { timeout: 10_000 }, (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`));
  });
}
