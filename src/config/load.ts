// Finds, reads and watches config files: the only file of this folder that touches the disk.
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { DEFAULT_PLATFORM } from '../platforms/registry.ts';
import { defaultConfig } from './defaults.ts';
import type { ConfigProblem, FunctionConfig } from './function-config.ts';
import { type LocatedFunction, parseLocated } from './parse.ts';
import { sortedProblems } from './problem.ts';

export const CONFIG_FILES = ['scf.yaml', 'scf.yml', 'scf.json'] as const;

/** Two looks are soon enough for a person. */
const LOOK_EVERY_MS = 150;

export type LoadedConfig =
  /** `file` is null when there is only a start file; otherwise the path as the user would write it. */
  | { readonly kind: 'loaded'; readonly file: string | null; readonly functions: readonly FunctionConfig[] }
  /** `functions` are what can be made of it, with the platform's defaults in place of what is no value. */
  | {
      readonly kind: 'invalid';
      readonly problems: readonly ConfigProblem[];
      readonly functions: readonly FunctionConfig[];
    }
  /** There is nothing to read, or it cannot be read. */
  | { readonly kind: 'missing'; readonly message: string; readonly advice: string };

export interface LoadOptions {
  readonly dir: string;
  readonly configFile: string | null;
  /** Whether a function of a config file without a start file is a problem of the file; true by default. */
  readonly needsStartFile?: boolean;
}

/** Reads `configFile`, or what is found in `dir`: a config file, or else just a start file. */
export async function loadConfig({
  dir,
  configFile,
  needsStartFile = true,
}: LoadOptions): Promise<LoadedConfig> {
  if (configFile !== null) return loadFile(configFile, needsStartFile);
  const kind = await kindOf(dir);
  if (kind === 'nothing') {
    return missing(`Cannot open ${shown(dir)}: there is no such folder`, 'name the folder of the function');
  }
  if (kind !== 'folder') {
    return missing(
      `Cannot open ${shown(dir)}: it is not a folder`,
      'name a folder, or a config file with --config',
    );
  }
  const kinds = await Promise.all(CONFIG_FILES.map(name => kindOf(join(dir, name))));
  const [first, second] = CONFIG_FILES.filter((_, index) => kinds[index] !== 'nothing');
  if (first !== undefined && second !== undefined) return ambiguous(join(dir, first), join(dir, second));
  if (first !== undefined) return loadFile(join(dir, first), needsStartFile);
  const startFile = DEFAULT_PLATFORM.startFile.value;
  if ((await kindOf(join(dir, startFile))) === 'file') {
    return { kind: 'loaded', file: null, functions: [defaultConfig({ dir })] };
  }
  return missing(
    `Cannot find a function in ${shown(dir)}: neither scf.yaml nor ${startFile} is there`,
    `create ${startFile}, or name another folder`,
  );
}

/**
 * Calls `onChange` whenever the file has become another one, or has gone, until closed. It is looked at again and
 * again: a watch on the folder would end with the folder, when a branch is switched, say.
 */
export function watchConfig(file: string, onChange: () => void): { close(): void } {
  const path = resolve(file);
  let last = contentOf(path);
  let seen = last;
  const look = (): void => {
    const content = contentOf(path);
    // Only what two looks agree on: an editor may be between its steps.
    const isSettled = content === seen;
    seen = content;
    if (!isSettled || content === last) return;
    last = content;
    onChange();
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return { close: () => clearInterval(timer) };
}

function contentOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Whether it is gone or unreadable, there is no content to compare; loading it says what is wrong.
    return null;
  }
}

async function loadFile(path: string, needsStartFile: boolean): Promise<LoadedConfig> {
  const file = shown(path);
  const text = await textOf(path);
  if ('reason' in text) {
    return missing(`Cannot read ${file}: ${text.reason}`, 'name a readable config file, such as scf.yaml');
  }
  const parsed = parseLocated(text.text, { file, dir: dirname(resolve(path)) });
  const functions = parsed.functions.map(({ config }) => config);
  if (parsed.problems.length > 0) return { kind: 'invalid', problems: parsed.problems, functions };
  const sourceProblems = await Promise.all(
    parsed.functions.map(each => sourceProblem(each, { file, needsStartFile })),
  );
  const problems = sourceProblems.filter(problem => problem !== null);
  if (problems.length > 0) return { kind: 'invalid', problems: sortedProblems(problems), functions };
  return { kind: 'loaded', file, functions };
}

async function textOf(path: string): Promise<{ text: string } | { reason: string }> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    return { reason: readingFailure(error) };
  }
}

/** Why a file cannot be read: `there is no such file`. */
export function readingFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}

async function sourceProblem(
  { config, srcPosition }: LocatedFunction,
  { file, needsStartFile }: { file: string; needsStartFile: boolean },
): Promise<ConfigProblem | null> {
  const folder = shown(config.srcDir);
  const startFile = config.platform.startFile.value;
  const at = { file, ...srcPosition };
  const kind = await kindOf(config.srcDir);
  if (kind === 'nothing') {
    const advice = 'src is relative to the folder of the config file: correct it, or create the folder';
    return { ...at, message: `src of ${config.name} must be a folder: ${folder} does not exist`, advice };
  }
  if (kind !== 'folder') {
    const advice = `name the folder in which ${startFile} is`;
    return { ...at, message: `src of ${config.name} must be a folder: ${folder} is not one`, advice };
  }
  if (!needsStartFile || (await kindOf(join(config.srcDir, startFile))) === 'file') return null;
  const advice = `create ${startFile} there, or let src name the folder that has it`;
  return {
    ...at,
    message: `src of ${config.name} must have a file ${startFile}: ${folder} has none`,
    advice,
  };
}

function ambiguous(first: string, second: string): LoadedConfig {
  const message = `${basename(second)} cannot stand beside ${basename(first)}: only one of them can be read`;
  const advice = 'remove one, or name one with --config';
  const problem = { file: shown(second), line: 1, column: 1, message, advice };
  return { kind: 'invalid', problems: [problem], functions: [] };
}

function missing(message: string, advice: string): LoadedConfig {
  return { kind: 'missing', message, advice };
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'nothing'> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return 'folder';
    return stats.isFile() ? 'file' : 'other';
  } catch {
    // What cannot be looked at is as good as absent to everything that follows.
    return 'nothing';
  }
}

/** A path as the user would write it: relative where they are inside of it, else as given. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), resolve(path));
  const isInside = !fromHere.startsWith('..') && !isAbsolute(fromHere);
  return isInside ? fromHere || '.' : path;
}
