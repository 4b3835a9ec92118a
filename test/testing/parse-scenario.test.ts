// Scenario files that are sound, and what becomes of them.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { readDiskFile } from '../../src/testing/scenario/disk-file.ts';
import { STEP_KINDS } from '../../src/testing/scenario/step-schema.ts';
import type { Step } from '../../src/testing/scenario.ts';
import { DIR, FILE, parse, scenariosOf, stepsAfterConnect, stepsOf } from './scenario-source.ts';

const withoutPlaces = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === 'at' ? undefined : inner)));

const kindsOf = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);

describe('a step', () => {
  it.each([
    [
      'send: hello',
      { kind: 'send', as: 'client', message: { kind: 'text', text: 'hello', isBinary: false } },
    ],
    ['send: ""', { message: { kind: 'text', text: '' } }],
    ['send: 1.10', { message: { kind: 'text', text: '1.10' } }],
    ['send: 007', { message: { kind: 'text', text: '007' } }],
    ['send: True', { message: { kind: 'text', text: 'True' } }],
    ['send: { text: 12345678901234567890 }', { message: { kind: 'text', text: '12345678901234567890' } }],
    ['send: { json: { a: [1, null] } }', { message: { kind: 'json', value: { a: [1, null] } } }],
    ['send: { json: null }', { message: { kind: 'json', value: null } }],
    ['send: { base64: aGk= }', { message: { kind: 'base64', data: 'aGk=', isBinary: true } }],
    ['send: { size: 300KB }', { message: { kind: 'size', bytes: 307_200, isBinary: false } }],
    ['send: { size: 0, binary: true }', { message: { kind: 'size', bytes: 0, isBinary: true } }],
    [
      'expect: hello',
      { kind: 'expect', message: { matcher: { kind: 'text', text: 'hello' } }, withinMs: 5000 },
    ],
    ['expect: {}', { message: { matcher: { kind: 'any' }, isBinary: null } }],
    ['expect: { binary: true }', { message: { matcher: { kind: 'any' }, isBinary: true } }],
    ['expect: { json: 5 }', { message: { matcher: { kind: 'json', value: 5 }, isBinary: false } }],
    ['expect: { base64: aGk= }', { message: { matcher: { kind: 'base64', data: 'aGk=' }, isBinary: true } }],
    [
      'expect: { matches: "^a", flags: i }',
      { message: { matcher: { kind: 'regex', pattern: '^a', flags: 'i' } } },
    ],
    [
      'expect: { size: { min: 1KB } }',
      { message: { matcher: { kind: 'size', minBytes: 1024, maxBytes: null }, isBinary: null } },
    ],
    ['expect: { size: 5 }', { message: { matcher: { minBytes: 5, maxBytes: 5 } } }],
    ['expect: hi\n  within: 250ms', { withinMs: 250 }],
    ['expect: { text: hi, within: 2 }', { withinMs: 2000 }],
    [
      'expect: { json: {} }\n  capture: { id: "$.a[0].b", all: $ }',
      {
        message: {
          capture: [
            { name: 'id', path: { text: '$.a[0].b', keys: ['a', 0, 'b'] } },
            { name: 'all', path: { text: '$', keys: [] } },
          ],
        },
      },
    ],
    [
      'expectAll: [one, { json: { n: 2 }, capture: { n: $.n } }]',
      {
        messages: [
          { matcher: { kind: 'text', text: 'one' }, capture: [] },
          { matcher: { kind: 'json' }, capture: [{ name: 'n' }] },
        ],
        withinMs: 5000,
      },
    ],
    ['expectSilence: 500ms', { kind: 'expectSilence', forMs: 500 }],
    ['ping:', { kind: 'ping', data: '' }],
    ['ping: { data: abc }', { data: 'abc' }],
    ['expectPong: {}', { kind: 'expectPong', data: null, withinMs: 5000 }],
    ['expectPong: { data: abc, within: 1s }', { data: 'abc', withinMs: 1000 }],
    ['advance: 2h', { kind: 'advance', ms: 7_200_000 }],
    ['advance: 1.5', { ms: 1500 }],
    ['close:', { kind: 'close', code: 1000, reason: '' }],
    ['close: { code: 1011, reason: bye }', { code: 1011, reason: 'bye' }],
    ['close: { code: none }', { code: null }],
    ['cut: {}', { kind: 'cut', as: 'client' }],
    ['kill: { as: client }', { kind: 'kill', as: 'client' }],
    ['expectClose:', { kind: 'expectClose', code: null, reason: null, withinMs: 5000 }],
    ['expectClose: { code: 1006, within: 1s }', { code: 1006, withinMs: 1000 }],
    ['expectClose: { reason: { matches: bye } }', { reason: { kind: 'regex', pattern: 'bye' } }],
    [
      'expectInvocation: { status: 455, up: { messages: 1 }, sandbox: { exit: null }, closeReason: 1.0, within: 9s }',
      {
        kind: 'expectInvocation',
        report: { statusCode: 455, up: { messages: 1 }, sandbox: { exit: null }, closeReason: '1.0' },
        withinMs: 9000,
      },
    ],
    [
      'repeat: { times: 2, steps: [{ send: a }, { repeat: { times: 3, steps: [{ send: b }] } }] }',
      { times: 2, steps: [{ kind: 'send' }, { kind: 'repeat', times: 3, steps: [{ kind: 'send' }] }] },
    ],
  ])('%s', (line, expected) => {
    const [step, ...others] = stepsAfterConnect(`- ${line}`);
    expect(others).toEqual([]);
    expect(withoutPlaces(step)).toMatchObject(expected);
  });

  test('connects as it is told', () => {
    const [connect] = stepsOf(
      'steps:\n- connect: { as: alice, path: "/?a=1", headers: { X-N: 1.10 }, subprotocols: [chat], function: echo }',
    );
    expect(connect).toEqual({
      kind: 'connect',
      as: 'alice',
      path: '/?a=1',
      headers: { 'X-N': '1.10' },
      subprotocols: ['chat'],
      functionName: 'echo',
      mustOpen: true,
      at: { file: FILE, line: 2, column: 3 },
    });
  });

  test('of every kind has a place of its own', () => {
    const steps = stepsOf(
      'steps:\n  - connect:\n  - repeat:\n      times: 2\n      steps:\n        - send: a\n          as: client\n',
    );
    expect(steps.map(({ at }) => `${at.line}:${at.column}`)).toEqual(['2:5', '3:5']);
    expect(steps[1]).toMatchObject({ steps: [{ at: { line: 6, column: 11 } }] });
  });

  test('may be an alias of another', () => {
    const steps = stepsOf('steps:\n- &c { connect: {} }\n- &s { send: 1.10 }\n- *s\n');
    expect(kindsOf(steps)).toEqual(['connect', 'send', 'send']);
    expect(steps[2]).toMatchObject({ message: { text: '1.10' } });
  });

  test('takes the content of a file that stands beside the scenario', () => {
    const files = { [`${DIR}/big.json`]: '{}' };
    const [, send, expected] = stepsOf(
      'steps: [{ connect: }, { send: { file: big.json } }, { expect: { file: ./big.json } }]',
      { files },
    );
    const file = { kind: 'file', path: `${DIR}/big.json`, content: Buffer.from('{}') };
    expect(send).toMatchObject({ message: { ...file, isBinary: false } });
    expect(expected).toMatchObject({ message: { matcher: file, isBinary: false } });
  });
});

