// Short ways from the text of a scenario file to what the tests look at.
import { expect } from 'vitest';
import {
  type ParsedScenarios,
  parseScenarios,
  type ScenarioSource,
} from '../../src/testing/scenario/parse-scenario.ts';
import type { Scenario, Step } from '../../src/testing/scenario.ts';

export interface Given {
  /** Files beside the scenario: absolute path → content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly set?: Readonly<Record<string, string>>;
}

export const FILE = 'tests/chat.scenario.yaml';
export const DIR = '/home/me/chat/tests';

export function sourceOf({ files = {}, environment = {}, set = {} }: Given = {}): ScenarioSource {
  return {
    file: FILE,
    dir: DIR,
    environment,
    set,
    readFile: path =>
      Object.hasOwn(files, path)
        ? { content: Buffer.from(files[path] ?? '') }
        : { reason: 'there is no such file' },
  };
}

export function parse(text: string, given?: Given): ParsedScenarios {
  return parseScenarios(text, sourceOf(given));
}

export function scenariosOf(text: string, given?: Given): readonly Scenario[] {
  const { scenarios, problems } = parse(text, given);
  expect(problems).toEqual([]);
  return scenarios;
}

/** The steps of a file that is one scenario without problems. */
export function stepsOf(text: string, given?: Given): readonly Step[] {
  const [only, ...others] = scenariosOf(text, given);
  if (only === undefined || others.length > 0) expect.fail('One scenario expected');
  return only.steps;
}

/** The steps of a list of steps that begins with a connect, without that. */
export function stepsAfterConnect(...lines: readonly string[]): readonly Step[] {
  return stepsOf(['steps:', '- connect: {}', ...lines].join('\n')).slice(1);
}

/** `line:column message` of each problem; the file's name too if it is another one. */
export function problemsOf(text: string, given?: Given): string[] {
  return parse(text, given).problems.map(({ file, line, column, message }) => {
    const place = `${line}:${column} ${message}`;
    return file === FILE ? place : `${file}:${place}`;
  });
}

export function adviceOf(text: string, given?: Given): string[] {
  return parse(text, given).problems.map(({ advice }) => advice);
}
