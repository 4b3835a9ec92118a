// One run that has everything a reporter may meet: all outcomes, both kinds of difference, output, problems, and characters that
// terminals, XML, Markdown or workflow commands would take for their own.
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { RunEvent, ScenarioResult, StepFailure } from '../../src/testing/result.ts';

export function invocation(overrides: Partial<InvocationReport> = {}): InvocationReport {
  return {
    requestId: '09c346d3-8417-49c5-8569-0123456789ab',
    function: 'echo',
    platform: 'tencent-scf',
    statusCode: 200,
    statusBasis: 'documented',
    cause: 'client-closed',
    closedBy: 'client',
    closeCode: 1000,
    closeReason: '',
    startedAt: '2026-11-21T10:31:18.887Z',
    durationMs: 1234.5,
    billedMs: 1235,
    initMs: 94.7,
    memoryMB: 128,
    memUsageMB: 48.86,
    up: { messages: 1, bytes: 2 },
    down: { messages: 1, bytes: 2 },
    sandbox: { driver: 'process', pid: 4711, exit: 'SIGTERM', origin: 'cold' },
    ...overrides,
  };
}

const FILE = 'tests/echo.scenario.yaml';

function result(line: number, name: string, rest: Partial<ScenarioResult> = {}): ScenarioResult {
  const at = { file: FILE, line, column: 5 };
  return { name, at, outcome: 'passed', durationMs: 100 + line, failure: null, invocations: [], ...rest };
}

function failed(
  line: number,
  name: string,
  failure: Partial<StepFailure>,
  rest: Partial<ScenarioResult> = {},
) {
  return result(line, name, {
    outcome: 'failed',
    failure: {
      at: { file: FILE, line: line + 3, column: 9 },
      step: 'expect',
      message: 'the message is another one than expected',
      expected: null,
      actual: null,
      received: [],
      output: [],
      explanation: null,
      ...failure,
    },
    ...rest,
  });
}

export const PASSED = result(3, 'echoes what it gets', { invocations: [invocation()] });

export const ONE_LINE = failed(
  10,
  'answers a ping, 50% of the time: “乒乓”',
  {
    expected: '{"type":"pong","id":1,"room":"大厅"}',
    actual: '{"type":"pong","id":2,"room":"大厅二"}',
    received: [
      { sinceMs: 12.34, text: 'message "welcome"' },
      { sinceMs: 1340, text: 'message {"type":"pong","id":2,"room":"大厅二"}' },
    ],
  },
  { durationMs: 2345, invocations: [invocation()] },
);

export const MANY_LINES = failed(
  20,
  'sends <b>the & list</b> ]]> twice ]]>',
  {
    expected: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'old', 'z'].join('\n'),
    actual: ['A', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'new', 'newer', 'z'].join('\n'),
    received: [{ sinceMs: 5, text: 'message "A\nb"' }],
    output: [
      { stream: 'stdout', line: 'listening on 9000' },
      { stream: 'stderr', line: '\u001b[31mError: half a pair \ud800, a bell \u0007, ]]> and ```\u001b[0m' },
    ],
    explanation: 'The function’s process ended (code 1) while the connection was open: keep it running',
  },
  {
    durationMs: 700,
    invocations: [
      invocation({
        statusCode: 439,
        cause: 'process-exited',
        closedBy: 'function',
        closeCode: 1006,
        sandbox: { driver: 'process', pid: 1, exit: 'code 1', origin: 'cold' },
      }),
    ],
  },
);

export const NOTHING_CAME = failed(
  30,
  'gets a welcome',
  { message: 'no message came within 1 s', expected: '"welcome"' },
  { invocations: [invocation({ statusCode: null, cause: 'emulator-stopped', closeCode: null })] },
);

export const BUG: ScenarioResult = failed(40, 'meets a bug', {
  at: { file: FILE, line: 40, column: 5 },
  step: 'scf-ws',
  message: 'this is a bug in scf-ws; please report it with what stands below',
  explanation: 'TypeError: x is not a function\n    at somewhere (file.ts:1:1)',
});

export const SKIPPED = result(50, 'comes after\tall | of *them*', { outcome: 'skipped', durationMs: 0 });

export const CUT_SHORT = result(60, 'is still waiting', { outcome: 'skipped', durationMs: 321 });

const OTHER: ScenarioResult = {
  ...result(1, 'is in another file'),
  at: { file: 'tests/more, with: a comma/chat.scenario.yml', line: 1, column: 3 },
};

const PROBLEM = {
  file: 'tests/broken.scenario.yaml',
  line: 4,
  column: 7,
  message: 'expekt is no step: 100% unknown',
  advice: 'write expect',
};

export const RESULTS = [PASSED, ONE_LINE, MANY_LINES, NOTHING_CAME, BUG, SKIPPED, CUT_SHORT, OTHER];

function started({ name, at }: ScenarioResult): RunEvent {
  return { type: 'scenario-started', name, at };
}

function ended(each: ScenarioResult): RunEvent {
  return { type: 'scenario-ended', result: each };
}

/** In the order of a run of two at once. */
export const RECORDED: readonly RunEvent[] = [
  { type: 'run-started', total: RESULTS.length, parallel: 2 },
  { type: 'problem', problem: PROBLEM },
  started(PASSED),
  started(ONE_LINE),
  ended(PASSED),
  started(MANY_LINES),
  ended(ONE_LINE),
  started(NOTHING_CAME),
  started(BUG),
  ended(NOTHING_CAME),
  started(OTHER),
  ended(MANY_LINES),
  ended(OTHER),
  ended(BUG),
  started(CUT_SHORT),
  ended(CUT_SHORT),
  ended(SKIPPED),
  {
    type: 'run-ended',
    totals: { passed: 2, failed: 4, skipped: 2, problems: 1, durationMs: 3456.7 },
    stopped: 'interrupted',
    results: RESULTS,
  },
];
