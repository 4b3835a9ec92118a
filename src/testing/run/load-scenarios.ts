// Reads scenario files: which kind of file is read how, and what is wrong with one that cannot be read.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigProblem } from '../../config/function-config.ts';
import type { IgnoredPath } from '../har/ignored-path.ts';
import { readHar } from '../har/read-har.ts';
import type { ParsedScenarios, ScenarioSource } from '../scenario/parse-scenario.ts';
import { parseScenarios } from '../scenario/parse-scenario.ts';
import type { Scenario } from '../scenario.ts';
import type { FoundFile } from './find-scenarios.ts';

/** What a file came to; the order of its scenarios is that of the file. */
export interface ScenarioFile {
  /** As the user would name it. */
  readonly file: string;
  readonly scenarios: readonly Scenario[];
  readonly problems: readonly ConfigProblem[];
}

export interface LoadOptions extends Pick<ScenarioSource, 'environment' | 'set'> {
  /** Values of JSON messages that may differ from a recording. */
  readonly ignore: readonly IgnoredPath[];
}

type Parse = (text: string, source: ScenarioSource & LoadOptions) => ParsedScenarios;

/** How a file is read, by the end of its name: the first that fits, and the scenario language for every other. */
const KINDS: readonly { readonly suffix: string; readonly parse: Parse }[] = [
  { suffix: '.har', parse: readHar },
];

export function loadScenarioFiles(
  found: readonly FoundFile[],
  options: LoadOptions,
): readonly ScenarioFile[] {
  return found.map(({ path, file }) => {
    const read = readFile(path);
    if ('reason' in read) {
      const message = `the file cannot be read: ${read.reason}`;
      const problem = { file, line: 1, column: 1, message, advice: 'name a file that can be read' };
      return { file, scenarios: [], problems: [problem] };
    }
    const parse = KINDS.find(({ suffix }) => path.endsWith(suffix))?.parse ?? parseScenarios;
    const source = { file, dir: dirname(path), readFile, ...options };
    return { file, ...parse(read.content.toString('utf8'), source) };
  });
}

function readFile(path: string): { readonly content: Buffer } | { readonly reason: string } {
  try {
    return { content: readFileSync(path) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { reason: REASONS.get(code ?? '') ?? message };
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'permission denied'],
]);
