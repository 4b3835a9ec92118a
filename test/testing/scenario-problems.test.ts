// What is wrong with a scenario file: each problem at its place, all at once, with one line of advice.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatProblem } from '../../src/config/problem.ts';
import { parseScenarios } from '../../src/testing/scenario/parse-scenario.ts';
import { STEP_KINDS } from '../../src/testing/scenario/step-schema.ts';
import { adviceOf, parse, problemsOf, sourceOf } from './scenario-source.ts';

const after = (line: string): string => `steps:\n- connect: {}\n- ${line}\n`;

test('the problems of a file come at once, in its order, those of its setup last', async () => {
  const folder = new URL('golden/', import.meta.url);
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
  const files = { '/home/me/chat/tests/broken-setup.yaml': read('broken-setup.yaml') };
  const { scenarios, problems } = parse(read('many-problems.scenario.yaml'), { files });
  expect(scenarios).toEqual([]);
  await expect(`${problems.map(formatProblem).join('\n')}\n`).toMatchFileSnapshot('golden/many-problems.txt');
});

describe('single values', () => {
  it.each([
    ['send:', '3:3 send has no value'],
    [
      'send: [a]',
      '3:3 send must be text, or a map with one of text, json, base64, size and file: got a list',
    ],
    [
      'send: {}',
      '3:3 send must be text, or a map with one of text, json, base64, size and file: got an empty map',
    ],
    ['send: .nan', '3:3 send must be text, or a map with one of text, json, base64, size and file: got NaN'],
    ['send: { size: 1XB }', '3:11 send.size must be a size: got "1XB"'],
    ['send: { size: 1GB }', '3:11 send.size must be a size: got "1GB"'],
    ['send: { base64: "?" }', '3:11 send.base64 must be base64: got "?"'],
    ['send: { binary: yes, text: a }', '3:11 send.binary must be true or false: got "yes"'],
    ['send: { file: gone.bin }', '3:11 Cannot read gone.bin: there is no such file'],
    ['send: { json: { a: ["${b}"] } }', '3:23 Unknown variable b'],
    ['send: "${a b}"', '3:3 "${a b}" is not a variable'],
    ['send: "${"', '3:3 "${" is not a variable'],
    ['expect:', '3:3 expect has no value'],
    ['expect: { matches: "(" }', '3:13 matches must be a regular expression: Unterminated group'],
    [
      'expect: { matches: "[z-a]" }',
      '3:13 matches must be a regular expression: Range out of order in character class',
    ],
    ['expect: { matches: "${x" }', '3:13 "${x" is not a variable'],
    ['expect: { matches: a, flags: g }', '3:25 expect.flags must be flags of a regular expression: got "g"'],
    ['expect: hi\n  within: soon', '4:3 within must be a duration: got "soon"'],
    ['expect: hi\n  within: -1', '4:3 within must be a duration: got -1'],
    ['expect: hi\n  capture: { id: id }', '4:14 capture.id must be a path into the message: got "id"'],
    ['expect: hi\n  capture: { id: $.a b }', '4:14 capture.id must be a path into the message: got "$.a b"'],
    ['expect: hi\n  capture: { a-b: $ }', '4:14 capture.a-b must be the name of a variable: got "a-b"'],
    [
      'expect: hi\n  capture: { constructor: $ }',
      '4:14 capture.constructor is a name that scf-ws cannot use',
    ],
    [
      'expect: hi\n  capture: [a]',
      '4:3 capture must be a map from variables to where their values stand in the message: got a list',
    ],
    [
      'expect: { size: { min: 2KB, max: 1KB } }',
      '3:13 expect.size must have min, max or both, min not above max: got a map with min, max',
    ],
    ['expectAll: []', '3:3 expectAll must be a list of messages: got an empty list'],
    ['expectAll: [a, { jsno: 1 }]', '3:20 Unknown key expectAll[1].jsno: did you mean json?'],
    ['expectSilence: x', '3:3 expectSilence must be a duration: got "x"'],
    ['advance: -5', '3:3 advance must be a duration: got -5'],
    ['advance:', '3:3 advance has no value'],
    [`ping: { data: ${'x'.repeat(126)} }`, '3:11 ping.data must have at most 125 bytes: got 126'],
    ['close: 1000', '3:3 close must be a map of keys and values: got 1000'],
    ['close: { code: 1006 }', '3:12 close.code must be a close code that may be sent, or none: got 1006'],
    ['close: { code: none, reason: bye }', '3:24 close.reason cannot stand beside code: none'],
    [`close: { reason: ${'é'.repeat(62)} }`, '3:12 close.reason must have at most 123 bytes: got 124'],
    ['expectClose: { code: 999 }', '3:18 expectClose.code must be a close code: got 999'],
    [
      'expectInvocation: { cause: idle-timeot }',
      '3:23 expectInvocation.cause must be a cause: got "idle-timeot"',
    ],
    [
      'expectInvocation: { status: ok }',
      '3:23 expectInvocation.status must be a number, or a range: got "ok"',
    ],
    [
      'expectInvocation: { status: {} }',
      '3:23 expectInvocation.status must have min, max or both, min not above max: got an empty map',
    ],
    [
      'expectInvocation: { status: 1, statusCode: 1 }',
      '3:34 statusCode cannot stand beside status: they are the same',
    ],
    ['repeat: { times: 0, steps: [{ kill: }] }', '3:13 repeat.times must be a whole number from 1 on: got 0'],
    ['repeat: { times: 1 }', '3:3 repeat has no steps'],
    ['repeat: { times: 1, steps: [] }', '3:23 repeat.steps must be a list of steps: got an empty list'],
    ['parallel: {}', '3:3 parallel must be a map from clients to their steps: got an empty map'],
    ['parallel: { "a b": [{ connect: }] }', '3:15 parallel."a b" must be the name of a client: got "a b"'],
    ['connect: { as: 5 }', '3:14 connect.as must be the name of a client: got 5'],
    ['connect: { path: foo }', '3:14 connect.path must be a path that begins with "/": got "foo"'],
    [
      'connect: { headers: { "a b": x } }',
      '3:25 connect.headers."a b" must be the name of a header: got "a b"',
    ],
    [
      'connect: { headers: { A: "x\\ny" } }',
      '3:25 connect.headers.A must be the text of a header: got "x\\ny"',
    ],
    [
      'connect: { subprotocols: chat }',
      '3:14 connect.subprotocols must be a list of subprotocols, each once: got "chat"',
    ],
    [
      'connect: { subprotocols: [a, a] }',
      '3:14 connect.subprotocols must be a list of subprotocols, each once: got a list',
    ],
    ['expectRefused: { status: 5 }', '3:20 expectRefused.status must be a status code: got 5'],
  ])('%s', (line, problem) => {
    expect(problemsOf(after(line))).toEqual([problem]);
  });
});

