// What is wrong with a config: each problem at its place, all at once, with one line of advice.
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { tencentScf } from '../../src/platforms/tencent-scf.ts';
import { adviceOf, problemsOf } from './helpers.ts';

test('an idle timeout below the range is a problem at its line and column', () => {
  const parsed = parseConfig('functions:\n  echo:\n    idleTimeout: 5\n', { file: 'scf.yaml', dir: '/work' });
  expect(parsed).toEqual({
    problems: [
      {
        file: 'scf.yaml',
        line: 3,
        column: 5,
        message: 'idleTimeout must be between 10 s and 7200 s on tencent-scf: got 5 s',
        advice: 'write 10 or more; the command line may leave the range: --idle-timeout 5s',
      },
    ],
  });
});

test('a problem is printed as its place and message, then its advice', () => {
  const problem = {
    file: 'a/scf.yaml',
    line: 12,
    column: 5,
    message: 'It is wrong',
    advice: 'make it right',
  };
  expect(formatProblem(problem)).toBe('a/scf.yaml:12:5 It is wrong\n  make it right');
});

test('ten and more problems of one file come at once, in the order of the file', async () => {
  const folder = new URL('golden/', import.meta.url);
  const text = readFileSync(new URL('ten-problems.yaml', folder), 'utf8');
  const parsed = parseConfig(text, { file: 'ten-problems.yaml', dir: '/home/me/ten' });
  const printed = 'problems' in parsed ? parsed.problems.map(formatProblem) : [];
  expect(printed.length).toBeGreaterThanOrEqual(10);
  await expect(`${printed.join('\n')}\n`).toMatchFileSnapshot('golden/ten-problems.txt');
});

describe('ranges', () => {
  const { range } = tencentScf.idleTimeoutS;

  test('the ends of a range belong to it', () => {
    expect(problemsOf(`idleTimeout: ${range.value.min}`)).toEqual([]);
    expect(problemsOf(`idleTimeout: ${range.value.max}`)).toEqual([]);
    expect(problemsOf('initTimeout: 3')).toEqual([]);
    expect(problemsOf('initTimeout: 300')).toEqual([]);
    expect(problemsOf('memorySize: 3072')).toEqual([]);
  });

  it.each([
    ['idleTimeout: 9', '1:1 idleTimeout must be between 10 s and 7200 s on tencent-scf: got 9 s'],
    ['idleTimeout: 3h', '1:1 idleTimeout must be between 10 s and 7200 s on tencent-scf: got 10800 s'],
    ['idleTimeout: 500ms', '1:1 idleTimeout must be between 10 s and 7200 s on tencent-scf: got 0.5 s'],
    ['idleTimeout: 10.5', '1:1 idleTimeout must be whole seconds on tencent-scf: got 10.5 s'],
    ['initTimeout: 2', '1:1 initTimeout must be between 3 s and 300 s on tencent-scf: got 2 s'],
    ['timeout: 14', '1:1 timeout must be at least the idle timeout (15 s, the default): got 14 s'],
    ['idleTimeout: 60\ntimeout: 59', '2:1 timeout must be at least the idle timeout (60 s): got 59 s'],
    ['port: 8080', '1:1 port must be 9000 on tencent-scf: got 8080'],
    ...[63, 96, 192, 3073, 3200].map(size => [
      `memorySize: ${size}`,
      `1:1 memorySize must be 64 MB or 128 to 3072 MB in steps of 128 MB on tencent-scf: got ${size} MB`,
    ]),
  ])('%s', (text, problem) => {
    expect(problemsOf(text ?? '')).toEqual([problem]);
  });

  test('a timeout below its range is below the idle timeout too', () => {
    expect(problemsOf('timeout: 0')).toEqual([
      '1:1 timeout must be at least 1 s on tencent-scf: got 0 s',
      '1:1 timeout must be at least the idle timeout (15 s, the default): got 0 s',
    ]);
  });

  test('a timeout is not compared with an idle timeout that is wrong itself', () => {
    expect(problemsOf('idleTimeout: 9999\ntimeout: 60')).toHaveLength(1);
    expect(problemsOf('idleTimeout: soon\ntimeout: 10')).toHaveLength(1);
  });

  it.each([
    [100, 'choose 64MB or 128MB'],
    [200, 'choose 128MB or 256MB'],
    [32, 'choose 64MB'],
    [5000, 'choose 3072MB'],
  ])('memory of %i MB: %s', (size, advice) => {
    expect(adviceOf(`memorySize: ${size}`)).toEqual([advice]);
  });
});