describe('clients', () => {
  test('the only one that has connected is meant', () => {
    const steps = stepsOf('steps: [{ connect: { as: alice } }, { send: hi }, { kill: }]');
    expect(steps.slice(1)).toMatchObject([{ as: 'alice' }, { as: 'alice' }]);
  });

  test.each(['send: hi\n  as: bob', 'send: { text: hi, as: bob }'])('%j names one of several', line => {
    const steps = stepsOf(`steps:\n- connect: {}\n- connect: { as: bob }\n- ${line}`);
    expect(steps[2]).toMatchObject({ as: 'bob' });
  });

  test('a branch of parallel is named after its client, and is known after it', () => {
    const [parallel, send] = stepsOf(
      'steps:\n- parallel: { alice: [{ connect: }, { send: a }], bob: [{ connect: }, { expect: a }] }\n- send: b\n  as: bob',
    );
    expect(parallel).toMatchObject({
      branches: [
        [
          { kind: 'connect', as: 'alice' },
          { kind: 'send', as: 'alice' },
        ],
        [
          { kind: 'connect', as: 'bob' },
          { kind: 'expect', as: 'bob' },
        ],
      ],
    });
    expect(send).toMatchObject({ as: 'bob' });
  });
});

describe('expectRefused', () => {
  it.each([
    ['the connect just before', 'connect: {}\n- expectRefused: { status: 446 }', ['client']],
    ['a connect with the clock moved since', 'connect: {}\n- advance: 1s\n- expectRefused: {}', ['client']],
    [
      'a connect with steps of others since',
      'connect: { as: a }\n- connect: { as: b }\n- send: x\n  as: b\n- expectRefused: { as: a }',
      ['a', 'b'],
    ],
    ['a connect of its own', 'expectRefused: { path: /x, status: 401 }', ['client']],
    [
      'a connect of its own, beside an open one',
      'connect: { as: a }\n- expectRefused: { as: b, status: 432 }',
      ['a', 'b'],
    ],
    [
      'a connect of its own, of a client that was open',
      'connect: {}\n- close:\n- expectRefused: {}',
      ['client', 'client'],
    ],
  ])('is of %s', (_, text, clients) => {
    const steps = stepsOf(`steps:\n- ${text}`);
    const connects = steps.filter(step => step.kind === 'connect');
    expect(connects.map(({ as }) => as)).toEqual(clients);
    const refused = steps.find(step => step.kind === 'expectRefused');
    const last = connects.findLast(({ as }) => as === refused?.as);
    expect(connects.filter(({ mustOpen }) => !mustOpen)).toEqual([last]);
  });
});