describe('keys', () => {
  it.each([
    ['conect: {}', '3:3 Unknown step conect: did you mean connect?'],
    ['expect_close: {}', '3:3 Unknown step expect_close: did you mean expectClose?'],
    ['disconnect: {}', '3:3 Unknown step disconnect: did you mean close?'],
    ['foo: 1', '3:3 Unknown step foo'],
    ['__proto__: 1', '3:3 Unknown step __proto__'],
    ['<<: {}', '3:3 Unknown step <<: merge keys are not read'],
    ['as: client', '3:3 a step must be a map with one action in it: got a map with as'],
    ['{}', '3:3 a step must be a map with one action in it: got an empty map'],
    ['hello', '3:3 a step must be a map with one action in it: got "hello"'],
    ['~', '3:3 a step has no value'],
    ['send: a\n  expect: b', '4:3 expect cannot stand beside send'],
    ['send: a\n  within: 2s', '4:3 within cannot stand beside send'],
    ['send: a\n  az: client', '4:3 Unknown key az: did you mean as?'],
    ['send: { text: a, as: client }\n  as: client', '4:3 as is given twice'],
    ['send: { json: 1, text: a }', '3:20 send.text cannot stand beside json'],
    ['send: { jsno: 1 }', '3:11 Unknown key send.jsno: did you mean json?'],
    ['expect: { regex: a }', '3:13 Unknown key expect.regex: did you mean matches?'],
    ['expect: { foo: a }', '3:13 Unknown key expect.foo'],
    ['connect: { header: {} }', '3:14 Unknown key connect.header: did you mean headers?'],
    ['expectInvocation: { statsu: 4 }', '3:23 Unknown key expectInvocation.statsu: did you mean status?'],
    [
      'expectInvocation: { up: { mesages: 4 } }',
      '3:29 Unknown key expectInvocation.up.mesages: did you mean messages?',
    ],
    ['repeat: { tims: 4, steps: [{ kill: }] }', '3:13 Unknown key repeat.tims: did you mean times?'],
  ])('%s', (line, problem) => {
    expect(problemsOf(after(line))).toEqual([problem]);
  });

  test('nested steps are looked at too', () => {
    const text = after('repeat: { times: 2, steps: [{ parallel: { a: [{ conect: }] } }] }');
    expect(problemsOf(text)).toEqual(['3:51 Unknown step conect: did you mean connect?']);
  });
});

