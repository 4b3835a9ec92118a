// The JUnit report: one golden, and what a schema and an XML parser that nobody here wrote say of it.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { junitReporter } from '../../src/testing/reporters/junit.ts';
import type { RunEvent, ScenarioResult } from '../../src/testing/result.ts';
import { missingExecutable, needs } from '../e2e/parts.ts';
import { MemoryOutput } from './memory-output.ts';
import { BUG, MANY_LINES, RECORDED } from './recorded-run.ts';

const SCHEMA = fileURLToPath(new URL('junit.rng', import.meta.url));
const XMLLINT = '/usr/bin/xmllint';

function report(events: readonly RunEvent[]): string {
  const output = new MemoryOutput();
  const reporter = junitReporter(output);
  for (const event of events) reporter.tell(event);
  return output.text;
}

function ofResults(results: readonly ScenarioResult[], durationMs = 1): string {
  const totals = { passed: 0, failed: results.length, skipped: 0, problems: 0, durationMs };
  return report([{ type: 'run-ended', totals, stopped: null, results }]);
}

/** Throws with xmllint's own words if the document does not fit the schema. */
function validate(xml: string): void {
  execFileSync(XMLLINT, ['--noout', '--relaxng', SCHEMA, '-'], {
    input: xml,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function xpath(xml: string, expression: string): string {
  return execFileSync(XMLLINT, ['--xpath', expression, '-'], { input: xml, encoding: 'utf8' }).trimEnd();
}

it('has a suite for each file, and in it all that is known', async () => {
  await expect(report(RECORDED)).toMatchFileSnapshot('golden/junit.xml');
});

describe('xmllint', () => {
  beforeEach(context => needs(missingExecutable(XMLLINT, 'libxml2-utils'), context));

  it('finds the report valid', () => {
    validate(report(RECORDED));
  });

  it('finds the report of a run without a scenario valid', () => {
    validate(ofResults([]));
  });

  it.each([999, 1000, 999_999, 1_000_000, 12_345_678])('finds a duration of %i ms valid', durationMs => {
    validate(ofResults([{ ...BUG, durationMs }], durationMs));
  });

  it('would find a stranger', () => {
    expect(() => validate(report(RECORDED).replace('<testcase ', '<testcase file="a" '))).toThrow(
      'Invalid attribute file',
    );
  });

  it('reads back what was said, but for what XML cannot hold', () => {
    const name = 'a "quoted" <name> & ]]> \ud83d\ude00\ud800\ufffe';
    const message = `${name}\nand a second line`;
    const failure = { ...(MANY_LINES.failure ?? never()), message };
    const xml = ofResults([{ ...MANY_LINES, name, failure }]);
    validate(xml);
    const readable = 'a "quoted" <name> & ]]> \ud83d\ude00\\ud800';
    expect(xpath(xml, 'string(//testcase/@name)')).toBe(readable);
    expect(xpath(xml, 'string(//failure/@message)')).toBe(`${readable} and a second line`);
    expect(xpath(xml, 'string(//failure)')).toContain(`${readable}\nand a second line`);
    expect(xpath(xml, 'string(//system-out)')).toBe(
      'listening on 9000\nError: half a pair \\ud800, a bell \\x07, ]]> and ```',
    );
  });
});

function never(): never {
  throw new Error('The recorded failure has gone');
}