describe('variables', () => {
  const text = `vars: { room: lobby, n: 1.10, big: { a: [1] }, url: "/\${room}?\${HOST}" }
steps:
- connect: { path: "\${url}", headers: { A: "$\${room}" } }
- send: { json: { to: "\${n}", all: "\${big}", me: "\${USER}" } }`;

  test('are those given, and what is used of the environment', () => {
    const environment = { HOST: 'h', USER: 'me', SECRET: 'x', room: 'unseen' };
    const [scenario] = scenariosOf(text, { environment });
    expect(Object.fromEntries(scenario?.variables ?? [])).toEqual({
      room: 'lobby',
      n: '1.10',
      big: { a: [1] },
      url: '/lobby?h',
      HOST: 'h',
      USER: 'me',
    });
  });

  test('--set goes before vars', () => {
    const [scenario] = scenariosOf(text, { environment: { HOST: 'h' }, set: { room: 'r', USER: 'u' } });
    expect(scenario?.variables.get('room')).toBe('r');
    expect(scenario?.variables.get('url')).toBe('/r?h');
  });

  test('vars go before the environment, also for what was used of it above them', () => {
    const above = 'vars: { a: "${HOST}", HOST: own }\nsteps: [{ connect: { path: "/${HOST}" } }]';
    const [scenario] = scenariosOf(above, { environment: { HOST: 'h' } });
    expect(Object.fromEntries(scenario?.variables ?? [])).toEqual({ a: 'h', HOST: 'own' });
  });

  test('are known after what captures them, a named group too', () => {
    const steps = stepsAfterConnect(
      '- expect: { matches: "(?<first>a)" }',
      '- expect: { json: {} }',
      '  capture: { second: $.x }',
      '- send: "${first} ${second}"',
      '- expect: { matches: "^${first}$" }',
    );
    expect(steps).toHaveLength(4);
  });
});