describe('clients', () => {
  it.each([
    ['- send: a', '2:3 send: no client has connected before this step', 'add "- connect: {}" before it'],
    [
      '- connect:\n- send: a\n  as: bob',
      '4:3 send: no client bob has connected before this step',
      'add "- connect: { as: bob }" before it',
    ],
    [
      '- connect: { as: alice }\n- send: { text: a, as: alcie }',
      '3:20 send: no client alcie has connected before this step',
      'did you mean alice?',
    ],
    [
      '- connect: { as: a }\n- connect: { as: b }\n- kill:',
      '4:3 kill: which client? a, b have connected',
      'add as: a or as: b',
    ],
    [
      '- connect: { as: a }\n- connect: { as: b }\n- expectRefused:',
      '4:3 expectRefused: which client? a, b have connected',
      'add as: a or as: b',
    ],
    [
      '- parallel: { a: [{ send: x }] }',
      '2:19 send: no client a has connected before this step',
      'add "- connect: { as: a }" before it',
    ],
    [
      '- parallel: { al: [{ connect: }], bo: [{ connect: }, { send: x, as: al }] }',
      '2:65 send: no client al has connected before this step',
      'add "- connect: { as: al }" before it',
    ],
  ])('%j', (steps, problem, advice) => {
    expect(problemsOf(`steps:\n${steps}`)).toEqual([problem]);
    expect(adviceOf(`steps:\n${steps}`)).toEqual([advice]);
  });

  it.each([
    [
      '- expectRefused: { as: bob }\n- expect: { text: hi, as: bob }',
      '3:23 expect: the connection of bob was refused before this step',
    ],
    ['- expectRefused:\n- send: hi', '3:3 send: no client has connected before this step'],
    [
      '- parallel: { bob: [{ expectRefused: }], al: [{ connect: }] }\n- kill: { as: bob }',
      '3:11 kill: the connection of bob was refused before this step',
    ],
  ])('%j: who is refused can do nothing', (steps, problem) => {
    expect(problemsOf(`steps:\n${steps}`)).toEqual([problem]);
  });

  it.each([
    '- expectRefused:\n- expectInvocation: { status: 446 }',
    '- connect: { as: alice }\n- expectRefused: { as: bob }\n- send: hi',
    '- expectRefused:\n- connect:\n- send: hi',
  ])('%j: but it has a report, is not in the way, and may come again', steps => {
    expect(problemsOf(`steps:\n${steps}`)).toEqual([]);
  });

  test('that a broken step would have connected are known to the next', () => {
    expect(problemsOf('steps:\n- conect: { as: bob }\n- send: a\n  as: bob\n- send: b')).toHaveLength(1);
    expect(problemsOf('steps:\n- connect: { as: bob, path: 5 }\n- send: a\n  as: bob')).toHaveLength(1);
  });
});

