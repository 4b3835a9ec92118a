// Filters and shards: who is chosen, and that nobody is lost or run twice.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterScenarios, parseFilter, parseShard, shardOf } from '../../src/testing/run/select-scenarios.ts';
import { scenarioOf } from './scenarios.ts';

const scenarios = ['echoes text', 'Echoes bytes', 'closes (1000)'].map(scenarioOf);

function chosenBy(filter: string): readonly string[] {
  return filterScenarios(scenarios, parseFilter(filter)).map(({ name }) => name);
}

describe('a filter', () => {
  it.each([
    ['echoes', ['echoes text']],
    ['(1000)', ['closes (1000)']],
    ['/echoes/i', ['echoes text', 'Echoes bytes']],
    ['/^.choes/g', ['echoes text', 'Echoes bytes']],
    ['some.scenario', scenarios.map(({ name }) => name)],
    ['/\\.yaml$/', scenarios.map(({ name }) => name)],
    ['/', []],
    ['none', []],
  ])('%s chooses %j', (filter, names) => {
    expect(chosenBy(filter)).toEqual(names);
  });

  it('that is a broken regular expression is an error', () => {
    expect(() => parseFilter('/(/')).toThrow(SyntaxError);
  });
});

describe('a shard', () => {
  it.each(['0/2', '3/2', '1/0', '1', '1/2/3', '-1/2', '1.5/2', 'a/b', ''])('is not %j', text => {
    expect(parseShard(text)).toBeNull();
  });

  it('has each scenario once in all shards together, and nearly as many as the others', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer({ min: 1, max: 12 }), (total, count) => {
        const all = Array.from({ length: total }, (_, index) => scenarioOf(`s${index}`, index));
        const shards = Array.from({ length: count }, (_, index) =>
          shardOf(all, parseShard(`${index + 1}/${count}`)),
        );
        expect(new Set(shards.flat())).toEqual(new Set(all));
        expect(shards.flat()).toHaveLength(total);
        const sizes = shards.map(shard => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
