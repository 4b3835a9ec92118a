// The documentation says what the program does: generated parts are equal to their source, and `vitest -u` mends them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { program } from '../src/cli/program.ts';
import { tencentScf } from '../src/platforms/tencent-scf.ts';
import { parseScenarios } from '../src/testing/scenario/parse-scenario.ts';
import { STEP_KINDS } from '../src/testing/scenario/step-schema.ts';
import { assumptionsTable, findingsTable, helpText, limitsTable, statusTable } from './docs-tables.ts';
import {
  exampleLines,
  messagesTable,
  scenarioKeysTable,
  stepOptionsTable,
  stepsTable,
} from './scenario-tables.ts';

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
  steps: stepsTable(),
  stepOptions: stepOptionsTable(),
  messages: messagesTable(),
  scenarioKeys: scenarioKeysTable(),
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

describe('the scenarios of the README', () => {
  const problemsOf = (text: string) =>
    parseScenarios(text, {
      file: 'README.scenario.yaml',
      dir: '/',
      environment: {},
      set: { room: 'lobby' },
      readFile: () => ({ content: Buffer.from('') }),
    }).problems;
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');
  const files = blocks.filter(text => /^(steps|scenarios):/m.test(text));
  const lists = blocks.filter(text => /^- /.test(text));

  it.each([...files, ...lists.map(text => `steps:\n${text}`)])('%s', text => {
    expect(problemsOf(text)).toEqual([]);
  });

  test('are a single one, several in a file, and a setup', () => {
    expect([files.length, lists.length]).toEqual([2, 1]);
  });

  it.each(STEP_KINDS)('have an example of %s, which is sound', kind => {
    const section = readme.slice(readme.indexOf('## Scenarios'), readme.indexOf('## Sandboxes'));
    const examples = exampleLines(kind);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(section).toContain(`\`${example}\``);
      const before = kind === 'connect' || kind === 'expectRefused' ? '' : '- connect: { as: alice }\n';
      expect(problemsOf(`steps:\n${before}${example}\n`)).toEqual([]);
    }
  });
});

it('every flag has a description', () => {
  for (const command of program(() => {}).commands) {
    for (const option of command.options) expect(option.description, option.flags).not.toBe('');
  }
});
