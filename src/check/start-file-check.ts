// A start file as it is now, and all that its text and the files around it say before anything is started.
import type { FunctionConfig } from '../config/function-config.ts';
import { instanceEnvironment } from '../function-setup.ts';
import type { StartFile } from '../sandbox/start-file.ts';
import { isBinary, planStart } from '../sandbox/start-file.ts';
import { readStartFile } from '../sandbox/start-file-on-disk.ts';
import type { CodeFolder } from './code-folder.ts';
import { executableFindings } from './executable-findings.ts';
import type { Finding } from './finding.ts';
import type { ListeningWords } from './listening-words.ts';
import { listeningWords } from './listening-words.ts';
import { programFindings } from './program-findings.ts';
import type { ProgramUse } from './program-uses.ts';
import { languageOf, programUses } from './program-uses.ts';
import { CODE_DIR, shellCommands } from './shell-commands.ts';
import { isShellScript, startFileFindings } from './start-file-findings.ts';

export interface CheckedStartFile {
  readonly file: StartFile;
  readonly text: string;
  readonly findings: readonly Finding[];
  /** What it says of where its servers listen. */
  readonly words: readonly ListeningWords[];
  /** Interpreters that it leaves to the PATH. */
  readonly bareInterpreters: readonly string[];
  /** Linux would start it. */
  readonly canRun: boolean;
}

/** Null: there is none. */
export async function checkStartFile(
  config: FunctionConfig,
  folder: CodeFolder,
): Promise<CheckedStartFile | null> {
  const { srcDir, platform } = config;
  const name = platform.startFile.value;
  const fact = folder.look(name);
  const read = await readStartFile(srcDir, name);
  if ('exit' in read || fact === null) return null;
  const { file } = read;
  const own = startFileFindings(file, fact.mode, platform);
  const canRun = planStart(file, { langDir: '/var/lang', userDir: CODE_DIR }).kind === 'run';
  const checked = { file, canRun };
  if (isBinary(file.bytes)) {
    const statusCode = platform.status.byCause['start-failed'].value;
    const place = { file: name, line: null, statusCode, level: 'error' } as const;
    const binary = executableFindings({ relative: name, fact, isRun: false }, place, { folder, platform });
    return { ...checked, text: '', findings: [...own, ...binary], words: [], bareInterpreters: [] };
  }
  const text = new TextDecoder().decode(file.bytes);
  // Whatever is wrong with its first line: without one it is meant for a shell, as a rule.
  const isShell = isShellScript(text) || !text.startsWith('#!');
  const variables = {
    ...platform.fileSystem.variables.value,
    ...instanceEnvironment(config, CODE_DIR),
  };
  const commands = isShell ? shellCommands(text.replaceAll('\r\n', '\n'), variables) : [];
  const uses = programUses(commands);
  const programs = programFindings(uses, { startFile: name, text, folder, platform });
  return {
    ...checked,
    text,
    findings: [...own, ...programs],
    words: listeningWords(commands),
    bareInterpreters: bareInterpreters(uses),
  };
}

function bareInterpreters(uses: readonly ProgramUse[]): readonly string[] {
  const bare = uses.flatMap(use => {
    if (use.kind !== 'command' || use.searchPath?.includes('/var/lang/')) return [];
    const isInterpreter = languageOf(use.name) !== null || use.name === 'npm' || use.name === 'npx';
    return isInterpreter ? [use.name] : [];
  });
  return [...new Set(bare)];
}
