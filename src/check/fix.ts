// Mends what can be mended without a doubt: the mode of programs, and line ends and a byte order mark of start files.
// Everything else in a file stays as it is, byte for byte.
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from './finding.ts';
import { isShellScript } from './start-file-findings.ts';

export interface Fixed {
  readonly file: string;
  readonly what: string;
}

export async function applyFixes(codeDir: string, findings: readonly Finding[]): Promise<readonly Fixed[]> {
  const fixed: Fixed[] = [];
  for (const { fix } of findings) {
    if (fix === null) continue;
    const path = join(codeDir, fix.file);
    const what = await (fix.kind === 'make-executable' ? makeExecutable(path) : mendText(path, fix.kind));
    fixed.push({ file: fix.file, what });
  }
  return fixed;
}

async function makeExecutable(path: string): Promise<string> {
  const mode = (await stat(path)).mode & 0o777;
  const mended = mode | 0o755;
  await chmod(path, mended);
  return `mode ${mode.toString(8)} → ${mended.toString(8)}`;
}

const BYTE_ORDER_MARK_BYTES = 3;

async function mendText(path: string, kind: 'line-ends' | 'byte-order-mark'): Promise<string> {
  const bytes = await readFile(path);
  if (kind === 'byte-order-mark') {
    await writeFile(path, bytes.subarray(BYTE_ORDER_MARK_BYTES));
    return 'byte order mark removed';
  }
  // Latin 1 has a character for each byte, so nothing but the line ends changes.
  const text = bytes.toString('latin1');
  // In JavaScript or Python a carriage return may be part of a text.
  const isShell = isShellScript(text);
  const mended = isShell ? text.replaceAll('\r\n', '\n') : text.replace('\r\n', '\n');
  await writeFile(path, Buffer.from(mended, 'latin1'));
  return isShell ? 'CRLF → LF' : 'CRLF → LF in its first line';
}
