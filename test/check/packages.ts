// Packages of code for checks, each in a temporary folder of its own, and the check of one.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CheckOptions, FunctionReport } from '../../src/check/check-function.ts';
import { checkFunction } from '../../src/check/check-function.ts';
import { createClock } from '../../src/clock.ts';
import { defaultConfig } from '../../src/config/defaults.ts';
import type { FunctionConfig } from '../../src/config/function-config.ts';
import { tryNamespaces } from '../../src/sandbox/capabilities.ts';

export type Content = string | Uint8Array | { readonly link: string };

export interface PackageFiles {
  readonly files?: Readonly<Record<string, Content>>;
  /** Permission bits of files that are not 644; the start file has 755. */
  readonly modes?: Readonly<Record<string, number>>;
}

/** Gone with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scf-ws-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return folder;
}

/** Returns the code folder. */
export function writePackage(
  startFile: Content | null,
  { files = {}, modes = {} }: PackageFiles = {},
): string {
  const codeDir = join(temporaryFolder(), 'code');
  mkdirSync(codeDir);
  const all = startFile === null ? files : { scf_bootstrap: startFile, ...files };
  for (const [name, content] of Object.entries(all)) {
    const path = join(codeDir, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, path);
    else {
      writeFileSync(path, content);
      chmodSync(path, modes[name] ?? (name === 'scf_bootstrap' ? 0o755 : 0o644));
    }
  }
  return codeDir;
}

export interface CheckedOptions extends Partial<CheckOptions> {
  readonly config?: Partial<FunctionConfig>;
}

/** Without a start of it, unless `sandbox` says where. */
export function checked(
  codeDir: string,
  { config, ...options }: CheckedOptions = {},
): Promise<FunctionReport> {
  return checkFunction(
    { ...defaultConfig({ dir: codeDir }), ...config },
    {
      sandbox: null,
      isFixing: false,
      namespaces: tryNamespaces(),
      callerEnvironment: process.env,
      clock: createClock(),
      signal: new AbortController().signal,
      ...options,
    },
  );
}

/** `level id` or `level id:line`, as tables have them. */
export function idsOf({ findings }: Pick<FunctionReport, 'findings'>): readonly string[] {
  return findings.map(({ level, id, line }) => `${level} ${id}${line === null ? '' : `:${line}`}`).sort();
}

/** A compiled program's first bytes: enough to tell what it is for. */
export function elf(machine: number, loader: string | null = null): Uint8Array {
  const bytes = Buffer.alloc(256);
  bytes.write('7f454c46020101', 0, 'hex');
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  if (loader !== null) {
    bytes.writeUInt16LE(1, 56);
    bytes.writeUInt32LE(3, 64);
    bytes.writeBigUInt64LE(128n, 72);
    bytes.writeBigUInt64LE(BigInt(loader.length + 1), 96);
    bytes.write(loader, 128);
  }
  return bytes;
}
