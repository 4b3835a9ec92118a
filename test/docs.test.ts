// The documentation says what the program does: generated parts are equal to their source, and `vitest -u` mends them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { program } from '../src/cli/program.ts';
import { tencentScf } from '../src/platforms/tencent-scf.ts';
import { assumptionsTable, findingsTable, helpText, limitsTable, statusTable } from './docs-tables.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const readme = readFileSync(README, 'utf8');

const PARTS: Readonly<Record<string, string>> = {
  limits: limitsTable(tencentScf),
  status: statusTable(tencentScf),
  assumptions: assumptionsTable(tencentScf),
  help: helpText('dev'),
  helpTest: helpText('test'),
  helpCheck: helpText('check'),
  findings: findingsTable(),
};

it('the README has every generated part, and each is equal to its source', async () => {
  const names = new Set<string>();
  const renewed = readme.replace(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_whole, begin, name, end) => {
      names.add(name);
      return `${begin}${PARTS[name]}\n${end}`;
    },
  );
  expect([...names].sort()).toEqual(Object.keys(PARTS).sort());
  await expect(renewed).toMatchFileSnapshot(README);
});

describe('src/README.md', () => {
  const inside = readFileSync(new URL('../src/README.md', import.meta.url), 'utf8');
  it.each(
    [
      ...inside.matchAll(
        /`((?:core|platforms|config|sandbox|gateway|journal|recording|testing|check|cli)\/[\w/.-]*\w\.ts)`/g,
      ),
    ].map(([, path]) => path ?? ''),
  )('names %s, which exists', path => {
    expect(() => readFileSync(new URL(`../src/${path}`, import.meta.url))).not.toThrow();
  });
});

it('every flag has a description', () => {
  for (const command of program(() => {}).commands) {
    for (const option of command.options) expect(option.description, option.flags).not.toBe('');
  }
});
