// scf.yaml.example parses, and documents exactly the keys that exist.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { defaultConfig } from '../../src/config/defaults.ts';
import { ASSUME_KEYS, FUNCTION_KEYS, FUNCTIONS_FILE_KEYS, LIMITS_KEYS } from '../../src/config/key-names.ts';
import { functionOf, functionsOf } from './helpers.ts';

const text = readFileSync(new URL('../../scf.yaml.example', import.meta.url), 'utf8');

/** The second shape, which stands in the file as a comment. */
const several = text.slice(text.indexOf('# platform: tencent-scf')).replace(/^# ?/gm, '');

describe('the example has exactly the keys of the schema', () => {
  const example = parse(text);
  it.each([
    ['a function', example, FUNCTION_KEYS],
    ['limits', example.limits, LIMITS_KEYS],
    ['assume', example.assume, ASSUME_KEYS],
    ['a file with several functions', parse(several), FUNCTIONS_FILE_KEYS],
  ])('%s', (_, value, keys) => {
    expect(Object.keys(value).sort()).toEqual([...keys].sort());
  });
});

test('each key of the example says something about itself', () => {
  const keys = text.split('\n').filter(line => /^ {0,2}[a-z][A-Za-z]*:/.test(line));
  expect(keys).toHaveLength(FUNCTION_KEYS.length + LIMITS_KEYS.length + ASSUME_KEYS.length);
  for (const line of keys) expect(line).toMatch(/: .*# .{10,}/);
});

test('both shapes of the example parse without problems', () => {
  expect(functionOf(text).name).toBe('echo');
  expect(functionsOf(several).map(({ route }) => route)).toEqual(['/chat', '/v1/feed']);
});

test('limits and assumptions of the example are the defaults', () => {
  const { limits, assume } = defaultConfig({ dir: '/work' });
  expect(functionOf(text)).toMatchObject({ limits, assume });
});

test('every default that the example names is the default', () => {
  const defaults = defaultConfig({ dir: '/work' });
  const stated = (key: string) => Number(new RegExp(`^${key}:.*; default (\\d+)`, 'm').exec(text)?.[1]);
  expect(stated('idleTimeout') * 1000).toBe(defaults.idleTimeoutMs);
  expect(stated('timeout') * 1000).toBe(defaults.executionTimeoutMs);
  expect(stated('initTimeout') * 1000).toBe(defaults.initTimeoutMs);
  expect(stated('memorySize')).toBe(defaults.memoryMB);
  expect(text).toContain(`; default ${defaults.network}\n`);
});
