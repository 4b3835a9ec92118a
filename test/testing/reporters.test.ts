// What each reporter makes of one recorded run, as goldens: `vitest -u` writes them anew, and the diff is reviewed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { githubReporter } from '../../src/testing/reporters/github.ts';
import { jsonReporter } from '../../src/testing/reporters/json.ts';
import { textReporter } from '../../src/testing/reporters/text.ts';
import type { Reporter } from '../../src/testing/result.ts';
import { MemoryOutput } from './memory-output.ts';
import { RECORDED, RESULTS } from './recorded-run.ts';

async function told(reporterOf: (output: MemoryOutput) => Reporter): Promise<string> {
  const output = new MemoryOutput();
  const reporter = reporterOf(output);
  for (const event of RECORDED) reporter.tell(event);
  await reporter.end();
  return output.text;
}

function temporaryFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'scf-ws-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

describe('text', () => {
  it('is plain lines without a terminal', async () => {
    const text = await told(output => textReporter(output, { colour: false, columns: null }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not be there.
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    await expect(text).toMatchFileSnapshot('golden/text.txt');
  });

  it('has colours and marks on a terminal, and a status line below what stays', async () => {
    const text = await told(output => textReporter(output, { colour: true, columns: () => 72 }));
    await expect(visible(text)).toMatchFileSnapshot('golden/text-terminal.txt');
  });

  it('never lets the status line be longer than the terminal is wide', async () => {
    const text = await told(output => textReporter(output, { colour: false, columns: () => 30 }));
    const statusLines = text.split('\r\u001b[K').filter(part => part !== '' && !part.includes('\n'));
    expect(statusLines.length).toBeGreaterThan(3);
    for (const line of statusLines) {
      // A Chinese character takes two columns.
      const width = [...line].reduce((sum, each) => sum + (/\p{sc=Han}/u.test(each) ? 2 : 1), 0);
      expect(width, line).toBeLessThan(30);
    }
  });

  it('leaves no status line behind', async () => {
    const text = await told(output => textReporter(output, { colour: false, columns: () => 72 }));
    // What stands before the last erasing of a line is gone.
    const lines = text.split('\n').map(line => line.split('\r\u001b[K').at(-1));
    const screen = lines.join('\n');
    expect(screen).toBe(await told(output => textReporter(output, { colour: false, columns: null })));
  });
});

describe('json', () => {
  it('is one document with everything', async () => {
    const text = await told(jsonReporter);
    await expect(text).toMatchFileSnapshot('golden/json.txt');
    const document = JSON.parse(text) as { scenarios: unknown };
    expect(document.scenarios).toEqual(RESULTS);
  });
});

describe('github', () => {
  const annotations = (workspace: string | null): Promise<string> =>
    told(output => githubReporter(output, { workspace, summaryFile: null }));

  it('is one workflow command a line, each failure at its step', async () => {
    const text = await annotations(null);
    await expect(text).toMatchFileSnapshot('golden/github.txt');
    for (const line of text.trimEnd().split('\n')) {
      const [, where = ''] = /^::error (.*?)::/.exec(line) ?? [];
      expect(where, line).toMatch(/^file=[^,:]+,line=\d+,col=\d+,title=[^,:]+$/);
    }
  });

  it('names files relative to the repository, wherever it is run in it', async () => {
    expect(await annotations(resolve('..'))).toMatch(/^::error file=[^/]+\/tests\/broken/);
    expect(await annotations(resolve('elsewhere'))).toMatch(/^::error file=tests\/broken/);
  });

  it('adds a summary in Markdown to what other steps wrote', async () => {
    const summaryFile = temporaryFile('summary.md');
    const tell = (): Promise<string> =>
      told(output => githubReporter(output, { workspace: null, summaryFile }));
    await tell();
    const first = readFileSync(summaryFile, 'utf8');
    await expect(first).toMatchFileSnapshot('golden/github-summary.md');
    await tell();
    expect(readFileSync(summaryFile, 'utf8')).toBe(first + first);
  });

  test('a summary that cannot be written is a warning', async () => {
    const summaryFile = join(temporaryFile('none'), 'summary.md');
    const text = await told(output => githubReporter(output, { workspace: null, summaryFile }));
    expect(text).toContain('::warning::Cannot write the step summary');
  });
});

/** Escape sequences so that a diff shows them. */
function visible(text: string): string {
  return text.replaceAll('\u001b', '␛').replaceAll('\r', '␍');
}