describe('single values', () => {
  it.each([
    ['idleTimeout: soon', '1:1 idleTimeout must be a duration: got "soon"'],
    ['idleTimeout: -5', '1:1 idleTimeout must be a duration: got -5'],
    ['idleTimeout: .nan', '1:1 idleTimeout must be a duration: got NaN'],
    ['idleTimeout: [60]', '1:1 idleTimeout must be a duration: got a list'],
    ['idleTimeout:', '1:1 idleTimeout has no value'],
    ['memorySize: much', '1:1 memorySize must be a memory size: got "much"'],
    ['maxInstances: 0', '1:1 maxInstances must be a whole number from 1 on, or none: got 0'],
    ['maxInstances: 1.5', '1:1 maxInstances must be a whole number from 1 on, or none: got 1.5'],
    ['port: 70000', '1:1 port must be a port number: got 70000'],
    ['hostPorts: 6379', '1:1 hostPorts must be a list of port numbers: got 6379'],
    ['hostPorts: [6379, 0]', '1:19 hostPorts.1 must be a port number: got 0'],
    ['hostPorts: [6379, redis]', '1:19 hostPorts.1 must be a port number: got "redis"'],
    ['hostPorts:\n  - 6379\n  -', '3:4 hostPorts.1 has no value'],
    ['hostPorts: [9000]', '1:1 hostPorts must not have 9000, where the function itself listens'],
    ['network: all', '1:1 network must be outbound or none: got "all"'],
    ['protocol: TCP', '1:1 protocol must be WS or HTTP: got "TCP"'],
    ['protocol: HTTP', '1:1 protocol: HTTP functions are not supported yet by this version'],
    ['name: my app', '1:1 name must consist of letters, digits, "-" and "_": got "my app"'],
    ['name: 5', '1:1 name must consist of letters, digits, "-" and "_": got 5'],
    ['src: ""', '1:1 src must be text: got ""'],
    ['route: chat', '1:1 route must be a path that begins with "/": got "chat"'],
    ['route: /a?b', '1:1 route must be a path that begins with "/": got "/a?b"'],
    ['platform: aws', '1:1 platform must be tencent-scf: got "aws"'],
    ['limits: 5', '1:1 limits must be a map of keys and values: got 5'],
    ['limits: [5]', '1:1 limits must be a map of keys and values: got a list'],
    ['limits:\n  message: 0', '2:3 limits.message must be a size above zero, or none: got 0'],
    ['limits:\n  message: 1XB', '2:3 limits.message must be a size above zero, or none: got "1XB"'],
    ['limits:\n  message:', '2:3 limits.message has no value'],
    ['limits: { qps: -1 }', '1:11 limits.qps must be a number above zero, or none: got -1'],
    ['environment: { A: [1] }', '1:16 environment.A must be text, a number, true or false: got a list'],
    ['environment: { A: }', '1:16 environment.A has no value'],
    [
      'environment: { 9A: x }',
      '1:16 environment.9A is not a name that tencent-scf allows (^[a-zA-Z][a-zA-Z0-9_]*$)',
    ],
    [
      'environment: { SCF_A: x }',
      '1:16 environment.SCF_A begins with SCF_, which tencent-scf keeps for itself',
    ],
    ['environment: { constructor: x }', '1:16 environment.constructor is a name that scf-ws cannot use'],
    ['- name: x', '1:1 the file must be a map of keys and values: got a list'],
    ['hello', '1:1 the file must be a map of keys and values: got "hello"'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each([999, 1005, 1006, 1015, 5000, 1000.5])('a close code of %d cannot be sent', code => {
    expect(problemsOf(`assume: { messageTooBigCloseCode: ${code} }`)).toEqual([
      `1:11 assume.messageTooBigCloseCode must be a close code that may be sent: got ${code}`,
    ]);
    expect(problemsOf(`assume: { timeoutCloseCode: ${code} }`)).toHaveLength(1);
  });

  test('the environment is measured in UTF-8 bytes of its keys and values together', () => {
    const limit = tencentScf.environment.maxBytes.value;
    const text = (bytes: number) => `environment: { AB: "é${'x'.repeat(bytes - 4)}" }`;
    expect(problemsOf(text(limit))).toEqual([]);
    expect(problemsOf(text(limit + 1))).toEqual([
      '1:1 environment must have at most 4096 bytes in all on tencent-scf: got 4097 bytes',
    ]);
  });
});

describe('unknown keys', () => {
  it.each([
    ['idleTimeOut', 'idleTimeout'],
    ['idle_timeout', 'idleTimeout'],
    ['idletimout', 'idleTimeout'],
    ['rotue', 'route'],
    ['memory', 'memorySize'],
    ['mem_size', 'memorySize'],
    ['env', 'environment'],
    ['enviroment', 'environment'],
    ['executionTimeout', 'timeout'],
    ['protocolType', 'protocol'],
    ['protocolParams', 'idleTimeout'],
    ['maxConcurrency', 'maxInstances'],
    ['host_ports', 'hostPorts'],
    ['ports', 'hostPorts'],
    ['limit', 'limits'],
    ['qps', 'limits.qps'],
    ['closeGrace', 'assume.closeGrace'],
    ['function', 'functions'],
  ])('%s: did you mean %s?', (key, meant) => {
    expect(problemsOf(`${key}: 5`)).toEqual([`1:1 Unknown key ${key}: did you mean ${meant}?`]);
  });

  it.each([
    ['foo', 'foo'],
    ['toString', 'toString'],
    ['__proto__', '__proto__'],
    ['a.b c', '"a.b c"'],
    ['"\\n."', '"\\n."'],
    ['x'.repeat(5000), `"${'x'.repeat(60)}…"`],
  ])('%.20s is like nothing', (key, shown) => {
    expect(problemsOf(`? ${key}\n: 5`)).toEqual([`1:3 Unknown key ${shown}`]);
  });

  test('each unknown key is a problem of its own, in nested maps too', () => {
    expect(problemsOf('foo: 1\nbar: 2\nlimits: { rate: 1, baz: 2 }\nassume: { qux: 1 }')).toEqual([
      '1:1 Unknown key foo',
      '2:1 Unknown key bar',
      '3:11 Unknown key limits.rate: did you mean limits.qps?',
      '3:20 Unknown key limits.baz',
      '4:11 Unknown key assume.qux',
    ]);
  });

  test('merge keys are not read, and that is said', () => {
    const text = 'functions:\n  a: &a { idleTimeout: 60 }\n  b: { <<: *a }';
    expect(problemsOf(text)).toEqual(['3:8 Unknown key <<: merge keys are not read']);
  });
});

describe('several functions', () => {
  it.each([
    ['functions:', '1:1 functions has no value'],
    ['functions: {}', '1:1 functions has no function'],
    ['functions: [a]', '1:1 functions must be a map of keys and values: got a list'],
    ['functions: { a: 5 }', '1:14 functions.a must be a map of keys and values: got 5'],
    [
      'functions: { "a b": {} }',
      '1:14 functions: a name must consist of letters, digits, "-" and "_": got "a b"',
    ],
    ['functions: { a: { name: b } }', '1:19 name must be the key under functions (a): got "b"'],
    ['functions: { a: }\ntimeout: 60', '2:1 timeout cannot stand beside functions'],
    ['functions: { a: }\nenviroment: {}', '2:1 Unknown key enviroment: did you mean environment?'],
    ['functions: { a: }\nfoo: {}', '2:1 Unknown key foo'],
    ['functions: { a: }\nmemory: 256', '2:1 Unknown key memory: did you mean memorySize?'],
    ['functions: { a: { route: /b }, b: }', '1:32 route /b belongs to a already'],
    ['functions: { a: { route: /x }, b: { route: /x/ } }', '1:37 route /x belongs to a already'],
    ['functions: { a: { route: b }, b: }', '1:19 route must be a path that begins with "/": got "b"'],
    ['functions: { a: { limits: { qos: 1 } } }', '1:29 Unknown key limits.qos: did you mean limits.qps?'],
    ['functions: { prototype: }', '1:14 functions.prototype is a name that scf-ws cannot use'],
  ])('%s', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test('a shared variable is a problem once, at its own place', () => {
    const text = 'environment: { SCF_A: x }\nfunctions:\n  a:\n  b:\n  c: { environment: { QCLOUD_B: x } }';
    expect(problemsOf(text)).toEqual([
      '1:16 environment.SCF_A begins with SCF_, which tencent-scf keeps for itself',
      '5:23 environment.QCLOUD_B begins with QCLOUD_, which tencent-scf keeps for itself',
    ]);
  });
});

describe('text that is not quite YAML', () => {
  it.each([
    ['name: a\nname: b', ['2:1 name is given twice']],
    [
      'name: a\nlimits:\n  qps: 1\n  qps: 0',
      ['4:3 qps is given twice', '4:3 limits.qps must be a number above zero, or none: got 0'],
    ],
    ['a: 1\n---\nb: 2', ['2:1 Cannot read the YAML: it has more than one document']],
    ['\tname: x', ['1:1 Cannot read the YAML: Tabs are not allowed as indentation']],
    ['name: *x', ['1:7 Cannot read the YAML: nothing before *x is marked &x']],
    ['name: !foo x', ['1:7 Cannot read the YAML: Unresolved tag: !foo']],
    ['? [a]\n: 1', ['1:3 Cannot read the YAML: keys must be text']],
  ])('%j', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test('a bracket that is not closed is a problem of the YAML alone', () => {
    const problems = problemsOf('limits: { qps: 1\nfoo: 2');
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toContain('Cannot read the YAML');
  });
});
