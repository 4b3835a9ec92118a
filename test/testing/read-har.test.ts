// HAR files as their programs write them → scenarios. `har/` has real ones: Chromium 156's network panel (DevTools’ own
// exporter), and Playwright 1.65 with `recordHar`, embedded and attached.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseIgnoredPath } from '../../src/testing/har/ignored-path.ts';
import type { HarScenarios } from '../../src/testing/har/read-har.ts';
import { readHar } from '../../src/testing/har/read-har.ts';
import type { Scenario, Step } from '../../src/testing/scenario.ts';

const textOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`har/${name}`, import.meta.url)), 'utf8');

const read = (text: string): HarScenarios => readHar(text, { file: 'a.har', ignore: [] });

/** Steps without their places. */
const actionsOf = ({ steps }: Scenario): unknown[] => steps.map(({ at: _, ...action }) => action);

function only({ scenarios, problems }: HarScenarios): Scenario {
  expect(problems).toEqual([]);
  expect(scenarios).toHaveLength(1);
  const [scenario] = scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
}

const expectText = (text: string): object => ({
  kind: 'expect',
  message: { matcher: { kind: 'replayed', text, ignore: [] } },
});

describe.each([
  ['chrome.har', '{"type":"welcome","name":"Ada","time":1795242051545}', [491, 497, 503]],
  ['playwright.har', '{"type":"welcome","name":"Ada","time":1795242042755}', [1, 1, 1]],
])('%s', (name, welcome, lines) => {
  const scenario = only(read(textOf(name)));

  it('is the client’s side again, at its pace, and what it was answered', () => {
    expect(actionsOf(scenario)).toMatchObject([
      { kind: 'connect', as: 'client', path: '/chat?room=1', subprotocols: ['chat'], mustOpen: true },
      { kind: 'send', message: { kind: 'text', text: '{"type":"hello","name":"Ada"}' } },
      expectText(welcome),
      { kind: 'advance', ms: 1501 },
      { kind: 'send', message: { kind: 'base64', data: 'AP8BAg==' } },
      { kind: 'expect', message: { matcher: { kind: 'base64', data: 'AP8BAg==' } } },
      // What looks like a variable is none.
      { kind: 'send', message: { kind: 'text', text: 'text with $${dollar} and €' } },
      expectText('text with ${dollar} and €'),
      { kind: 'close', code: 1000 },
    ]);
  });

  it('sends the headers again that do not belong to the connection', () => {
    const [connect] = scenario.steps;
    const headers = connect?.kind === 'connect' ? connect.headers : {};
    expect(headers).toMatchObject({
      Cookie: 'session=s3cret',
      Origin: 'http://127.0.0.1:41541',
      'User-Agent': expect.stringContaining('Chrome'),
    });
    expect(Object.keys(headers).filter(key => /^(host|connection|upgrade|sec-.*)$/i.test(key))).toEqual([]);
  });

  it('says where in the file each step stands', () => {
    expect(scenario.steps.slice(1, 4).map(({ at }) => at.line)).toEqual([lines[0], lines[1], lines[2]]);
    const [, send] = scenario.steps;
    const line = textOf(name).split('\n')[(send?.at.line ?? 0) - 1] ?? '';
    expect(line[(send?.at.column ?? 0) - 1]).toBe('{');
  });
});

it('a HAR of Playwright’s that has its messages in other files is not silently empty', () => {
  const { scenarios, problems } = read(textOf('playwright-attached.har'));
  expect(scenarios).toEqual([]);
  expect(problems).toEqual([
    {
      file: 'a.har',
      line: 1,
      column: 1,
      message: 'the HAR has WebSocket connections, but no message of them',
      advice: expect.stringContaining('content: embed'),
    },
  ]);
});

interface Message {
  readonly type?: string;
  readonly time?: number;
  readonly opcode?: number;
  readonly data?: string | undefined;
  readonly [key: string]: unknown;
}

/** A HAR of one connection, as little as there can be. */
function har(messages: readonly Message[] | undefined, more: object = {}): string {
  const entry = {
    request: { url: 'wss://chat.example.com/live?x=1#y' },
    _webSocketMessages: messages,
    ...more,
  };
  return JSON.stringify({ log: { entries: [entry] } });
}

const sent = (data: string, time?: number): Message => ({
  type: 'send',
  opcode: 1,
  data,
  ...(time !== undefined && { time }),
});
const received = (data: string, time?: number): Message => ({ ...sent(data, time), type: 'receive' });

/** How an entry of scf-ws's own goes on: opened at 1000 s, ended at 1060 s. */
const own = (end: object): object => ({
  startedDateTime: new Date(999_900).toISOString(),
  time: 60_100,
  response: { status: 101 },
  timings: { wait: 100 },
  _scfWs: { statusCode: 200, cause: 'client-closed', closeCode: 1000, closeReason: '', ...end },
});

const endOf = (text: string): unknown[] => actionsOf(only(read(text))).slice(2);

