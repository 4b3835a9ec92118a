// What messages and reports are taken for, and what is said of those that are something else.
import { describe, expect, it, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { JsonValue } from '../../src/testing/json.ts';
import { matchMessage, matchText } from '../../src/testing/match/match.ts';
import { matchReport } from '../../src/testing/match/match-report.ts';
import type { ExpectedMessage, Variables } from '../../src/testing/scenario.ts';
import { stepsOf } from './scenario-source.ts';

const NONE: Variables = new Map();

/** What a step `expect: …` expects. */
function expectation(yaml: string, variables: Variables = NONE): ExpectedMessage {
  const set = Object.fromEntries([...variables].map(([name]) => [name, '']));
  const step = stepsOf(`steps:\n- connect: {}\n- expect: ${yaml}`, { set })[1];
  if (step?.kind !== 'expect') expect.fail('An expect step expected');
  return step.message;
}

const received = (data: string | Buffer) => ({ data: Buffer.from(data), isBinary: Buffer.isBuffer(data) });

function match(yaml: string, data: string | Buffer, variables: Variables = NONE) {
  return matchMessage(expectation(yaml, variables), received(data), variables);
}

function mismatch(yaml: string, data: string | Buffer, variables?: Variables) {
  const result = match(yaml, data, variables);
  if (result.ok) expect.fail('A mismatch expected');
  return result;
}

describe('a message is what is expected', () => {
  const variables: Variables = new Map<string, JsonValue>([
    ['name', 'a.b'],
    ['n', 7],
    ['user', { id: 7 }],
  ]);
  it.each<[string, string | Buffer]>([
    ['hello', 'hello'],
    ['""', ''],
    ['"hi ${name}, ${n}, ${user}, $${n}"', 'hi a.b, 7, {"id":7}, ${n}'],
    ['{}', 'anything'],
    ['{}', Buffer.of(0)],
    ['{ json: { a: 1 } }', '{ "b": 2, "a": 1 }'],
    ['{ json: { a: { b: [1, { c: 2 }] } } }', '{"a":{"b":[1,{"c":2,"d":3}]}}'],
    ['{ json: [] }', '[]'],
    ['{ json: {} }', '{"a":1}'],
    ['{ json: null }', 'null'],
    ['{ json: "${n}" }', '7'],
    ['{ json: { user: "${user}", text: "n is ${n}" } }', '{"user":{"id":7,"x":1},"text":"n is 7"}'],
    ['{ json: { a: 1 }, binary: true }', Buffer.from('{"a":1}')],
    ['{ matches: "^h.*o$" }', 'hello'],
    ['{ matches: "^H", flags: i }', 'hello'],
    ['{ matches: "^${name}$" }', 'a.b'],
    ['{ matches: "a{2}$" }', 'aa'],
    ['{ base64: aGk= }', Buffer.from('hi')],
    ['{ size: 3 }', 'é1'],
    ['{ size: { max: 3 } }', Buffer.alloc(2)],
  ])('%s: %j', (yaml, data) => {
    expect(match(yaml, data, variables)).toMatchObject({ ok: true });
  });

  test('text and binary are not the same', () => {
    expect(match('{ binary: false, size: 2 }', 'hi').ok).toBe(true);
    expect(match('{ binary: false, size: 2 }', Buffer.from('hi')).ok).toBe(false);
    expect(mismatch('hello', Buffer.from('hello')).reason).toBe(
      'expected a text message, got a binary one of 5 B; if that is meant, add binary: true',
    );
    expect(mismatch('{ base64: aGk= }', 'hi').reason).toBe(
      'expected a binary message, got a text one of 2 B',
    );
  });
});

describe('a message that is something else', () => {
  it.each<[string, string | Buffer, string]>([
    ['hello', 'hullo', 'expected "hello", got "hullo"'],
    ['{ json: { a: 1 } }', 'hello', 'expected JSON, got text that is not JSON: "hello"'],
    ['{ json: { a: 1 } }', '{}', '$.a is missing'],
    ['{ json: { a: 1 } }', '{"a":"1"}', '$.a is "1" instead of 1'],
    ['{ json: { a: null } }', '{"a":0}', '$.a is 0 instead of null'],
    ['{ json: { "a b": { c: 1 } } }', '{"a b":{}}', '$["a b"].c is missing'],
    ['{ json: { a: [1, 2] } }', '{"a":[1]}', '$.a is a list of 1 item instead of 2'],
    ['{ json: { a: [1, 2] } }', '{"a":[1,3]}', '$.a[1] is 3 instead of 2'],
    ['{ json: { a: { b: 1 } } }', '{"a":[]}', '$.a is [] instead of an object with the key b'],
    ['{ json: [1] }', '{"0":1}', '$ is {"0":1} instead of a list of 1 item'],
    [
      '{ json: { a: 1, b: 2, c: 3, d: 4, e: 5 } }',
      '{"a":0}',
      '$.a is 0 instead of 1, $.b is missing, $.c is missing and 2 more',
    ],
    ['{ json: { constructor: 1 } }', '{}', '$.constructor is missing'],
    ['{ matches: "^a" }', 'hello', 'expected a text that matches /^a/, got "hello"'],
    ['{ size: 300KB }', 'hello', 'expected a message of 300 KB (307200 B), got one of 5 B'],
    ['{ size: { min: 6 } }', 'hello', 'expected a message of 6 B or more, got one of 5 B'],
    ['{ size: { min: 1, max: 2 } }', 'hello', 'expected a message of 1 B to 2 B, got one of 5 B'],
    ['{ base64: AAEC }', Buffer.of(0, 1, 3), 'expected 3 B, got 3 B: the two differ from byte 3 on'],
  ])('%s: %j', (yaml, data, reason) => {
    expect(mismatch(yaml, data)).toMatchObject({ reason, capture: null });
  });

  test('is compared as JSON with its keys in order, and only in what was expected', () => {
    const { expected, actual } = mismatch(
      '{ json: { b: { y: 1, x: 2 }, a: 1 } }',
      '{"b":{"y":1,"z":3},"c":1,"a":1}',
    );
    expect(expected).toBe('{\n  "a": 1,\n  "b": {\n    "x": 2,\n    "y": 1\n  }\n}');
    expect(actual).toBe('{\n  "a": 1,\n  "b": {\n    "y": 1\n  }\n}');
  });

  test('is shown around the first difference if it is long', () => {
    const text = `${'x'.repeat(50_000)}hello${'y'.repeat(50_000)}`;
    const { reason, expected, actual } = mismatch(text, text.replace('hello', 'hullo'));
    expect(reason).toBe('expected another text: the two differ from character 50002 on');
    expect(expected).toContain('xhelloy');
    expect(actual).toContain('xhulloy');
    for (const shown of [expected, actual]) expect(shown?.length).toBeLessThan(1100);
  });

  test('no character is cut in two', () => {
    const text = '😀'.repeat(3000);
    const { expected, actual, reason } = mismatch(text, `${text}!`);
    const halves = /(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/;
    for (const shown of [expected, actual, reason]) expect(shown).not.toMatch(halves);
  });

  test('of bytes is dumped, from the line before the difference', () => {
    const data = Buffer.from(
      'hello, here are bytes: \u0000\u0001 and more of them, enough for several lines of a dump',
    );
    const other = Buffer.from(data);
    other[40] = 0xff;
    const { expected, actual } = mismatch(`{ base64: ${data.toString('base64')} }`, other);
    expect(expected).toMatchInlineSnapshot(`
      "78 B
      …
      000010  62 79 74 65 73 3a 20 00 01 20 61 6e 64 20 6d 6f  bytes: .. and mo
      000020  72 65 20 6f 66 20 74 68 65 6d 2c 20 65 6e 6f 75  re of them, enou
      000030  67 68 20 66 6f 72 20 73 65 76 65 72 61 6c 20 6c  gh for several l
      000040  69 6e 65 73 20 6f 66 20 61 20 64 75 6d 70        ines of a dump"
    `);
    expect(actual).toMatchInlineSnapshot(`
      "78 B
      …
      000010  62 79 74 65 73 3a 20 00 01 20 61 6e 64 20 6d 6f  bytes: .. and mo
      000020  72 65 20 6f 66 20 74 68 ff 6d 2c 20 65 6e 6f 75  re of th.m, enou
      000030  67 68 20 66 6f 72 20 73 65 76 65 72 61 6c 20 6c  gh for several l
      000040  69 6e 65 73 20 6f 66 20 61 20 64 75 6d 70        ines of a dump"
    `);
  });
});

describe('captures', () => {
  const message = '{"user":{"id":7,"tags":["a","b"],"a b":null},"n":1}';
  const captured = (path: string, data: string): unknown => {
    const result = match(`{ capture: { it: '${path}' } }`, data);
    return result.ok ? result.captured.get('it') : result.reason;
  };

  it.each<[string, string, JsonValue]>([
    ['$.user.id', message, 7],
    ['$.user.tags[1]', message, 'b'],
    ['$.user.tags', message, ['a', 'b']],
    ['$.user["a b"]', message, null],
    ['$["n"]', message, 1],
    ['$', '{"a":1}', { a: 1 }],
    ['$', 'hello', 'hello'],
    ['$', '5', 5],
    ['$', '1.10', '1.10'],
    ['$', '12345678901234567890', '12345678901234567890'],
    ['$[0]', '[3]', 3],
  ])('%s of %s', (path, data, value) => {
    expect(captured(path, data)).toEqual(value);
  });

  it.each([
    ['$.user.name', message, 'because $.user is an object with the keys id, tags, "a b"'],
    ['$.user.tags[2]', message, 'because $.user.tags is a list of 2 items'],
    ['$.n.x', message, 'because $.n is 1'],
    ['$.user.tags.length', message, 'because $.user.tags is a list of 2 items'],
    ['$.constructor', '{}', 'because $ is an object without keys'],
    ['$.a', 'hello', 'because the message is not JSON'],
  ])('%s of %s finds nothing', (path, data, why) => {
    const result = mismatch(`{ capture: { it: '${path}' } }`, data);
    expect(result.reason).toBe(`it cannot be captured: there is nothing at ${path}, ${why}`);
    expect(result.capture).toMatchObject({ name: 'it', path: { text: path }, at: { line: 3, column: 24 } });
    expect(result.actual).toContain(data === 'hello' ? 'hello' : '{');
  });

  test('of named groups', () => {
    const result = match('{ matches: "^(?<word>\\\\w+) (?<n>\\\\d+)?" }', 'hello there');
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && Object.fromEntries(result.captured)).toEqual({ word: 'hello', n: null });
  });
});

test('a close reason is matched as text', () => {
  expect(matchText({ kind: 'text', text: 'bye' }, 'bye', NONE)).toBeNull();
  expect(matchText({ kind: 'text', text: 'bye' }, '', NONE)).toMatchObject({
    reason: 'expected "bye", got ""',
  });
});

describe('a report', () => {
  const report: InvocationReport = {
    requestId: 'r1',
    function: 'echo',
    platform: 'tencent-scf',
    statusCode: 456,
    statusBasis: 'documented',
    cause: 'client-lost',
    closedBy: 'client',
    closeCode: 1006,
    closeReason: '',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 5000.5,
    billedMs: 5001,
    initMs: null,
    memoryMB: 128,
    memUsageMB: 48.86,
    up: { messages: 1, bytes: 2 },
    down: { messages: 3, bytes: 4 },
    sandbox: { driver: 'process', pid: 18773, exit: 'SIGTERM', origin: 'cold' },
  };
  const compare = (yaml: string) => {
    const step = stepsOf(`steps:\n- connect: {}\n- expectInvocation: ${yaml}`, { set: { id: '' } })[1];
    if (step?.kind !== 'expectInvocation') expect.fail('An expectInvocation step expected');
    return matchReport(step.report, report, new Map([['id', 'r1']]));
  };

  it.each([
    '{}',
    '{ status: 456 }',
    '{ statusCode: { min: 400, max: 499 }, cause: client-lost, initMs: null }',
    '{ durationMs: { min: 5000 }, up: { messages: 1, bytes: { max: 2 } }, sandbox: { origin: cold } }',
    '{ requestId: "${id}", closeReason: "" }',
  ])('is %s', yaml => {
    expect(compare(yaml)).toBeNull();
  });

  it.each([
    ['{ status: 455 }', 'status is 456 instead of 455'],
    [
      '{ statusCode: 455, cause: idle-timeout }',
      'status is 456 instead of 455, cause is "client-lost" instead of "idle-timeout"',
    ],
    ['{ durationMs: { min: 60000 } }', 'durationMs is 5000.5 instead of 60000 or more'],
    ['{ durationMs: { max: 1 } }', 'durationMs is 5000.5 instead of at most 1'],
    ['{ initMs: { min: 0 } }', 'initMs is null instead of 0 or more'],
    ['{ up: { messages: { min: 2, max: 3 } } }', 'up.messages is 1 instead of 2 to 3'],
    ['{ sandbox: { exit: null } }', 'sandbox.exit is "SIGTERM" instead of null'],
  ])('is not %s', (yaml, reason) => {
    expect(compare(yaml)?.reason).toBe(reason);
  });

  test('that is not shows no difference where a range is met', () => {
    const mismatched = compare('{ durationMs: { min: 1 }, status: 455 }');
    expect(mismatched?.expected).toBe('{\n  "durationMs": 5000.5,\n  "status": 455\n}');
    expect(mismatched?.actual).toBe('{\n  "durationMs": 5000.5,\n  "status": 456\n}');
  });
});
