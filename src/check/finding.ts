// What a check can find: types, and the closed list of ids that reports and the README name. Pure.

/** Each id with what it stands for. */
export const FINDINGS = {
  config: 'the config file has a problem: a value out of range, a reserved or unknown key',
  'start-file-missing': 'the code folder has no start file, or one under another name',
  'start-file-mode': 'the start file may not be executed by everyone',
  'line-ends': 'the start file has CRLF line ends',
  'byte-order-mark': 'the start file begins with a byte order mark',
  'first-line': 'the start file has no `#!` line, or one that the platform cannot follow',
  'unknown-runtime': 'a folder or program under `/var/lang` that the platform is not known to have',
  'unknown-command': 'a command that the platform is not known to have',
  'program-missing': 'a file that the start file names is not in the package',
  'program-mode': 'a program that the start file runs may not be executed',
  'program-binary': 'a compiled program for another system or processor',
  'link-outside': 'a file that the start file names is a link that leads out of the package',
  'virtual-environment': 'a virtual environment, which knows the paths of the machine that made it',
  'binary-module': 'compiled Python modules for another version of Python, or another system',
  'package-size': 'the package is larger than the platform takes',
  'port-not-bound':
    'it does not listen where the platform connects: another port or address, or none in time',
  'start-failed': 'it ends before it listens',
  'process-exited': 'it listens, and ends by itself',
  'module-missing': 'a module that is not in the package',
  'module-outside': 'a module that exists only outside the code folder, on this machine',
  'writes-outside-tmp': 'it writes where only this machine lets it',
  'memory-exceeded': 'at rest it needs nearly as much memory as it has, or more',
} as const;

export type FindingId = keyof typeof FINDINGS;

export interface Finding {
  readonly id: FindingId;
  /** `error`: it fails in the cloud; `warning`: it does under some circumstance. */
  readonly level: 'error' | 'warning';
  /** Relative to the code folder; a config file as the user named it; null where it is no single file. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  readonly column: number | null;
  /** What. */
  readonly message: string;
  /** Why it fails in the cloud. */
  readonly why: string;
  /** The status of an invocation that ends so; null where it does not come to an invocation. */
  readonly statusCode: number | null;
  /** How to mend it. */
  readonly remedy: string;
  /** What `--fix` can do about it; null: nothing that is safe. */
  readonly fix: Fix | null;
}

export type Fix =
  /** `file` is relative to the code folder. */
  | { readonly kind: 'make-executable'; readonly file: string }
  | { readonly kind: 'line-ends' | 'byte-order-mark'; readonly file: string };

type Draft = Pick<Finding, 'id' | 'level' | 'message' | 'why' | 'statusCode' | 'remedy'> & Partial<Finding>;

export function finding(draft: Draft): Finding {
  return { file: null, line: null, column: null, fix: null, ...draft };
}
