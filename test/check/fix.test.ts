// `--fix`: what it mends, that it mends nothing else, and that a second time there is nothing to mend.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Content } from './packages.ts';
import { checked, elf, idsOf, writePackage } from './packages.ts';

const BYTES = Buffer.from([0xe9, 0xff, 0x0d, 0x20, 0x0a]);
const text = (...parts: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map(part => Buffer.from(part)));

test.each<[what: string, before: Content, mode: number, after: Content, fixed: readonly string[]]>([
  ['the mode', '#!/bin/bash\n:\n', 0o644, '#!/bin/bash\n:\n', ['mode 644 → 755']],
  ['the mode, keeping further rights', '#!/bin/bash\n:\n', 0o666, '#!/bin/bash\n:\n', ['mode 666 → 777']],
  ['a mode for some', '#!/bin/bash\n:\n', 0o700, '#!/bin/bash\n:\n', ['mode 700 → 755']],
  ['line ends', '#!/bin/sh\r\na\r\n', 0o755, '#!/bin/sh\na\n', ['CRLF → LF']],
  [
    'line ends, and no byte more',
    text('#!/bin/bash\r\necho "', BYTES, '"\r\nlast'),
    0o755,
    text('#!/bin/bash\necho "', BYTES, '"\nlast'),
    ['CRLF → LF'],
  ],
  [
    'the first line alone where a text may have CRLF in it',
    '#!/var/lang/node18/bin/node\r\nlet x = `\r\n`\r\n',
    0o755,
    '#!/var/lang/node18/bin/node\nlet x = `\r\n`\r\n',
    ['CRLF → LF in its first line'],
  ],
  [
    'all of it at once',
    '\uFEFF#!/bin/bash\r\n:\r\n',
    0o600,
    '#!/bin/bash\n:\n',
    ['mode 600 → 755', 'byte order mark removed', 'CRLF → LF'],
  ],
])('%s', async (_what, before, mode, after, fixed) => {
  const codeDir = writePackage(before, { modes: { scf_bootstrap: mode } });
  const path = join(codeDir, 'scf_bootstrap');
  const first = await checked(codeDir, { isFixing: true });
  expect(first.fixed.map(({ what }) => what)).toEqual(fixed);
  expect(idsOf(first)).toEqual([]);
  expect(readFileSync(path)).toEqual(text(after as string));
  expect(statSync(path).mode & 0o777).toBe(mode | 0o755);

  const { mtimeMs } = statSync(path);
  const second = await checked(codeDir, { isFixing: true });
  expect(second.fixed).toEqual([]);
  expect(statSync(path).mtimeMs).toBe(mtimeMs);
});

test('a program that it runs gets its run bit', async () => {
  const codeDir = writePackage('#!/bin/bash\n./bin/main\n', { files: { 'bin/main': elf(62) } });
  const report = await checked(codeDir, { isFixing: true });
  expect(report.fixed).toEqual([{ file: 'bin/main', what: 'mode 644 → 755' }]);
  expect(report.findings).toEqual([]);
});

test('what is not safe is left alone, and stays a finding', async () => {
  const before = Buffer.from('#!/bin/bash\r\nexit\r\n\0\r\n');
  const codeDir = writePackage(before);
  const report = await checked(codeDir, { isFixing: true });
  expect(report.fixed).toEqual([]);
  expect(idsOf(report)).toEqual(['error line-ends:1']);
  expect(readFileSync(join(codeDir, 'scf_bootstrap'))).toEqual(before);
});

test('without --fix nothing is touched', async () => {
  const codeDir = writePackage('#!/bin/bash\r\n', { modes: { scf_bootstrap: 0o644 } });
  await checked(codeDir);
  expect(readFileSync(join(codeDir, 'scf_bootstrap'), 'utf8')).toBe('#!/bin/bash\r\n');
  expect(statSync(join(codeDir, 'scf_bootstrap')).mode & 0o777).toBe(0o644);
});
