// Config texts that are valid, and what becomes of them.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defaultConfig } from '../../src/config/defaults.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { tencentScf } from '../../src/platforms/tencent-scf.ts';
import { functionOf, functionsOf, problemsOf } from './helpers.ts';

describe('what is left out', () => {
  it.each([
    ['an empty file', ''],
    ['comments alone', '# nothing\n'],
    ['an empty map', '{}'],
    ['maps without entries', 'environment:\nlimits:\nassume:\n'],
  ])('%s is the default config', (_, text) => {
    expect(functionOf(text)).toEqual(defaultConfig({ dir: '/home/me/my-app' }));
  });

  test('the defaults are those of the platform', () => {
    const config = defaultConfig({ dir: '/home/me/my-app', name: 'echo' });
    expect(config).toMatchObject({
      name: 'echo',
      srcDir: '/home/me/my-app',
      route: '/',
      port: tencentScf.port.value,
      idleTimeoutMs: tencentScf.idleTimeoutS.default.value * 1000,
      executionTimeoutMs: tencentScf.executionTimeoutS.default.value * 1000,
      initTimeoutMs: tencentScf.initTimeoutS.default.value * 1000,
      memoryMB: tencentScf.memoryMB.default.value,
      environment: {},
      maxInstances: null,
      hostPorts: [],
      network: 'outbound',
      limits: {
        maxMessageBytes: tencentScf.limits.messageBytes.value,
        maxBytesPerSecond: tencentScf.limits.bytesPerSecond.value,
        maxMessagesPerSecond: tencentScf.limits.messagesPerSecond.value,
      },
    });
    expect(Object.keys(config.assume).sort()).toEqual(Object.keys(tencentScf.assumptions).sort());
  });

  test('the execution timeout goes with a longer idle timeout', () => {
    expect(functionOf('idleTimeout: 600').executionTimeoutMs).toBe(600_000);
    expect(functionOf('idleTimeout: 20').executionTimeoutMs).toBe(60_000);
  });

  test('a folder name with letters that no name may have still gives a name', () => {
    expect(defaultConfig({ dir: '/home/me/my app (2)' }).name).toBe('my-app-2');
    expect(defaultConfig({ dir: '/' }).name).toBe('function');
  });
});

describe('values', () => {
  it.each([
    ['idleTimeout: 60', { idleTimeoutMs: 60_000 }],
    ['idleTimeout: "60"', { idleTimeoutMs: 60_000 }],
    ['idleTimeout: 60s', { idleTimeoutMs: 60_000 }],
    ['idleTimeout: 2m', { idleTimeoutMs: 120_000 }],
    ['idleTimeout: 7200', { idleTimeoutMs: 7_200_000, executionTimeoutMs: 7_200_000 }],
    ['initTimeout: 3000ms', { initTimeoutMs: 3000 }],
    ['timeout: 3h', { executionTimeoutMs: 10_800_000 }],
    ['memorySize: 64', { memoryMB: 64 }],
    ['memorySize: "256"', { memoryMB: 256 }],
    ['memorySize: 1GB', { memoryMB: 1024 }],
    ['memorySize: 3072MB', { memoryMB: 3072 }],
    ['maxInstances: 3', { maxInstances: 3 }],
    ['maxInstances: none', { maxInstances: null }],
    ['hostPorts: [6379, 5432, 6379]', { hostPorts: [6379, 5432] }],
    ['hostPorts: []', { hostPorts: [] }],
    ['network: none', { network: 'none' }],
    ['src: ./dist', { srcDir: '/home/me/my-app/dist' }],
    ['src: /elsewhere', { srcDir: '/elsewhere' }],
    ['route: /chat/', { route: '/chat' }],
    ['limits: { message: none }', { limits: { maxMessageBytes: null, maxMessagesPerSecond: 10 } }],
    ['limits: { message: 1MB }', { limits: { maxMessageBytes: 1_048_576 } }],
    ['limits: { message: 512 }', { limits: { maxMessageBytes: 512 } }],
    ['limits: { bandwidth: 64KB/s }', { limits: { maxBytesPerSecond: 65_536 } }],
    ['limits: { bandwidth: 64KB }', { limits: { maxBytesPerSecond: 65_536 } }],
    ['limits: { qps: 2.5 }', { limits: { maxMessagesPerSecond: 2.5 } }],
    ['limits: { qps: none }', { limits: { maxMessagesPerSecond: null } }],
    ['assume: { closeGrace: 0 }', { assume: { closeGraceMs: 0, terminateGraceMs: 2000 } }],
    ['assume: { terminateGrace: 250ms }', { assume: { terminateGraceMs: 250 } }],
    ['assume: { timeoutCloseCode: none }', { assume: { timeoutCloseCode: null } }],
    ['assume: { timeoutCloseCode: 4000 }', { assume: { timeoutCloseCode: 4000 } }],
    ['assume: { controlFramesResetIdle: true }', { assume: { controlFramesResetIdle: true } }],
    ['{ "name": "json", "port": 9000 }', { name: 'json', port: 9000 }],
    ['{\n\t"name": "tabs",\n\t"limits": {\n\t\t"qps": 5\n\t}\n}', { name: 'tabs' }],
  ])('%s', (text, expected) => {
    expect(functionOf(text)).toMatchObject(expected);
  });

  test('an environment value is kept as it is written', () => {
    const text =
      'environment: { VERSION: 1.10, CODE: 0123, ON: True, TEXT: "1.10", BIG: 12345678901234567890 }';
    expect(functionOf(text).environment).toEqual({
      VERSION: '1.10',
      CODE: '0123',
      ON: 'True',
      TEXT: '1.10',
      BIG: '12345678901234567890',
    });
  });

  test('an alias stands for what its anchor marks', () => {
    const text = 'functions:\n  a:\n    environment: &shared { V: 1.10 }\n  b:\n    environment: *shared\n';
    expect(functionsOf(text).map(({ environment }) => environment)).toEqual([{ V: '1.10' }, { V: '1.10' }]);
  });
});

