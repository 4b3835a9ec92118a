// What a start file needs that is not there: programs, scripts, runtimes, commands. Pure but for the look-ups in the
// code folder that it is given.
import { posix } from 'node:path';
import { nearest } from '../config/key-names.ts';
import type { Platform } from '../platforms/platform.ts';
import type { CodeFolder, FileFact } from './code-folder.ts';
import { executableFindings } from './executable-findings.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { FileUser, ProgramUse } from './program-uses.ts';
import { withoutPrefixes } from './program-uses.ts';
import { runtimeFindings } from './runtime-findings.ts';
import { CODE_DIR, shellCommands } from './shell-commands.ts';

export interface ProgramContext {
  readonly startFile: string;
  readonly text: string;
  readonly folder: CodeFolder;
  readonly platform: Platform;
}

export function programFindings(uses: readonly ProgramUse[], on: ProgramContext): readonly Finding[] {
  const found = [...runtimeFindings(uses, on), ...uses.flatMap(use => findingsOf(use, on))];
  // A file that two commands name is missing once.
  const distinct = new Map(found.map(each => [`${each.id} ${each.message}`, each]));
  return [...distinct.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** Below these the platform may have what no one here knows of: layers, mounted disks, its own runtime. */
const UNKNOWN_PLACES =
  /^\/(?:$|home\/qcloud|opt|mnt|tmp|usr|bin|sbin|lib|lib64|etc|dev|proc|sys|run|var\/(?:lang|runtime|tmp|run))(?:\/|$)/;

function findingsOf(use: ProgramUse, on: ProgramContext): readonly Finding[] {
  const statusCode = on.platform.status.byCause['start-failed'].value;
  const at = { file: on.startFile, line: use.line, statusCode, level: 'error' } as const;
  switch (use.kind) {
    case 'file':
      return fileFindings(use, at, on);
    case 'npm-script':
      return scriptFindings(use, at, on);
    case 'npx':
      return npxFindings(use, at, on);
    case 'command':
      return commandFindings(use, at, on);
    case 'activate': {
      const message = `It activates the virtual environment ${posix.dirname(posix.dirname(inPackage(use.path) ?? use.path))}`;
      return [
        finding({
          ...at,
          id: 'virtual-environment',
          message,
          why: 'It has the paths of this machine in it, and its python is a link out of the package',
          remedy: 'Install into the package instead: python3 -m pip install -r requirements.txt -t .',
        }),
      ];
    }
    case 'output':
      return outputFindings(use.path, at);
  }
}

/** Where a finding is, and what it comes to. */
export interface Place {
  readonly file: string;
  readonly line: number | null;
  readonly statusCode: number | null;
  readonly level: 'error';
}

/** Relative to the code folder; null if it is not in it. */
function inPackage(path: string): string | null {
  if (path === CODE_DIR) return '.';
  return path.startsWith(`${CODE_DIR}/`) ? path.slice(CODE_DIR.length + 1) : null;
}

const VERBS: Readonly<Record<FileUser, string>> = {
  node: 'starts',
  python: 'starts',
  php: 'starts',
  java: 'starts',
  run: 'runs',
  shell: 'reads',
  copy: 'copies',
  enter: 'changes to',
};

const ENDS_AT_ONCE = 'The start file ends before anything listens';

function fileFindings(
  { path, by }: Extract<ProgramUse, { kind: 'file' }>,
  at: Place,
  { folder, platform }: ProgramContext,
): readonly Finding[] {
  const relative = inPackage(path);
  if (relative === null) {
    if (UNKNOWN_PLACES.test(path)) return [];
    return [
      finding({
        ...at,
        id: 'program-missing',
        message: `It ${VERBS[by]} ${path}, which is not in the package`,
        why: `The platform has the package at ${CODE_DIR}, and nothing of this machine beside it`,
        remedy: `Name the file from the code folder, such as ${posix.basename(path)}`,
      }),
    ];
  }
  const fact = by === 'node' ? nodeFile(relative, folder) : folder.look(relative);
  if (fact === null) {
    return [
      finding({
        ...at,
        id: 'program-missing',
        message: `It ${VERBS[by]} ${relative}, which is not in the package`,
        why: ENDS_AT_ONCE,
        remedy: remedyForMissing(relative, folder),
      }),
    ];
  }
  if (fact.outside !== null) {
    return [
      finding({
        ...at,
        id: 'link-outside',
        message: `It ${VERBS[by]} ${relative}, a link to ${fact.outside}`,
        why: 'The package has the link, and not what it leads to',
        remedy: 'Put the file itself into the package',
      }),
    ];
  }
  const isRun = by === 'run';
  return isRun || by === 'copy'
    ? executableFindings({ relative, fact, isRun }, at, { folder, platform })
    : [];
}

/** As Node resolves what it is started with. */
function nodeFile(path: string, folder: CodeFolder): FileFact | null {
  for (const suffix of ['', '.js', '.json', '.node']) {
    const fact = folder.look(`${path}${suffix}`);
    if (fact !== null && fact.kind !== 'folder') return fact;
  }
  if (folder.look(path)?.kind !== 'folder') return null;
  const main = readJson(folder.text(posix.join(path, 'package.json')))?.main;
  const names = [typeof main === 'string' ? main : null, 'index.js'].filter(name => name !== null);
  for (const name of names) {
    const fact = nodeFile(posix.join(path, name), folder);
    if (fact !== null) return fact;
  }
  return null;
}

function remedyForMissing(path: string, folder: CodeFolder): string {
  const parent = posix.dirname(path);
  const meant = nearest(posix.basename(path), folder.list(parent));
  if (meant !== null) return `Did you mean ${posix.join(parent, meant)}?`;
  if (parent !== '.' && folder.look(parent) === null) {
    return `Make it first: there is no folder ${parent}, as if a build had not been run`;
  }
  const likely = folder.list(parent).filter(name => /^(?:app|main|index|server)\.\w+$/.test(name));
  return likely.length === 0
    ? 'Put it into the package, or correct its name'
    : `Correct its name: ${likely.join(', ')} ${likely.length === 1 ? 'is' : 'are'} there`;
}

function scriptFindings(
  { script, folder: where }: Extract<ProgramUse, { kind: 'npm-script' }>,
  at: Place,
  { folder }: ProgramContext,
): readonly Finding[] {
  const base = inPackage(where);
  if (base === null) return [];
  const file = posix.join(base, 'package.json');
  const manifest = readJson(folder.text(file));
  const missing = (message: string, remedy: string): readonly Finding[] => [
    finding({ ...at, id: 'program-missing', message, why: ENDS_AT_ONCE, remedy }),
  ];
  if (manifest === null)
    return missing(`npm reads ${file}, which is not in the package`, `Put ${file} into the package`);
  const scripts: unknown = manifest.scripts;
  const has = typeof scripts === 'object' && scripts !== null && script in scripts;
  if (has) return scriptCommandFindings(String(Object(scripts)[script]), { base, script }, { at, folder });
  // Without a start script npm runs server.js.
  if (script === 'start' && folder.look(posix.join(base, 'server.js')) !== null) return [];
  return missing(
    `npm runs the script ${script}, which ${file} does not have`,
    `Add it under scripts in ${file}`,
  );
}

/** npm puts node_modules/.bin first on the PATH of a script. */
function scriptCommandFindings(
  text: string,
  { base, script }: { readonly base: string; readonly script: string },
  { at, folder }: { readonly at: Place; readonly folder: CodeFolder },
): readonly Finding[] {
  const programs = shellCommands(text, {}).map(({ words }) => withoutPrefixes(words)[0] ?? '');
  const missing = programs.find(
    name => FOREIGN_COMMANDS.test(name) && folder.look(posix.join(base, 'node_modules/.bin', name)) === null,
  );
  if (missing === undefined) return [];
  return [
    finding({
      ...at,
      id: 'program-missing',
      message: `npm runs ${missing} by the script ${script}, which is not in node_modules/.bin`,
      why: ENDS_AT_ONCE,
      remedy: 'Install what it needs into the package: npm install',
    }),
  ];
}

function npxFindings(
  { name, folder: where }: Extract<ProgramUse, { kind: 'npx' }>,
  at: Place,
  { folder }: ProgramContext,
): readonly Finding[] {
  const base = inPackage(where);
  if (base === null || folder.look(posix.join(base, 'node_modules/.bin', name)) !== null) return [];
  return [
    finding({
      ...at,
      id: 'program-missing',
      message: `npx runs ${name}, which is not in node_modules/.bin`,
      why: 'npx would have to download it at every cold start, into a home folder that cannot be written',
      remedy: `Install it into the package: npm install ${name}`,
    }),
  ];
}

/** They come with packages or with other systems, not with the platform. */
const FOREIGN_COMMANDS =
  /^(?:flask|uvicorn|gunicorn|hypercorn|daphne|waitress-serve|celery|poetry|pipenv|uv|pdm|yarn|pnpm|bun|bunx|deno|ts-node|tsx|nodemon|pm2|pm2-runtime|forever|next|nuxt|nest|serve|http-server|vite|supervisord|nginx|caddy|docker|composer|mvn|gradle|dotnet|ruby|rails|bundle|cargo|brew|conda)$/;

function commandFindings(
  { name, searchPath }: Extract<ProgramUse, { kind: 'command' }>,
  at: Place,
  { folder }: ProgramContext,
): readonly Finding[] {
  if (!FOREIGN_COMMANDS.test(name)) return [];
  const isInPackage = (searchPath ?? '').split(':').some(entry => {
    const place = inPackage(posix.resolve(CODE_DIR, entry));
    return place !== null && folder.look(posix.join(place, name)) !== null;
  });
  if (isInPackage) return [];
  const isPython = /^(?:flask|uvicorn|gunicorn|hypercorn|daphne|celery)$/.test(name);
  return [
    finding({
      ...at,
      // They may come with the platform's Node.
      level: name === 'yarn' || name === 'pnpm' ? 'warning' : 'error',
      id: 'unknown-command',
      message: `It runs ${name}, which the platform is not known to have`,
      why: 'What is on the PATH of this machine is not on the platform’s: "command not found"',
      remedy: isPython
        ? `Install it into the package, and run it as a module: python3 -m ${name}`
        : `Put it into the package and run it from there, such as node_modules/.bin/${name}`,
    }),
  ];
}

function outputFindings(path: string, at: Place): readonly Finding[] {
  if (/^\/(?:tmp|dev|proc)(?:\/|$)/.test(path)) return [];
  const file = inPackage(path) ?? path;
  return [
    finding({
      ...at,
      id: 'writes-outside-tmp',
      message: `It sends output to ${file}`,
      why: 'Only /tmp can be written: the shell says "Read-only file system", and does not run the command',
      remedy: `Send it to /tmp/${posix.basename(file)}, or leave it to the platform's log`,
    }),
  ];
}

function readJson(text: string | null): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
