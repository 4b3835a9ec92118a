// The package as a whole: how large it is, what fills it, which compiled Python modules are in it. Reads folders and
// sizes, never contents, and follows no link.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSize } from '../core/units.ts';
import type { CloudRuntime, Platform } from '../platforms/platform.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';

export interface PackageFacts {
  readonly bytes: number;
  readonly files: number;
  /** What is at its top, largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  /** Paths of modules that name the Python they are for. */
  readonly pythonModules: readonly string[];
}

interface Tally {
  files: number;
  readonly pythonModules: string[];
}

export async function packageFacts(dir: string): Promise<PackageFacts> {
  const tally: Tally = { files: 0, pythonModules: [] };
  const parts = await Promise.all(
    (await namesIn(dir)).map(async name => ({ name, bytes: await bytesOf(dir, name, tally) })),
  );
  parts.sort((a, b) => b.bytes - a.bytes);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { bytes, files: tally.files, parts, pythonModules: tally.pythonModules.sort() };
}

async function bytesOf(root: string, path: string, tally: Tally): Promise<number> {
  const stats = await lstat(join(root, path)).catch(() => null);
  // It has gone meanwhile.
  if (stats === null) return 0;
  if (stats.isDirectory()) {
    const names = await namesIn(join(root, path));
    const sizes = await Promise.all(names.map(name => bytesOf(root, join(path, name), tally)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  tally.files++;
  if (/\.cpython-\d+[\w-]*\.so$/.test(path)) tally.pythonModules.push(path);
  return stats.size;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

export function sizeFindings({ bytes, parts }: PackageFacts, platform: Platform): readonly Finding[] {
  const { value: limit } = platform.packageBytes;
  if (bytes <= limit) return [];
  const [largest] = parts;
  const named = parts.slice(0, 3).map(part => `${part.name} ${formatSize(part.bytes)}`);
  return [
    finding({
      id: 'package-size',
      level: 'error',
      message: `The package has ${formatSize(bytes)} (${named.join(', ')})`,
      why: `The platform takes at most ${formatSize(limit)}, so it cannot be deployed`,
      statusCode: null,
      remedy: `Leave out what is not needed to run, in ${largest?.name ?? 'it'} first; large data belongs into object storage`,
    }),
  ];
}

/** `runtime`: the one Python below /var/lang that the start file runs. */
export function pythonModuleFindings(
  { pythonModules }: PackageFacts,
  runtime: CloudRuntime,
  platform: Platform,
): readonly Finding[] {
  const wanted = `cpython-${runtime.version.replace('.', '')}`;
  const fits = (path: string): boolean =>
    path.includes(`.${wanted}-x86_64-linux`) || path.includes(`.${wanted}m-x86_64-linux`);
  const packaged = pythonModules.filter(path => !/(?:^|\/)\.?v?env\//.test(path));
  const served = new Set(packaged.filter(fits).map(nameOf));
  const unfit = packaged.filter(path => !served.has(nameOf(path)));
  const [first] = unfit;
  if (first === undefined) return [];
  const count = unfit.length === 1 ? 'A compiled module is' : `${unfit.length} compiled modules are`;
  return [
    finding({
      id: 'binary-module',
      level: 'warning',
      file: first,
      message: `${count} for another Python than ${runtime.version} on Linux and ${platform.processor.value}, which the start file runs`,
      why: 'Importing one fails with ImportError or ModuleNotFoundError, before anything listens',
      statusCode: platform.status.byCause['start-failed'].value,
      remedy: `python3 -m pip install -r requirements.txt -t . --upgrade --only-binary=:all: --platform manylinux2014_x86_64 --python-version ${runtime.version}`,
    }),
  ];
}

function nameOf(path: string): string {
  return path.replace(/\.cpython-.*$/, '');
}
