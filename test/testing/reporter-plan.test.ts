// Which reporter writes where, for what people write on the command line.
import { describe, expect, it } from 'vitest';
import type { Target } from '../../src/testing/reporters/reporter-plan.ts';
import { parseReporter, planReporters } from '../../src/testing/reporters/reporter-plan.ts';

function plan(reporters: string, outputs = ''): string {
  const words = (text: string): string[] => text.split(' ').filter(word => word !== '');
  const choices = words(reporters).map(word => parseReporter(word) ?? unknown(word));
  return planReporters(choices, words(outputs))
    .map(({ kind, target }) => `${kind} > ${name(target)}`)
    .join(', ');
}

function name(target: Target): string {
  return target.to === 'file' ? target.path : target.to;
}

function unknown(word: string): never {
  throw new Error(`${word} is no reporter`);
}

describe('reporters and outputs', () => {
  it.each([
    ['', '', 'text > stdout'],
    ['text', '', 'text > stdout'],
    ['junit', '', 'junit > stdout'],
    ['junit', 'a.xml', 'junit > a.xml'],
    ['junit:a.xml', '', 'junit > a.xml'],
    ['text junit', 'a.xml', 'text > stdout, junit > a.xml'],
    ['text junit json', 'a.xml b.json', 'text > stdout, junit > a.xml, json > b.json'],
    ['text junit:a.xml json', 'b.json', 'text > stdout, junit > a.xml, json > b.json'],
    ['github junit', 'a.xml', 'github > stdout, junit > a.xml'],
    ['text github', '', 'text > stdout, github > stdout'],
    ['text json', '', 'text > stderr, json > stdout'],
    ['text json', '-', 'text > stderr, json > stdout'],
    ['text github json junit:a.xml', '', 'text > stderr, github > stderr, json > stdout, junit > a.xml'],
    ['text:a.log text', '', 'text > a.log, text > stdout'],
    ['junit:C:\\a.xml', '', 'junit > C:\\a.xml'],
  ])('%j with --output %j: %s', (reporters, outputs, expected) => {
    expect(plan(reporters, outputs)).toBe(expected);
  });

  it.each([
    ['', 'a.xml', '--output a.xml has no reporter'],
    ['junit:a.xml', 'b.xml', '--output b.xml has no reporter'],
    ['junit json', '', 'Both junit and json would go to standard output'],
    ['junit json', 'a', 'no error'],
    ['junit:a json:a', '', 'Two reporters would write a'],
  ])('%j with --output %j: %s', (reporters, outputs, message) => {
    if (message === 'no error') expect(plan(reporters, outputs)).toBe('junit > a, json > stdout');
    else expect(() => plan(reporters, outputs)).toThrow(message);
  });

  it.each(['xml', '', ':a.xml', 'JUnit'])('%j is no reporter', text => {
    expect(parseReporter(text)).toBeNull();
  });
});