describe('a file', () => {
  test('is a scenario that is called like it', () => {
    expect(scenariosOf('steps: [{ connect: }]')).toMatchObject([
      { name: 'chat', functionName: null, configFile: null, timeoutMs: null, at: { line: 1, column: 1 } },
    ]);
  });

  test('says what its scenario needs', () => {
    const files = { '/home/me/chat/scf.yaml': '' };
    const text = 'name: 455\nfunction: echo\nconfig: ../scf.yaml\ntimeout: 1m\nsteps: [{ connect: }]';
    expect(scenariosOf(text, { files })).toMatchObject([
      { name: '455', functionName: 'echo', configFile: '/home/me/chat/scf.yaml', timeoutMs: 60_000 },
    ]);
  });

  const several = `
function: echo
vars: { a: 1, b: 1 }
setup:
  - connect: {}
scenarios:
  - name: one
    vars: { b: 2 }
    steps: [{ send: "\${a}\${b}" }]
  - name: two
    function: other
    timeout: 5s
    steps: [{ send: x }]
`;

  test('may have several, each with what the file sets and the steps of the setup first', () => {
    const [one, two] = scenariosOf(several);
    expect(one).toMatchObject({ name: 'one', functionName: 'echo', at: { line: 7, column: 5 } });
    expect(Object.fromEntries(one?.variables ?? [])).toEqual({ a: 1, b: 2 });
    expect(two).toMatchObject({ name: 'two', functionName: 'other', timeoutMs: 5000 });
    for (const scenario of [one, two]) expect(kindsOf(scenario?.steps ?? [])).toEqual(['connect', 'send']);
    expect(one?.steps[0]?.at).toEqual({ file: FILE, line: 5, column: 5 });
  });

  test('may take its setup from another file, and a place in it is one of that file', () => {
    const files = {
      '/home/me/chat/shared/setup.yaml': '# shared\n- connect: { as: alice }\n- send: { file: hi.txt }\n',
      '/home/me/chat/shared/hi.txt': 'hi',
    };
    const [connect, send] = stepsOf('setup: ../shared/setup.yaml\nsteps: [{ expect: hi }]', { files });
    expect(connect?.at).toEqual({ file: 'shared/setup.yaml', line: 2, column: 3 });
    expect(send).toMatchObject({ message: { path: '/home/me/chat/shared/hi.txt' } });
  });

  test('that is broken in one scenario keeps the others', () => {
    const { scenarios, problems } = parse(several.replace('send: x', 'sned: x'));
    expect(scenarios.map(({ name }) => name)).toEqual(['one']);
    expect(problems.map(({ message }) => message)).toEqual(['Unknown step sned: did you mean send?']);
  });
});

test('files on the disk are read, or it is said why not', () => {
  const here = fileURLToPath(import.meta.url);
  expect(readDiskFile(here)).toEqual({ content: readFileSync(here) });
  expect(readDiskFile(dirname(here))).toEqual({ reason: 'it is a folder' });
  expect(readDiskFile(`${here}.gone`)).toEqual({ reason: 'there is no such file' });
});

test('every kind of step is among those above', () => {
  const text = `steps:
- connect:
- parallel: { a: [{ connect: }] }
- expectRefused: { as: b }
- repeat: { times: 1, steps: [{ send: x, as: a }, { expect: x, as: a }, { expectAll: [x], as: a }] }
- repeat: { times: 1, steps: [{ expectSilence: 1, as: a }, { ping: , as: a }, { expectPong: , as: a }, { advance: 1 }] }
- repeat: { times: 1, steps: [{ close: , as: a }, { cut: , as: a }, { expectClose: , as: a }, { kill: , as: a }] }
- expectInvocation: { as: a }
`;
  const all = (steps: readonly Step[]): string[] =>
    steps.flatMap(step => [
      step.kind,
      ...(step.kind === 'repeat' ? all(step.steps) : []),
      ...(step.kind === 'parallel' ? step.branches.flatMap(all) : []),
    ]);
  expect([...new Set(all(stepsOf(text)))].sort()).toEqual([...STEP_KINDS].sort());
});
