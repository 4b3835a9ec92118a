// Programs of this machine that some tests need. A missing one is a skip that says why, and a failure in CI.
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { TestContext } from 'vitest';

/** The system's own Python, whatever else is first on PATH: Debian's packages are in it. */
export const PYTHON = '/usr/bin/python3';

/** Null, or what is missing and how to get it. */
export function missingPythonWebsockets(): string | null {
  try {
    execFileSync(PYTHON, ['-c', 'import websockets'], { stdio: 'ignore' });
    return null;
  } catch {
    return `${PYTHON} has no websockets: apt-get install python3-websockets`;
  }
}

export function missingExecutable(path: string, debianPackage: string): string | null {
  try {
    accessSync(path, constants.X_OK);
    return null;
  } catch {
    return `${path} is missing: apt-get install ${debianPackage}`;
  }
}

/** To be called first in a test that needs what `missing` speaks of. */
export function needs(missing: string | null, context: TestContext): void {
  if (missing === null) return;
  if (process.env.CI === 'true') throw new Error(`Must not be skipped in CI: ${missing}`);
  process.stderr.write(`Skipped "${context.task.name}": ${missing}\n`);
  context.skip(missing);
}