describe('what may stand in a HAR', () => {
  it('a byte order mark, another host, missing times and headers', () => {
    expect(actionsOf(only(read(`\uFEFF${har([sent('hi'), received('ho')])}`)))).toMatchObject([
      { kind: 'connect', path: '/live?x=1', headers: {}, subprotocols: [], mustOpen: true },
      { kind: 'send' },
      { kind: 'expect' },
      { kind: 'close' },
    ]);
  });

  it('entries that are no WebSocket connection, or nothing at all', () => {
    const connection: unknown = JSON.parse(har([sent('hi')])).log.entries[0];
    const page = { request: { method: 'GET', url: 'https://example.com/' }, response: { status: 200 } };
    const entries = [
      page,
      {},
      { request: { url: 'not a url' }, _webSocketMessages: [sent('x')] },
      connection,
    ];
    only(read(JSON.stringify({ log: { entries } })));
  });

  it('several connections: a scenario each', () => {
    const entries = [1, 2].map(n => ({
      request: { url: `ws://h/${n}` },
      _webSocketMessages: [sent(`${n}`)],
    }));
    const { scenarios } = read(JSON.stringify({ log: { entries } }));
    expect(scenarios.map(({ name }) => name)).toEqual(['connection 1 to /1', 'connection 2 to /2']);
  });

  it('Chrome’s error rows: what came before is played', () => {
    const error = { type: 'error', opcode: -1, time: 3, data: 'Error in connection' };
    expect(actionsOf(only(read(har([sent('hi', 1), error, received('never', 4)]))))).toMatchObject([
      { kind: 'connect' },
      { kind: 'send' },
      { kind: 'close' },
    ]);
  });

  it('control frames: pings are left out, a close frame is the end', () => {
    const ping = { type: 'send', opcode: 9, data: '' };
    const closing = { type: 'receive', opcode: 8, data: Buffer.of(0x0f, 0xa1, 0x78).toString('base64') };
    const text = har([sent('hi'), ping, closing, received('after it')]);
    expect(endOf(text)).toEqual([
      { kind: 'expectClose', as: 'client', code: 4001, reason: null, withinMs: 10_000 },
    ]);
    const leaves = har([sent('hi', 1), { type: 'send', time: 2, opcode: 8, data: '', code: 4000 }]);
    expect(endOf(leaves)).toEqual([
      { kind: 'advance', ms: 1000 },
      { kind: 'close', as: 'client', code: 4000, reason: '' },
    ]);
  });

  it('headers more than once, and some that cannot be sent', () => {
    const headers = [
      ...[':authority: x', 'cookie: a=1', 'cookie: b=2', 'x-one: 1', 'X-Bad Name: 1', 'x-bad: €'],
      ...['sec-websocket-protocol: one, two', 'X-Template: ${home}', 'Content-Length: 0'],
    ].map(line => {
      const colon = line.indexOf(': ');
      return { name: line.slice(0, colon), value: line.slice(colon + 2) };
    });
    const [connect] = actionsOf(only(read(har([sent('x')], { request: { url: 'ws://h/', headers } }))));
    expect(connect).toMatchObject({
      headers: { cookie: 'a=1; b=2', 'x-one': '1', 'X-Template': '$${home}' },
      subprotocols: ['one', 'two'],
    });
    expect(Object.keys((connect as { headers: object }).headers)).toHaveLength(3);
  });

  it('times in seconds, in milliseconds, or in an order that cannot be', () => {
    const gaps = (times: readonly number[]): number[] =>
      only(read(har(times.map(time => sent('x', time))))).steps.flatMap(step =>
        step.kind === 'advance' ? [step.ms] : [],
      );
    expect(gaps([1.7e9, 1.7e9 + 61.25])).toEqual([61_250]);
    expect(gaps([1.7e12, 1.7e12 + 61_250])).toEqual([61_250]);
    expect(gaps([1.7e9, 1.7e9 + 0.0004, 1.7e9 - 5, -1, 1.7e9])).toEqual([5000]);
  });

  it('a long wait for the function: the scenario may take so long', () => {
    const scenario = only(read(har([sent('x', 1000), received('y', 1090)])));
    expect(scenario.timeoutMs).toBe(190_000);
    expect(
      scenario.steps.find((step): step is Extract<Step, { kind: 'expect' }> => step.kind === 'expect'),
    ).toMatchObject({ withinMs: 100_000 });
  });

  it('messages that scf-ws has cut: the beginning of an answer is enough, a question must be whole', () => {
    const scenario = only(read(har([sent('x'), { ...received('begin'), _truncated: 2_000_000 }])));
    expect(scenario.steps[2]).toMatchObject({
      message: { matcher: { kind: 'size', minBytes: 5, maxBytes: Number.POSITIVE_INFINITY } },
    });
    const { scenarios, problems } = read(har([received('ok'), { ...sent('begin'), _truncated: 2_000_000 }]));
    expect(scenarios).toEqual([]);
    expect(problems).toMatchObject([{ message: expect.stringContaining('without its end'), line: 1 }]);
    expect(problems[0]?.column).toBeGreaterThan(100);
  });
});

