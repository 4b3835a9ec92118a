// A program of the tests together with a driver's module, built into a folder that every user can read: for runs as
// another user, or in another network.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `program` is a file beside this one. Returns the words that run it; the driver's module is its first argument. */
export async function builtProgram(program: string, parent: string): Promise<readonly string[]> {
  const copy = mkdtempSync(join(parent, 'built-'));
  const input = { program: at(program), driver: at('create-namespace-driver.ts') };
  await build({
    configFile: false,
    logLevel: 'error',
    root: copy,
    build: { ssr: true, outDir: join(copy, 'dist/sandbox'), rolldownOptions: { input } },
  });
  cpSync(at('../../src/sandbox/inside'), join(copy, 'src/sandbox/inside'), { recursive: true });
  execFileSync('chmod', ['-R', 'a+rX', copy]);
  const files = ['program', 'driver'].map(name =>
    join(
      copy,
      'dist/sandbox',
      readdirSync(join(copy, 'dist/sandbox')).find(file => file.startsWith(`${name}.`)) ?? '',
    ),
  );
  return [process.execPath, ...files];
}

/** Words for a shell. */
export function quoted(words: readonly string[]): string {
  return words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}
