// A program in the package that the start file runs or copies: may it be executed, and can the platform run it? Pure
// but for the look into its first bytes.
import type { Platform } from '../platforms/platform.ts';
import { binaryOf } from './binary.ts';
import type { CodeFolder, FileFact } from './code-folder.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { Place } from './program-findings.ts';

export function executableFindings(
  { relative, fact, isRun }: { relative: string; fact: FileFact; isRun: boolean },
  at: Place,
  { folder, platform }: { folder: CodeFolder; platform: Platform },
): readonly Finding[] {
  if (fact.kind !== 'file') return [];
  const head = folder.head(relative);
  const binary = head === null ? null : binaryOf(head);
  const findings: Finding[] = [];
  if (isRun && (fact.mode & 0o111) === 0) {
    findings.push(
      finding({
        ...at,
        id: 'program-mode',
        message: `It runs ${relative}, which is not executable (mode ${fact.mode.toString(8)})`,
        why: 'The shell says "Permission denied", and the package is read-only: chmod there comes too late',
        remedy: `chmod 755 ${relative}`,
        fix: { kind: 'make-executable', file: relative },
      }),
    );
  }
  const wanted = platform.processor.value;
  if (binary !== null && (binary.format !== 'ELF' || binary.processor !== wanted)) {
    findings.push(
      finding({
        ...at,
        id: 'program-binary',
        message: `${relative} is a program for ${binary.format === 'ELF' ? '' : `${binary.format}, `}${binary.processor}`,
        why: `The platform is taken to have Linux on ${wanted}: "Exec format error"`,
        remedy: `Build it for Linux on ${wanted}; in Go: GOOS=linux GOARCH=amd64 CGO_ENABLED=0 go build`,
      }),
    );
  } else if (binary?.loader?.includes('musl')) {
    findings.push(
      finding({
        ...at,
        level: 'warning',
        id: 'program-binary',
        message: `${relative} needs the loader ${binary.loader}, which belongs to Alpine Linux`,
        why: 'The platform has CentOS by its documentation, where that file is missing: "no such file or directory"',
        remedy: 'Link it statically, or build it on a system with glibc',
      }),
    );
  }
  return findings;
}
