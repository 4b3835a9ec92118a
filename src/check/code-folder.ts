// The code folder as checks look at it: what is there under a path, whether it leads out, what stands in it.
import type { Stats } from 'node:fs';
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

export interface FileFact {
  /** `dangling`: a link to nothing. */
  readonly kind: 'file' | 'folder' | 'other' | 'dangling';
  /** The permission bits. */
  readonly mode: number;
  /** Where it really is, if that is outside of the code folder. */
  readonly outside: string | null;
}

/** Paths are relative to the code folder. */
export interface CodeFolder {
  look(path: string): FileFact | null;
  /** The names in a folder, sorted; none if there is no such folder. */
  list(path: string): readonly string[];
  /** Null: there is no such file, or it cannot be read. */
  text(path: string): string | null;
  /** The first bytes of a file. */
  head(path: string): Uint8Array | null;
}

const HEAD_BYTES = 64 * 1024;

export function codeFolder(dir: string): CodeFolder {
  const root = orNull(() => realpathSync(dir)) ?? resolve(dir);
  const at = (path: string): string => join(root, path);
  return {
    look: path => factOf(at(path), root),
    list: path => orNull(() => readdirSync(at(path)).sort()) ?? [],
    text: path => orNull(() => readFileSync(at(path), 'utf8')),
    head: path => orNull(() => headOf(at(path))),
  };
}

function factOf(path: string, root: string): FileFact | null {
  const link = orNull(() => lstatSync(path));
  if (link === null) return null;
  const stats = orNull(() => statSync(path));
  if (stats === null) {
    const target = orNull(() => resolve(dirname(path), readlinkSync(path))) ?? path;
    return { kind: 'dangling', mode: 0, outside: isWithin(root, target) ? null : target };
  }
  const real = orNull(() => realpathSync(path)) ?? path;
  return { kind: kindOf(stats), mode: stats.mode & 0o777, outside: isWithin(root, real) ? null : real };
}

function kindOf(stats: Stats): FileFact['kind'] {
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'folder' : 'other';
}

function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function headOf(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.subarray(0, readSync(fd, bytes, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

/** What cannot be read is as good as absent. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
