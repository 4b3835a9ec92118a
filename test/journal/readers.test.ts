// The three log formats of one session, as goldens: `vitest -u` writes them anew, and the diff is reviewed.
import { describe, expect, it } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { TraceRecord } from '../../src/core/trace.ts';
import { Journal } from '../../src/journal/journal.ts';
import { journalReader, LOG_FORMATS } from '../../src/journal/readers.ts';

const ID = '09c346d3-8417-49c5-8569-0123456789ab';
const origin = {
  at: 0,
  time: new Date(2026, 10, 21, 10, 31, 18, 887).getTime(),
  requestId: ID,
  function: 'echo',
};

const report: InvocationReport = {
  requestId: ID,
  function: 'echo',
  platform: 'tencent-scf',
  statusCode: 433,
  statusBasis: 'documented',
  cause: 'execution-timeout',
  closedBy: 'platform',
  closeCode: 1006,
  closeReason: '',
  startedAt: '2026-11-21T10:31:18.887Z',
  durationMs: 3000,
  billedMs: 3000,
  initMs: 236.4,
  memoryMB: 128,
  memUsageMB: 57.86,
  up: { messages: 1, bytes: 2 },
  down: { messages: 3, bytes: 2048 },
  sandbox: { driver: 'process', pid: 4711, exit: 'SIGTERM', origin: 'cold' },
};

const SESSION: readonly TraceRecord[] = [
  {
    type: 'notice',
    level: 'warn',
    time: origin.time,
    message: 'The start file asks for node 12',
    advice: 'Fine',
  },
  { ...origin, type: 'connected', path: '/?room=1', from: '127.0.0.1', fromPort: 54321 },
  { ...origin, type: 'instance-started', driver: 'process', pid: 4711 },
  { ...origin, type: 'output', stream: 'stdout', line: 'listening' },
  { ...origin, type: 'output', stream: 'stderr', line: 'a warning' },
  { ...origin, type: 'listening-elsewhere', port: 3000, expectedPort: 9000 },
  {
    ...origin,
    type: 'instance-ready',
    origin: 'cold',
    initMs: 236.4,
    memoryMB: 128,
    memUsageBytes: 57.86 * 1024 ** 2,
  },
  { ...origin, type: 'opened' },
  { ...origin, type: 'frame', from: 'client', opcode: 1, fin: true, payloadBytes: 2 },
  { ...origin, type: 'frame', from: 'function', opcode: 2, fin: false, payloadBytes: 2048 },
  { ...origin, type: 'close-received', from: 'function', isAnswer: false, code: 4001, reason: 'bye' },
  { ...origin, type: 'close-received', from: 'client', isAnswer: true, code: 4001, reason: '' },
  { ...origin, type: 'close-sent', to: 'client', code: 1008, reason: 'message rate exceeded' },
  {
    ...origin,
    type: 'ended',
    cause: { kind: 'execution-timeout' },
    report,
    errorMessage: 'Invoking task timed out after 3 seconds',
    explanation: 'The connection reached the execution timeout of 3 s: raise timeout',
  },
  {
    ...origin,
    type: 'ended',
    cause: { kind: 'idle-timeout' },
    report: { ...report, statusCode: 455, cause: 'idle-timeout', statusBasis: 'assumed', memUsageMB: null },
    errorMessage: null,
    explanation: null,
  },
  {
    ...origin,
    type: 'ended',
    cause: { kind: 'client-closed', code: 1000, reason: '' },
    report: { ...report, statusCode: 200, cause: 'client-closed', closeCode: 1000, closedBy: 'client' },
    errorMessage: null,
    explanation: null,
  },
];

describe.each(LOG_FORMATS)('--log-format %s', format => {
  it('tells the session as in the golden file', async () => {
    let out = '';
    const stream = { write: (text: string) => (out += text) };
    const journal = new Journal();
    journal.subscribe(journalReader({ format, verbose: true, colour: false, nameFunctions: false }, stream));
    for (const record of SESSION) journal.add(record);
    // The zone of the machine is not ours to assert.
    const neutral = out.replace(/"time":"[^"]+"/g, '"time":"…"');
    await expect(neutral).toMatchFileSnapshot(`golden/${format}.txt`);
  });
});

it('shows as unknown, in pretty, what a terminal would obey, but for colours and tabs', () => {
  let out = '';
  const stream = { write: (text: string) => (out += text) };
  const options = { format: 'pretty', verbose: false, colour: false, nameFunctions: false } as const;
  const line = '\u001b[31mred\u001b[0m\t\u0007\u001b[2J\r\u0000\u009b';
  journalReader(options, stream).onRecord({ ...origin, type: 'output', stream: 'stdout', line });
  expect(out.slice(out.indexOf('|'))).toBe('| \u001b[31mred\u001b[0m\t\ufffd\ufffd[2J\ufffd\ufffd\ufffd\n');
});

describe('the journal', () => {
  it('keeps the last records and gives every new one to its readers', () => {
    const journal = new Journal({ capacity: 3 });
    const seen: string[] = [];
    const end = journal.subscribe({ onRecord: record => seen.push(record.type) });
    for (const record of SESSION.slice(0, 5)) journal.add(record);
    end();
    for (const record of SESSION.slice(5, 7)) journal.add(record);
    expect(seen).toEqual(SESSION.slice(0, 5).map(({ type }) => type));
    expect(journal.records).toEqual(SESSION.slice(4, 7));
  });

  it('knows whether anybody wants frames', () => {
    const journal = new Journal();
    const end = journal.subscribe({ onRecord: () => {}, frames: true });
    expect(journal.wantsFrames).toBe(true);
    end();
    expect(journal.wantsFrames).toBe(false);
  });
});