describe('several functions', () => {
  test('the key is the name, and with a slash before it the default route', () => {
    const functions = functionsOf('functions:\n  chat:\n  feed:\n    route: /v1/feed\n    src: feed\n');
    expect(functions.map(({ name, route, srcDir }) => ({ name, route, srcDir }))).toEqual([
      { name: 'chat', route: '/chat', srcDir: '/home/me/my-app' },
      { name: 'feed', route: '/v1/feed', srcDir: '/home/me/my-app/feed' },
    ]);
  });

  test("a function's own variables win over the shared ones", () => {
    const text = `
environment: { LEVEL: info, REGION: x }
functions:
  chat:
  feed: { environment: { LEVEL: warn } }
`;
    expect(functionsOf(text).map(({ environment }) => environment)).toEqual([
      { LEVEL: 'info', REGION: 'x' },
      { LEVEL: 'warn', REGION: 'x' },
    ]);
  });

  test('a name that repeats the key is no problem', () => {
    expect(problemsOf('functions: { chat: { name: chat } }')).toEqual([]);
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    ...['functions', 'limits', 'assume', 'environment', 'idleTimeout', 'timeout', 'route', 'name', 'src'],
    ...['platform', '__proto__', 'constructor', 'toString', 'a', '1', '"', '&a', '*a', '<<', '!!set', '!x'],
    ...[
      ':',
      ': ',
      '-',
      '- ',
      '?',
      ' ',
      '  ',
      '\n',
      '\n  ',
      '\t',
      '{',
      '}',
      '[',
      ']',
      ',',
      '|',
      '>',
      '---',
      '#',
    ],
    ...[
      'none',
      'null',
      '~',
      '.inf',
      '.nan',
      '1e999',
      '-1',
      '10',
      '5s',
      '/x',
      '\r\n',
      '\0',
      '\u{1f600}',
      '\ufeff',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 60 }).map(words => words.join('')),
    fc.json(),
    fc.record({ functions: fc.object(), environment: fc.object() }).map(value => JSON.stringify(value)),
  );

  test('never makes parseConfig throw, and a problem has a place, a message and an advice', () => {
    // fast-check prints the seed of a failure.
    const property = fc.property(text, input => {
      const parsed = parseConfig(input, { file: 'scf.yaml', dir: '/work' });
      if ('functions' in parsed) {
        expect(parsed.functions.length).toBeGreaterThan(0);
        return;
      }
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { line, column, message, advice } of parsed.problems) {
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
        expect(message).toMatch(/[^.]$/);
        expect(message).not.toMatch(/is not valid \(/);
        expect(advice).toMatch(/^[^\n]+[^.]$/);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it.each(['[', '{a: ', '- ', '? '])('nested without end (%s) is one problem', open => {
    expect(problemsOf(open.repeat(20_000))).toEqual(['1:1 Cannot read the YAML: it is nested too deeply']);
  });

  test('aliases that multiply without end are a problem', () => {
    const lists = Array.from({ length: 12 }, (_, i) => `k${i + 1}: &k${i + 1} [${`*k${i},`.repeat(12)}]`);
    const [first] = problemsOf(['k0: &k0 [x]', ...lists].join('\n'));
    expect(first).toContain('Cannot read the YAML: Excessive alias count');
  });
});
