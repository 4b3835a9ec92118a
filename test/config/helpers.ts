// Short ways from a config text to what the tests look at.
import { expect } from 'vitest';
import type { FunctionConfig } from '../../src/config/function-config.ts';
import { parseConfig } from '../../src/config/parse.ts';

const SOURCE = { file: 'scf.yaml', dir: '/home/me/my-app' };

export function functionsOf(text: string): readonly FunctionConfig[] {
  const parsed = parseConfig(text, SOURCE);
  if ('problems' in parsed) expect.fail(`Unexpected problems: ${JSON.stringify(parsed.problems)}`);
  return parsed.functions;
}

export function functionOf(text: string): FunctionConfig {
  const [first, ...others] = functionsOf(text);
  if (first === undefined || others.length > 0) expect.fail('One function expected');
  return first;
}

/** `line:column message` of each problem; empty for a config without problems. */
export function problemsOf(text: string): string[] {
  const parsed = parseConfig(text, SOURCE);
  if (!('problems' in parsed)) return [];
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

export function adviceOf(text: string): string[] {
  const parsed = parseConfig(text, SOURCE);
  return 'problems' in parsed ? parsed.problems.map(({ advice }) => advice) : [];
}
