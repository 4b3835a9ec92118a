// The commands of a start file → what they need of the package and of the machine. Pure: it names things, and looks
// nothing up. What may not run at all, behind an `if` say, is left to the instance that is really started.
import { posix } from 'node:path';
import type { ShellCommand } from './shell-commands.ts';

export type ProgramUse =
  | { readonly kind: 'file'; readonly line: number; readonly path: string; readonly by: FileUser }
  | { readonly kind: 'npm-script'; readonly line: number; readonly script: string; readonly folder: string }
  | { readonly kind: 'npx'; readonly line: number; readonly name: string; readonly folder: string }
  /** A command by its bare name, and the PATH that it is looked up on. */
  | {
      readonly kind: 'command';
      readonly line: number;
      readonly name: string;
      readonly searchPath: string | null;
    }
  | { readonly kind: 'activate'; readonly line: number; readonly path: string }
  | { readonly kind: 'output'; readonly line: number; readonly path: string };

/** Who opens the file: they look for it in different ways. */
export type FileUser = 'node' | 'python' | 'php' | 'java' | 'shell' | 'copy' | 'run' | 'enter';

type Words = readonly (string | null)[];

/** Options that take the next word with them; of Python `-c` and `-m` are something else. */
const TAKES_NEXT: Readonly<Record<'node' | 'python' | 'php' | 'java', ReadonlySet<string>>> = {
  node: new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions']),
  python: new Set(['-W', '-X']),
  php: new Set(['-c', '-d', '-S', '-t', '-z']),
  java: new Set(),
};

/** Options with which no file is run. */
const RUNS_NO_FILE: Readonly<Record<'node' | 'python' | 'php' | 'java', RegExp>> = {
  node: /^(?:-[epv]|--eval|--print|--version|--test)/,
  python: /^-[A-Za-z]*[cmV]|^--version/,
  php: /^-[rvmi]$|^--version/,
  java: /./,
};

export function programUses(commands: readonly ShellCommand[]): readonly ProgramUse[] {
  return commands
    .filter(({ isConditional }) => !isConditional)
    .flatMap(command => {
      const [name = null, ...args] = withoutPrefixes(command.words);
      const own = name === null ? [] : [...commandUses(name, command), ...argumentUses(name, args, command)];
      return [...outputUses(command), ...own];
    });
}

const PREFIXES = new Set(['exec', 'nohup', 'env', 'sudo', 'setsid', 'stdbuf', 'nice', 'timeout']);

/** What is really run: `exec`, `env A=b` and their kin left out. */
export function withoutPrefixes(words: Words): Words {
  let rest = words;
  while (rest.length > 1 && PREFIXES.has(rest[0] ?? '')) {
    rest = rest.slice(1);
    while (rest.length > 1 && /^-|^[A-Za-z_]\w*=|^\d+[smh]?$/.test(rest[0] ?? '')) rest = rest.slice(1);
  }
  return rest;
}

function outputUses({ outputs, folder, line }: ShellCommand): readonly ProgramUse[] {
  return outputs.flatMap((output): readonly ProgramUse[] => {
    const path = placeOf(output, folder);
    return path === null ? [] : [{ kind: 'output', line, path }];
  });
}

function commandUses(name: string, { line, folder, variables }: ShellCommand): readonly ProgramUse[] {
  if (!name.includes('/'))
    return [{ kind: 'command', line, name, searchPath: variables.get('PATH') ?? null }];
  const path = placeOf(name, folder);
  return path === null ? [] : [{ kind: 'file', line, path, by: 'run' }];
}

function argumentUses(name: string, args: Words, { line, folder }: ShellCommand): readonly ProgramUse[] {
  const file = (word: string | null | undefined, by: FileUser): readonly ProgramUse[] => {
    const path = placeOf(word ?? null, folder);
    return path === null ? [] : [{ kind: 'file', line, path, by }];
  };
  const program = posix.basename(name);
  const language = languageOf(program);
  if (program === 'java') return file(after('-jar', args), 'java');
  if (language !== null) return file(scriptOf(language, args), language);
  switch (program) {
    case 'npm':
      return npmUses(args, { line, folder });
    case 'npx': {
      const [package_] = args.filter(word => !/^(?:-y|--yes|--no-install|--no)$/.test(word ?? ''));
      if (folder === null || package_ === null || package_ === undefined || package_.startsWith('-'))
        return [];
      return [{ kind: 'npx', line, name: package_, folder }];
    }
    case '.':
    case 'source': {
      const path = placeOf(args[0] ?? null, folder);
      const activated: readonly ProgramUse[] =
        path !== null && /\/bin\/activate$/.test(path) ? [{ kind: 'activate', line, path }] : [];
      return [...file(args[0], 'shell'), ...activated];
    }
    case 'cd':
      return file(args[0], 'enter');
    case 'sh':
    case 'bash':
      return args[0]?.startsWith('-') ? [] : file(args[0], 'shell');
    case 'cp':
      return args
        .slice(0, -1)
        .filter(word => !word?.startsWith('-'))
        .flatMap(word => file(word, 'copy'));
    default:
      return [];
  }
}

function npmUses(
  args: Words,
  { line, folder }: Pick<ShellCommand, 'line' | 'folder'>,
): readonly ProgramUse[] {
  const words = args.filter(word => !word?.startsWith('--'));
  const [verb, script] = words;
  // Another folder than the current one, or one of several packages.
  const isElsewhere = args.some(word => /^(?:-C|--prefix|-w|--workspace)/.test(word ?? ''));
  if (isElsewhere || folder === null) return [];
  if (verb === 'start') return [{ kind: 'npm-script', line, script: 'start', folder }];
  if ((verb === 'run' || verb === 'run-script') && typeof script === 'string') {
    return [{ kind: 'npm-script', line, script, folder }];
  }
  return [];
}

export function languageOf(program: string): 'node' | 'python' | 'php' | 'java' | null {
  if (program === 'node' || program === 'php' || program === 'java') return program;
  return /^python[\d.]*$/.test(program) ? 'python' : null;
}

/** The first word that is no option, unless an option says that there is none. */
function scriptOf(language: 'node' | 'python' | 'php' | 'java', args: Words): string | null {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? null;
    if (word === null) return null;
    if (word === '--') return args[index + 1] ?? null;
    if (!word.startsWith('-')) return word;
    if (RUNS_NO_FILE[language].test(word)) return null;
    if (TAKES_NEXT[language].has(word)) index++;
    if (language === 'php' && word === '-f') return args[index + 1] ?? null;
  }
  return null;
}

/** The word behind an option, or null. */
export function after(option: string, args: Words): string | null {
  const at = args.indexOf(option);
  return at === -1 ? null : (args[at + 1] ?? null);
}

function placeOf(path: string | null, folder: string | null): string | null {
  if (path === null || path === '' || path === '-') return null;
  if (path.startsWith('/')) return posix.normalize(path);
  return folder === null ? null : posix.resolve(folder, path);
}