describe('how it ended, where scf-ws has recorded it', () => {
  const conversation = [sent('hi', 1000)];

  it.each([
    [
      'by the client',
      { closeCode: 4000, closeReason: 'a ${b}', statusCode: 456 },
      [
        { kind: 'advance', ms: 60_000 },
        { kind: 'close', code: 4000, reason: 'a $${b}' },
      ],
    ],
    [
      'by the client, without a code',
      { closeCode: 1005, statusCode: 456 },
      [{ kind: 'advance' }, { kind: 'close', code: null }],
    ],
    [
      'by a client that went away',
      { cause: 'client-lost', closeCode: 1006, statusCode: 456 },
      [{ kind: 'advance' }, { kind: 'cut' }],
    ],
    [
      'by the function',
      { cause: 'function-closed', closeCode: 4001, closeReason: 'bad', statusCode: 439 },
      [{ kind: 'expectClose', code: 4001, reason: { kind: 'text', text: 'bad' } }],
    ],
    [
      'by its process',
      { cause: 'process-exited', closeCode: 1006, statusCode: 439 },
      [{ kind: 'expectClose', code: 1006, reason: null }],
    ],
    [
      'by the idle timeout',
      { cause: 'idle-timeout', closeCode: 1006, statusCode: 455 },
      [
        { kind: 'advance', ms: 60_000 },
        { kind: 'expectClose', code: 1006 },
      ],
    ],
  ])('%s', (_name, end, steps) => {
    const { statusCode, cause } = { cause: 'client-closed', ...end };
    expect(endOf(har(conversation, own(end)))).toMatchObject([
      ...steps,
      { kind: 'expectInvocation', report: { statusCode, cause } },
    ]);
  });

  it.each(['quota-exceeded', 'emulator-stopped'])(
    '%s cannot come again by itself: the client closes',
    cause => {
      expect(endOf(har(conversation, own({ cause, statusCode: null })))).toEqual([
        { kind: 'close', as: 'client', code: 1000, reason: '' },
      ]);
    },
  );

  it('a connection without a message has an end, too', () => {
    expect(actionsOf(only(read(har([], own({}))))).map(action => (action as Step).kind)).toEqual([
      'connect',
      'advance',
      'close',
      'expectInvocation',
    ]);
  });

  it.each([
    ['by the function', 'upgrade-refused', { kind: 'replayed', text: 'go away', ignore: [] }],
    ['by the platform, whose body names the request', 'start-failed', null],
  ])('a refusal %s', (_name, cause, body) => {
    const response = { status: 443, content: { text: 'go away' } };
    const text = har([], { ...own({ cause, statusCode: 443, closeCode: null }), response });
    expect(actionsOf(only(read(text)))).toMatchObject([
      { kind: 'connect', mustOpen: false },
      { kind: 'expectRefused', status: 443, body },
      { kind: 'expectInvocation', report: { statusCode: 443, cause } },
    ]);
  });
});

it('ignored paths go to every text that is expected', () => {
  const path = parseIgnoredPath('$.time');
  const ignore = path === null ? [] : [path];
  const { scenarios } = readHar(har([received('{"time":1}')]), { file: 'a.har', ignore });
  expect(scenarios[0]?.steps[1]).toMatchObject({ message: { matcher: { kind: 'replayed', ignore } } });
});

describe('what is no HAR, or none to be played', () => {
  it.each([
    ['', 1, 1, 'the file is empty'],
    ['<!doctype html>\n<title>Sign in</title>', 1, 1, 'the file is HTML or XML, not a HAR'],
    ['PK\u0003\u0004', 1, 1, 'the file is a zip archive, not a HAR'],
    ['name: yaml\nsteps: []', 1, 1, 'the file is not JSON, and so not a HAR'],
    ['{\n  "log": {\n    "entries": [],\n  }\n}', 4, 3, 'the file is not JSON, and so not a HAR'],
    ['{\n  "log": {\n    "entries": [', 3, 17, 'the file ends in the middle: it is not a whole HAR'],
    ['{\n "log": { "version": "1.', 2, 25, 'the file ends in the middle: it is not a whole HAR'],
    ['[]', 1, 1, 'the file is JSON, but not a HAR: it has no list log.entries'],
    ['{"log":{"entries":{}}}', 1, 1, 'the file is JSON, but not a HAR: it has no list log.entries'],
    ['{"log":{"entries":[]}}', 1, 1, 'the HAR has no WebSocket connection'],
    [har([]), 1, 1, 'the HAR has WebSocket connections, but no message of them'],
    [har(undefined), 1, 1, 'the HAR has WebSocket connections, but no message of them'],
    [har([{ ...sent('x'), data: undefined }]), 1, 97, 'the message has no data'],
    [har([{ ...sent('?'), opcode: 2 }]), 1, 97, 'the data of a binary message is not base64'],
  ])('%j', (text, line, column, message) => {
    const { scenarios, problems } = read(text);
    expect(scenarios).toEqual([]);
    expect(problems).toEqual([
      { file: 'a.har', line, column, message, advice: expect.stringMatching(/\w{4}/) },
    ]);
  });
});
