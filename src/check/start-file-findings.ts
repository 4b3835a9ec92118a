// What is wrong with a start file itself: mode, line ends, first line, runtimes. Pure; whether it can be run at all
// is asked of the plan that `dev` starts it by, so the two never disagree.
import { posix } from 'node:path';
import type { Platform } from '../platforms/platform.ts';
import type { StartFile, StartPlan } from '../sandbox/start-file.ts';
import { isBinary, planStart } from '../sandbox/start-file.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';

/** As on the platform. */
const FOLDERS = { langDir: '/var/lang', userDir: '/var/user' };

type Refusal = Extract<StartPlan, { kind: 'cannot-run' }>;

export function startFileFindings(file: StartFile, mode: number, platform: Platform): readonly Finding[] {
  const statusCode = platform.status.byCause['start-failed'].value;
  const at = { file: file.name, statusCode, level: 'error' } as const;
  const text = textOf(file);
  // Each trouble hides the next, so they are taken away one by one.
  const asRead = text.replace(/^\uFEFF/, '');
  const refused = refusalOf({ ...file, isExecutable: true });
  const unmarked = { ...file, isExecutable: true, bytes: new TextEncoder().encode(asRead) };
  const isScript = !isBinary(file.bytes);
  const firstLine = isScript ? refusalOf(unmarked) : null;
  return [
    ...modeFindings(file, mode, at),
    ...(refused?.trouble === 'byte-order-mark' ? [markFinding(refused, at)] : []),
    ...(firstLine?.trouble === 'no-first-line' ? [noFirstLine(firstLine, asRead, at)] : []),
    ...(isScript && asRead.startsWith('#!') ? interpreterFindings(asRead, at, platform) : []),
    ...(isScript ? lineEndFindings(asRead, unmarked, at) : []),
  ];
}

interface Place {
  readonly file: string;
  readonly statusCode: number | null;
  readonly level: 'error';
}

function refusalOf(file: StartFile): Refusal | null {
  const plan = planStart(file, FOLDERS);
  return plan.kind === 'cannot-run' ? plan : null;
}

/** Bytes as characters: a self-extracting archive is no UTF-8. */
function textOf({ bytes }: StartFile): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

const answers = (message: string): string => `The platform answers "${message}"`;

function modeFindings(file: StartFile, mode: number, at: Place): readonly Finding[] {
  const octal = mode.toString(8).padStart(3, '0');
  const refusal = file.isExecutable ? null : refusalOf(file);
  const remedy = `chmod 755 ${file.name}`;
  if (refusal !== null) {
    const message = `It is not executable (mode ${octal})`;
    return [
      finding({
        ...at,
        id: 'start-file-mode',
        message,
        why: answers(refusal.message),
        remedy,
        fix: { kind: 'make-executable', file: file.name },
      }),
    ];
  }
  // Readable and executable for the user that the platform runs it as, who is not its owner.
  if ((mode & 0o005) === 0o005) return [];
  return [
    finding({
      ...at,
      level: 'warning',
      id: 'start-file-mode',
      message: `Only some may execute it (mode ${octal})`,
      why: 'The platform asks for 755 or 777, as it need not run it as its owner',
      remedy,
      fix: { kind: 'make-executable', file: file.name },
    }),
  ];
}

function markFinding(refusal: Refusal, at: Place): Finding {
  return finding({
    ...at,
    id: 'byte-order-mark',
    line: 1,
    message: 'It begins with a byte order mark, which hides its first line from Linux',
    why: answers(refusal.message),
    remedy: refusal.advice,
    fix: { kind: 'byte-order-mark', file: at.file },
  });
}

function noFirstLine(refusal: Refusal, text: string, at: Place): Finding {
  const later = text.split('\n').findIndex(line => line.startsWith('#!'));
  return finding({
    ...at,
    id: 'first-line',
    line: 1,
    message:
      text.trim() === ''
        ? 'The start file is empty'
        : later > 0
          ? `Its #! line is line ${later + 1}, and Linux looks for it in the very first`
          : 'Its first line names no interpreter',
    why: answers(refusal.message),
    remedy: later > 0 ? 'Remove what stands above it' : refusal.advice,
  });
}

