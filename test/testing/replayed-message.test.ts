import { describe, expect, it } from 'vitest';
import { parseIgnoredPath } from '../../src/testing/har/ignored-path.ts';
import { matchText } from '../../src/testing/match/match.ts';

function compare(recorded: string | object, come: string | object, ...paths: string[]) {
  const ignore = paths.map(text => {
    const path = parseIgnoredPath(text);
    if (path === null) throw new Error(`not a path: ${text}`);
    return path;
  });
  const textOf = (value: string | object): string =>
    typeof value === 'string' ? value : JSON.stringify(value);
  return matchText({ kind: 'replayed', text: textOf(recorded), ignore }, textOf(come), new Map());
}

describe('without ignored paths', () => {
  it('the text must be the same', () => {
    expect(compare('héllo', 'héllo')).toBeNull();
    expect(compare('a', 'b')).toMatchObject({ reason: 'expected "a", got "b"', expected: 'a', actual: 'b' });
  });

  it('even if it is the same JSON otherwise written', () => {
    expect(compare('{"a":1,"b":2}', '{"b":2,"a":1}')).not.toBeNull();
  });
});

describe('with ignored paths', () => {
  it.each([
    ['a key', { a: 1, time: 1 }, { time: 2, a: 1 }, '$.time'],
    ['a key that only the new message has', { a: 1 }, { a: 1, time: 2 }, '$.time'],
    ['a key that only the recorded message has', { a: 1, time: 2 }, { a: 1 }, '$.time'],
    ['an item', { a: [1, 2] }, { a: [1, 3] }, '$.a[1]'],
    ['a key of every item', [{ id: 1, x: 0 }, { id: 2 }], [{ id: 8, x: 0 }, { id: 9 }], '$[*].id'],
    ['a key at any depth', { time: 1, a: [{ time: 2 }] }, { time: 3, a: [{ time: { at: 4 } }] }, '$..time'],
    ['a key that is no name', { 'a b': 1 }, { 'a b': 2 }, '$["a b"]'],
    ['all keys of an object', { a: { b: 1, c: 2 } }, { a: { b: 3, c: 4 } }, '$.a.*'],
    ['an item at any depth', { a: [1], b: [[1]] }, { a: [2], b: [[2]] }, '$..[0]'],
  ])('%s may differ', (_name, recorded, come, path) => {
    expect(compare(recorded, come, path)).toBeNull();
    expect(compare(recorded, come, '$.other')).not.toBeNull();
  });

  it.each([
    ['another value', { a: 1, time: 1 }, { a: 2, time: 2 }, '$.a'],
    ['another type', { a: 1, time: 1 }, { a: '1', time: 2 }, '$.a'],
    ['a missing item', { list: [1, 2], time: 1 }, { list: [1], time: 2 }, '$.list[1]'],
    ['a key more', { a: {}, time: 1 }, { a: { b: null }, time: 2 }, '$.a.b'],
    ['a list for an object', { a: {}, time: 1 }, { a: [], time: 2 }, '$.a'],
    ['a list for an object, at the top', { time: 1 }, [], '$'],
  ])('%s is told with its path', (_name, recorded, come, path) => {
    expect(compare(recorded, come, '$.time')?.reason).toBe(`${path} is not what it was when it was recorded`);
  });

  it('the comparison has both as JSON in one order, without what is ignored', () => {
    expect(compare({ b: 1, a: 1, time: 1 }, { time: 2, a: 1, b: 2 }, '$.time')).toMatchObject({
      expected: '{\n  "a": 1,\n  "b": 1,\n  "time": "(ignored)"\n}',
      actual: '{\n  "a": 1,\n  "b": 2,\n  "time": "(ignored)"\n}',
    });
  });

  it('what is not JSON must be the same text', () => {
    expect(compare('pong 1', 'pong 2', '$.time')).toMatchObject({ expected: 'pong 1', actual: 'pong 2' });
    expect(compare('1', '2', '$.time')).toMatchObject({ expected: '1', actual: '2' });
    expect(compare({ time: 1 }, 'not JSON', '$.time')).toMatchObject({ actual: 'not JSON' });
  });
});

it.each(['', '$', 'time', '.time', '$.', '$.a[', '$.a[x]', '$.a b', '$..', '$time'])(
  '%j is no path',
  text => {
    expect(parseIgnoredPath(text)).toBeNull();
  },
);
