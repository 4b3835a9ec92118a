// Where the servers of a start file would listen, by what its command lines and variables say. Pure. A guess, for
// where no instance can be started: what one really does counts more.
import { posix } from 'node:path';
import { after, languageOf, withoutPrefixes } from './program-uses.ts';
import type { ShellCommand } from './shell-commands.ts';

export interface ListeningWords {
  readonly line: number;
  /** Null: nothing is said of it. */
  readonly host: string | null;
  readonly port: number | null;
  /** The words that say so. */
  readonly said: string;
  /** Otherwise only a variable says so, which the program may not heed. */
  readonly isCertain: boolean;
}

type Words = readonly (string | null)[];

/** Servers that listen on the loopback alone unless they are told otherwise. */
const LOOPBACK_BY_DEFAULT = '127.0.0.1';

export function listeningWords(commands: readonly ShellCommand[]): readonly ListeningWords[] {
  return commands
    .filter(({ isConditional }) => !isConditional)
    .flatMap(command => {
      const words = withoutPrefixes(command.words);
      const [name] = words;
      if (name === null || name === undefined) return [];
      // What is not known may be the very option.
      const server = words.includes(null) ? null : serverWords(words);
      if (server !== null) return [{ line: command.line, isCertain: true, ...server }];
      return isServer(name, words) ? variableWords(command) : [];
    });
}

/** Anything but the shell's own small tools may be the server. */
function isServer(name: string, words: Words): boolean {
  const program = posix.basename(name);
  if (program === 'npm') return ['start', 'run', 'run-script'].includes(words[1] ?? '');
  return (
    languageOf(program) !== null ||
    program === 'npx' ||
    name.startsWith('./') ||
    name.startsWith('/var/user/')
  );
}

function variableWords({ line, variables }: ShellCommand): readonly ListeningWords[] {
  const port = variables.get('PORT') ?? null;
  if (port === null || !/^\d+$/.test(port)) return [];
  return [{ line, host: null, port: Number(port), said: `PORT=${port}`, isCertain: false }];
}

type Said = Pick<ListeningWords, 'host' | 'port' | 'said'>;

/** The few servers whose options and defaults are known. */
function serverWords(words: Words): Said | null {
  const [name = '', ...args] = words;
  const program = posix.basename(name ?? '');
  const language = languageOf(program);
  if (language === 'php') return phpWords(args);
  if (language === 'python') {
    const at = args.indexOf('runserver');
    if (at !== -1) return runserverWords(args[at + 1] ?? null);
    const module = after('-m', args);
    return module === null ? null : pythonServer(module, args.slice(args.indexOf(module) + 1));
  }
  if (program === 'npx') return nodeServer(args[0] ?? '', args.slice(1));
  return pythonServer(program, args) ?? nodeServer(program, args);
}

function phpWords(args: Words): Said | null {
  const builtIn = after('-S', args);
  if (builtIn !== null) return { ...hostAndPort(builtIn), said: `-S ${builtIn}` };
  if (!args.includes('serve') || !args.some(word => posix.basename(word ?? '') === 'artisan')) return null;
  const host = optionOf(args, ['--host']) ?? LOOPBACK_BY_DEFAULT;
  const port = numberOf(optionOf(args, ['--port'])) ?? 8000;
  return { host, port, said: 'artisan serve' };
}

/** Django: `[address:]port`, on the loopback if no address is named. */
function runserverWords(argument: string | null): Said {
  const where = argument === null || argument.startsWith('-') ? '' : argument;
  const { host, port } = hostAndPort(where);
  return { host: host ?? LOOPBACK_BY_DEFAULT, port: port ?? 8000, said: `runserver ${where}`.trim() };
}

function pythonServer(program: string, args: Words): Said | null {
  const bind = optionOf(args, ['-b', '--bind']);
  const host = optionOf(args, ['--host']);
  const port = numberOf(optionOf(args, ['--port', '-p']));
  switch (program) {
    case 'flask':
      if (!args.includes('run')) return null;
      return {
        host: host ?? optionOf(args, ['-h']) ?? LOOPBACK_BY_DEFAULT,
        port: port ?? 5000,
        said: 'flask run',
      };
    case 'uvicorn':
      return { host: host ?? LOOPBACK_BY_DEFAULT, port: port ?? 8000, said: 'uvicorn' };
    case 'hypercorn':
    case 'gunicorn':
      // Without the option a file or a variable may say it.
      return bind === null || bind.startsWith('unix:')
        ? null
        : { ...hostAndPort(bind), said: `--bind ${bind}` };
    case 'daphne':
      return { host: bind ?? LOOPBACK_BY_DEFAULT, port: port ?? 8000, said: 'daphne' };
    case 'http.server':
      return { host: bind, port: numberOf(args[0] ?? null) ?? 8000, said: 'http.server' };
    default:
      return null;
  }
}

function nodeServer(program: string, args: Words): Said | null {
  if (program !== 'next' || !args.includes('start')) return null;
  const port = numberOf(optionOf(args, ['-p', '--port']));
  const host = optionOf(args, ['-H', '--hostname']);
  return port === null && host === null ? null : { host, port, said: 'next start' };
}

/** `--name value` or `--name=value`. */
function optionOf(args: Words, names: readonly string[]): string | null {
  for (const name of names) {
    const value = after(name, args);
    if (value !== null) return value;
    const joined = args.find(word => word?.startsWith(`${name}=`));
    if (joined) return joined.slice(name.length + 1);
  }
  return null;
}

/** `0.0.0.0:9000`, `9000`, `[::1]:9000`. */
function hostAndPort(text: string): { host: string | null; port: number | null } {
  const [, host = '', port = ''] = /^(?:(.*):)?(\d*)$/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, '') || null, port: numberOf(port) };
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
