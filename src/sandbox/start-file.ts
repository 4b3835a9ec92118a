// What a start file says, and how to run it here. Pure: text in, plan out.
import { posix } from 'node:path';
import { WORDING } from './not-started.ts';

export type StartPlan =
  | { readonly kind: 'run'; readonly command: string; readonly args: readonly string[] }
  /** `message` is the platform's wording. */
  | {
      readonly kind: 'cannot-run';
      readonly trouble: StartTrouble;
      readonly message: string;
      readonly advice: string;
    };

export type StartTrouble = 'not-executable' | 'no-first-line' | 'byte-order-mark' | 'crlf';

export interface StartFile {
  /** `scf_bootstrap`, or what the platform calls it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isExecutable: boolean;
}

/** Where the cloud's folders are on this machine. */
export interface CloudFolders {
  /** The cloud's `/var/lang`. */
  readonly langDir: string;
  /** The cloud's `/var/user`; must need no quoting in a shell. */
  readonly userDir: string;
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh']);

/**
 * How to run it. A shell gets the file's text with the cloud's paths mapped (`sh -c TEXT ./start-file` keeps
 * `$0`); any other interpreter gets the file itself.
 */
export function planStart(file: StartFile, folders: CloudFolders): StartPlan {
  // As it is run on the platform: from the code folder, so `$0` is this.
  const runAs = `./${file.name}`;
  if (!file.isExecutable) {
    return {
      kind: 'cannot-run',
      trouble: 'not-executable',
      message: WORDING.permissionDenied(file.name),
      advice: `Make the start file executable: chmod 755 ${file.name}`,
    };
  }
  if (isBinary(file.bytes)) return { kind: 'run', command: runAs, args: [] };
  // A byte order mark is no `#!` to the kernel.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.bytes);
  const [firstLine = ''] = text.split('\n', 1);
  if (!firstLine.startsWith('#!')) {
    const hasMark = text.startsWith('\uFEFF');
    return {
      kind: 'cannot-run',
      trouble: hasMark ? 'byte-order-mark' : 'no-first-line',
      message: WORDING.execFormatError(file.name),
      advice: hasMark
        ? `Save the start file without a byte order mark: sed -i '1s/^\\xEF\\xBB\\xBF//' ${file.name}`
        : 'Begin the start file with a line that names its interpreter: #!/bin/bash',
    };
  }
  if (firstLine.endsWith('\r')) {
    return {
      kind: 'cannot-run',
      trouble: 'crlf',
      message: WORDING.noSuchFile(file.name),
      advice: `The start file's lines end with CRLF; save it with LF: sed -i 's/\\r$//' ${file.name}`,
    };
  }
  const { interpreter, argument } = readInterpreter(firstLine, folders);
  const shell = argument !== null && posix.basename(interpreter) === 'env' ? argument : interpreter;
  const own = argument === null ? [] : [argument];
  if (!SHELLS.has(posix.basename(shell)) || !canBeArgument(file.bytes)) {
    return { kind: 'run', command: interpreter, args: [...own, runAs] };
  }
  // A lone dash ends a shell's options, of which `-c` is one.
  const options = own.filter(option => option !== '-' && option !== '--');
  return { kind: 'run', command: interpreter, args: [...options, '-c', shellText(text, folders), runAs] };
}

/** Linux takes no longer argument; and a text with NUL in it, a self-extracting archive say, takes none. */
const MAX_ARGUMENT_BYTES = 96 * 1024;

function canBeArgument(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_ARGUMENT_BYTES && !bytes.includes(0);
}

/** In a text given with `-c`, BASH_SOURCE is empty; in a file, outside of what it sources, it is `$0`. */
function shellText(text: string, folders: CloudFolders): string {
  return toLocalPaths(text, folders)
    .replace(/\$\{BASH_SOURCE(?:\[0\])?(?=[}:%#/])/g, () => '${0')
    .replace(/\$BASH_SOURCE\b/g, () => '$0');
}

/** Node and Python by the names that start files use, and what is written for them. */
const HOOKED_PROGRAMS =
  /(?:^|[\s/"'=;&|(])(?:node|npm|npx|yarn|pnpm|python[\d.]*|flask|uvicorn|gunicorn|hypercorn|daphne)(?=$|[\s"';&|)])/m;

/** Python's options that keep everything out of it, a hook too. */
const ISOLATED_PYTHON = /\bpython[\d.]*\s+(?:-\w+\s+)*-\w*[IES]/;

/** Does it run Node or Python, in a way that a preloaded hook can listen for them? */
export function canBeHooked(bytes: Uint8Array): boolean {
  if (isBinary(bytes)) return false;
  const code = new TextDecoder().decode(bytes).replace(/^\s*#(?!!).*$/gm, '');
  return HOOKED_PROGRAMS.test(code) && !ISOLATED_PYTHON.test(code);
}

/** The folders under `/var/lang` that the start file names. */
export function runtimeFoldersIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\/var\/lang\/([\w.-]+)/g)].map(([, folder]) => folder ?? ''))];
}

/** The kernel's reading of `#!`: the path, then at most one argument, which is all the rest of the line. */
function readInterpreter(
  line: string,
  folders: CloudFolders,
): { interpreter: string; argument: string | null } {
  const [, path = '', argument = ''] = /^#!\s*(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
  return { interpreter: toLocalPaths(path, folders), argument: argument === '' ? null : argument };
}

function toLocalPaths(text: string, folders: CloudFolders): string {
  return text
    .replace(/\/var\/lang(?=\/)/g, () => folders.langDir)
    .replace(/\/var\/user(?![\w.-])/g, () => folders.userDir);
}

/** ELF or Mach-O: run as it is. */
export function isBinary(bytes: Uint8Array): boolean {
  const magic = [...bytes.subarray(0, 4)].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return magic === '7f454c46' || magic === 'cffaedfe' || magic === 'cafebabe';
}