const SHELL_NAMES = /^(?:sh|bash)$/;

function interpreterFindings(text: string, at: Place, platform: Platform): readonly Finding[] {
  const [line = ''] = text.split('\n', 1);
  // The kernel takes the path, and all the rest as one argument.
  const [, path = '', argument = ''] = /^#!\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
  const place = { ...at, id: 'first-line', line: 1 } as const;
  if (path === '') {
    const why = 'Linux cannot start it without the path of an interpreter';
    return [
      finding({
        ...place,
        message: 'Its first line names no interpreter',
        why,
        remedy: 'Begin it with #!/bin/bash',
      }),
    ];
  }
  if (path.startsWith('/var/lang/')) return [];
  if (!platform.shells.value.includes(path)) {
    const isSystems = /^\/(?:usr\/)?bin\//.test(path);
    return [
      finding({
        ...place,
        level: isSystems ? 'warning' : 'error',
        message: `Its first line names ${path}, which the platform is not known to have`,
        why: `Without it the platform answers "[./${at.file}] no such file or directory"`,
        remedy: 'Begin it with #!/bin/bash, and name an interpreter below /var/lang in the command',
      }),
    ];
  }
  if (posix.basename(path) !== 'env') return [];
  if (argument === '') {
    const why = 'env without a command prints the environment and ends';
    return [
      finding({
        ...place,
        message: 'Its first line names env alone',
        why,
        remedy: 'Write #!/usr/bin/env bash',
      }),
    ];
  }
  if (/\s/.test(argument)) {
    const isSplit = argument.startsWith('-S');
    return [
      finding({
        ...place,
        level: isSplit ? 'warning' : 'error',
        message: `Its first line gives env more than one word: ${argument}`,
        why: isSplit
          ? 'env -S is younger than some systems, CentOS 7 among them'
          : `Linux hands over all of it as one word, and there is no command "${argument}"`,
        remedy: `Write ${SHELL_NAMES.test(argument.split(/\s/)[0] ?? '') ? '#!/bin/bash, and its options as: set -e' : 'the path of the interpreter, without env'}`,
      }),
    ];
  }
  return [];
}

function lineEndFindings(text: string, file: StartFile, at: Place): readonly Finding[] {
  // What stands behind a script that ends with `exit` is no text.
  const [readable = ''] = text.split('\0', 1);
  const lines = readable.split('\n');
  const [first = ''] = lines;
  const isShell = isShellScript(first);
  const refusal = refusalOf(file);
  const ends = lines.filter(line => line.endsWith('\r')).length;
  const isFatal = first.endsWith('\r') && first.startsWith('#!');
  // JavaScript and Python take either.
  if (!isFatal && (ends === 0 || !isShell)) return [];
  const line = lines.findIndex(each => each.endsWith('\r')) + 1;
  return [
    finding({
      ...at,
      id: 'line-ends',
      line,
      message: ends === 1 ? 'It has a line that ends with CRLF' : `It has ${ends} lines that end with CRLF`,
      why:
        isFatal && refusal !== null
          ? answers(refusal.message)
          : 'The shell takes the carriage return for a part of the last word: no such command, no such file',
      remedy: `Save it with LF: sed -i 's/\\r$//' ${at.file}`,
      // A self-extracting archive has bytes that only look like line ends.
      fix: file.bytes.includes(0) ? null : { kind: 'line-ends', file: at.file },
    }),
  ];
}

/** Of its text, or of its first line. */
export function isShellScript(text: string): boolean {
  return /^(?:\xEF\xBB\xBF|\uFEFF)?#!.*\b(?:ba|da|a|z|k)?sh\b/.test(text);
}