describe('variables', () => {
  it.each([
    [
      'vars: { room: a }\nsteps: [{ connect: { path: "/${rom}" } }]',
      ['2:22 Unknown variable rom: did you mean room?'],
    ],
    ['vars: { a: "${b}", b: 1 }\nsteps: [{ connect: }]', ['1:9 Unknown variable b']],
    ['vars: { a: "${b}" }\nsteps: [{ connect: { path: "/${a}" } }]', ['1:9 Unknown variable b']],
    ['vars: { a: }\nsteps: [{ connect: }]', ['1:9 vars.a has no value']],
    [
      'vars: { "a b": 1 }\nsteps: [{ connect: }]',
      ['1:9 vars."a b" must be the name of a variable: got "a b"'],
    ],
    ['vars: [1]\nsteps: [{ connect: }]', ['1:1 vars must be a map of keys and values: got a list']],
    [
      'steps: [{ connect: }, { send: "${id}" }, { expect: {}, capture: { id: $ } }]',
      ['1:25 Unknown variable id'],
    ],
    [
      'steps: [{ parallel: { a: [{ connect: }, { expect: {}, capture: { id: $ } }], b: [{ connect: }, { send: "${id}" }] } }]',
      ['1:98 Unknown variable id'],
    ],
  ])('%j', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test('that a broken step would have captured are known to the next', () => {
    const text = after('expect: { jsno: {} }\n  capture: { id: $.id }\n- send: "${id}"');
    expect(problemsOf(text)).toEqual(['3:13 Unknown key expect.jsno: did you mean json?']);
  });
});

describe('files', () => {
  it.each([
    ['', '1:1 the file has no value'],
    ['hello', '1:1 the file must be a map with steps, or with scenarios: got "hello"'],
    ['- connect: {}', '1:1 the file must be a map with steps, or with scenarios: got a list'],
    ['name: x', '1:1 the file must be a map with steps, or with scenarios: got a map with name'],
    ['stesp: []', '1:1 Unknown key stesp: did you mean steps?'],
    ['steps: 5', '1:1 steps must be a list of steps: got 5'],
    ['steps: []', '1:1 steps must be a list of steps: got an empty list'],
    ['scenarios: []', '1:1 scenarios must be a list of scenarios: got an empty list'],
    ['scenarios: [5]', '1:13 a scenario must be a map with steps: got 5'],
    ['scenarios: [{ steps: [{ connect: }] }]', '1:13 a scenario has no name'],
    ['scenarios: [{ name: a }]', '1:13 a scenario has no steps'],
    ['scenarios: [{ nmae: a, steps: [{ connect: }] }]', '1:15 Unknown key nmae: did you mean name?'],
    ['name: a\nscenarios: [{ name: a, steps: [{ connect: }] }]', '1:1 name cannot stand beside scenarios'],
    [
      'scenarios: [{ name: a, steps: [{ connect: }] }, { name: a, steps: [{ connect: }] }]',
      '1:51 name "a" is another scenario’s already',
    ],
    ['timeout: x\nsteps: [{ connect: }]', '1:1 timeout must be a duration: got "x"'],
    [
      'config: gone.yaml\nsteps: [{ connect: }]',
      '1:1 Cannot read the config gone.yaml: there is no such file',
    ],
    ['setup: gone.yaml\nsteps: [{ send: a }]', '1:1 Cannot read setup gone.yaml: there is no such file'],
    [
      'setup: 5\nsteps: [{ connect: }]',
      '1:1 setup must be a list of steps, or the path of a file that has one: got 5',
    ],
    ['steps: [{ connect: }]\nsteps: [{ connect: }]', '2:1 steps is given twice'],
    [
      'steps: [',
      '1:9 Cannot read the YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['steps: &a [{ repeat: { times: 1, steps: *a } }]', '1:41 Cannot read the YAML: *a stands inside of &a'],
  ])('%j', (text, problem) => {
    const problems = problemsOf(text);
    expect(problems[0]).toEqual(problem);
    expect(problems).toHaveLength(1);
  });

  test.each([
    ['- conect:', ['setup.yaml:1:3 Unknown step conect: did you mean connect?']],
    ['connect: {}', ['setup.yaml:1:1 the file must be a list of steps: got a map with connect']],
    ['- send: a', ['setup.yaml:1:3 send: no client has connected before this step']],
    ['- connect: {', ['Cannot read the YAML']],
  ])('a setup file with %j is broken for all scenarios', (setup, problems) => {
    const files = { '/home/me/chat/tests/setup.yaml': setup };
    const text =
      'setup: setup.yaml\nscenarios: [{ name: a, steps: [{ connect: }] }, { name: b, steps: [{ connect: }] }]';
    expect(parse(text, { files }).scenarios).toEqual([]);
    const found = problemsOf(text, { files });
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toContain(problem);
  });
});

describe('any text', () => {
  const keys = [
    'steps',
    'scenarios',
    'setup',
    'vars',
    'name',
    'as',
    'within',
    'capture',
    'json',
    'matches',
    'size',
  ];
  const word = fc.constantFrom(
    ...keys.map(key => `${key}: `),
    ...STEP_KINDS.map(kind => `- ${kind}: `),
    ...[
      '__proto__',
      'constructor',
      '&a ',
      '*a ',
      '<<',
      '!x',
      '${',
      '${a}',
      '$.a',
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '- ',
    ],
    ...[
      '\n',
      '\n  ',
      '\n    ',
      '|',
      '>',
      '---',
      '#',
      '~',
      '.nan',
      '1e999',
      '-1',
      '10',
      '5s',
      '/x',
      '\0',
      '\ufeff',
    ],
  );
  const value = fc.letrec(tie => ({
    step: fc.dictionary(fc.constantFrom(...STEP_KINDS, 'as', 'within', 'capture'), tie('value'), {
      maxKeys: 3,
    }),
    value: fc.oneof(
      { depthSize: 'xsmall' },
      fc.constantFrom(null, '', 'a', '${a}', 'client', '(', '2s', 0, 5, 1000, true, {}, []),
      fc.array(tie('step'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(...keys, 'times', 'path', 'headers', 'code', 'reason', 'up', 'status', 'a'),
        tie('value'),
      ),
      fc.json().map(text => JSON.parse(text)),
    ),
    file: fc.record(
      { steps: fc.array(tie('step'), { maxLength: 4 }), setup: tie('value'), vars: tie('value') },
      { requiredKeys: [] },
    ),
  }));
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 60 }).map(words => words.join('')),
    value.file.map(file => JSON.stringify(file)),
    fc.array(value.file, { maxLength: 3 }).map(scenarios => JSON.stringify({ scenarios })),
  );

  test('never makes parseScenarios throw, and what is not a scenario is a problem with a place and an advice', () => {
    // fast-check prints the seed of a failure.
    const property = fc.property(text, input => {
      const { scenarios, problems } = parseScenarios(input, sourceOf());
      expect(scenarios.length + problems.length).toBeGreaterThan(0);
      for (const { line, column, message, advice } of problems) {
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
        expect(message).toMatch(/[^.]$/);
        expect(message).not.toMatch(/is not valid \(/);
        expect(advice).toMatch(/^[^\n]+[^.]$/);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it.each(['[', '{a: ', '- ', 'steps: [{ repeat: { times: 1, '])(
    'nested without end (%s) is one problem',
    open => {
      expect(problemsOf(open.repeat(20_000))).toEqual(['1:1 Cannot read the YAML: it is nested too deeply']);
    },
  );
});
