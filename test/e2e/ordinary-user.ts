// The program as an ordinary user has it: an installed copy that everyone can read, run as `nobody`.
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the package consists of when it is installed, as far as `dev` needs it. */
const SHIPPED = ['bin', 'dist', 'src/sandbox/hooks', 'src/sandbox/inside', 'package.json'];

/** On Debian. */
const NOBODY = 65_534;

export interface OrdinaryUser {
  readonly uid: number;
  readonly program: string;
}

/** Null where only the one user is to be had. */
export function ordinaryUser(folder: string): OrdinaryUser | null {
  if (process.getuid?.() !== 0) return null;
  const copy = join(folder, 'installed');
  mkdirSync(join(copy, 'src/sandbox'), { recursive: true });
  const { packages }: { packages: Record<string, { dev?: boolean; optional?: boolean }> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  const dependencies = Object.keys(packages).filter(path => {
    const { dev = false, optional = false } = packages[path] ?? {};
    return path !== '' && !dev && !optional;
  });
  for (const path of [...SHIPPED, ...dependencies])
    cpSync(join(root, path), join(copy, path), { recursive: true });
  for (const path of [folder, copy]) chmodSync(path, 0o755);
  return { uid: NOBODY, program: join(copy, 'bin/scf-ws.js') };
}
