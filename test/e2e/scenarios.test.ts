// `scf-ws test` with real scenarios, functions and reports: what is said of them, and how the program ends.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { ScenarioResult } from '../../src/testing/result.ts';
import { processesThatKnow } from '../leftovers.ts';
import { examplesDir } from './harness.ts';
import { Program } from './program.ts';
import { until } from './until.ts';

let folder: string;
let temporary: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scf-ws-e2e-'));
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  write(
    'scf.yaml',
    `{ name: echo, src: ${join(examplesDir, 'echo-node')}, idleTimeout: 60, timeout: 300 }\n`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What runs by or for a run of this test. */
function survivors(): readonly unknown[] {
  return processesThatKnow(join(basename(folder), 'tmp'));
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function start(...args: readonly string[]): Program {
  const program = new Program(['test', ...args], { cwd: folder, env: { TMPDIR: temporary } });
  onTestFinished(() => program.dispose());
  return program;
}

interface Document {
  readonly totals: Readonly<Record<string, number>>;
  readonly stopped: string | null;
  readonly scenarios: readonly ScenarioResult[];
}

/** Runs to the end, and leaves nothing behind. */
async function run(
  ...args: readonly string[]
): Promise<{ exitCode: number | null; stderr: string } & Document> {
  const { exitCode, stdout, stderr } = await start(
    '--reporter',
    'json',
    '--reporter',
    'text',
    ...args,
  ).ended();
  expect(survivors()).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  return { exitCode, stderr, ...(JSON.parse(stdout) as Document) };
}

const ECHOES = `
  - connect: {}
  - send: hello
  - expect: hello
`;
const FAILS = `
  - connect: {}
  - send: first
  - expect: first
  - send: second
  - expect: another
`;
const WAITS = `
  - connect: {}
  - send: waiting
  - expect: waiting
  - expectSilence: 10m
`;

function scenarios(all: Readonly<Record<string, string>>): string {
  const entries = Object.entries(all).map(
    ([name, steps]) => `- name: ${name}\n  steps:${steps.replaceAll('\n', '\n  ')}`,
  );
  return `scenarios:\n${entries.join('\n')}\n`;
}

describe('exit codes', () => {
  test('0: all have passed, with the reports of their invocations', async () => {
    write('a.scenario.yaml', scenarios({ one: ECHOES, two: ECHOES }));
    const { exitCode, totals, scenarios: results, stderr } = await run();
    expect(exitCode, stderr).toBe(0);
    expect(totals).toMatchObject({ passed: 2, failed: 0, skipped: 0, problems: 0 });
    const reports = results.flatMap(({ invocations }): readonly InvocationReport[] => invocations);
    expect(reports.map(({ statusCode, cause }) => [statusCode, cause])).toEqual([
      [200, 'client-closed'],
      [200, 'client-closed'],
    ]);
    expect(stderr).toMatch(/^✓ one \(\d.*\) {2}a\.scenario\.yaml:2$/m);
    expect(stderr).toMatch(/^ +2 {2}200 client-closed$/m);
  });

  test('1: one has failed, and says what is needed to see why', async () => {
    write('a.scenario.yaml', scenarios({ good: ECHOES, bad: FAILS }));
    const { exitCode, scenarios: results, stderr } = await run();
    expect(exitCode).toBe(1);
    expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'failed']);
    expect(results[1]?.failure).toMatchObject({
      step: 'expect',
      expected: 'another',
      actual: 'second',
      received: [{ text: 'message "second"' }],
      output: expect.arrayContaining([{ stream: 'stdout', line: 'listening on 0.0.0.0:9000' }]),
    });
    expect(stderr).toMatch(/^ {4}a\.scenario\.yaml:\d+:\d+ expect: /m);
    expect(stderr).toMatch(/expected {2}another\n +actual {4}second\n/);
    expect(stderr).toMatch(/the function said:\n +\| listening on 0\.0\.0\.0:9000\n/);
  });

  test('2: a file cannot be used; the other scenarios still run', async () => {
    write('a.scenario.yaml', scenarios({ good: ECHOES, bad: FAILS }));
    write('b.scenario.yaml', 'steps:\n  - conect: {}\n');
    const { exitCode, totals, stderr } = await run();
    expect(exitCode).toBe(2);
    expect(totals).toMatchObject({ passed: 1, failed: 1, problems: 1 });
    expect(stderr).toMatch(/^! b\.scenario\.yaml:2:\d+ /m);
  });

  test('2: the config cannot be used', async () => {
    write('scf.yaml', 'idleTimeout: 1\n');
    write('a.scenario.yaml', scenarios({ good: ECHOES }));
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/scf\.yaml:1:\d+ idleTimeout/);
  });

  test('2: no scenario fits --filter', async () => {
    write('a.scenario.yaml', scenarios({ good: ECHOES }));
    const { exitCode, stderr } = await start('--filter', 'bad').ended();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('None of the 1 scenarios fits --filter');
  });

  test('130: Ctrl-C ends what runs, skips the rest, and still tells the sum', async () => {
    write('a.scenario.yaml', scenarios({ first: ECHOES, second: WAITS, third: ECHOES }));
    const program = start('--parallel', '1', '--reporter', 'text', '--reporter', 'json:run.json');
    await program.says('✓ first');
    // The program and its guardian run anyway; one more is the instance.
    await until('the second scenario’s instance', () => survivors().length > 2);
    program.signal('SIGINT');
    const { exitCode, stdout } = await program.ended();
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/^- second \(cut short\)/m);
    expect(stdout).toMatch(/^- third \(not run\)/m);
    expect(stdout).toMatch(/^1 passed, 2 skipped in .*, interrupted$/m);
    const document = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as Document;
    expect(document.stopped).toBe('interrupted');
    expect(survivors()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test('--bail starts no other scenario once one has failed', async () => {
  write('a.scenario.yaml', scenarios({ good: ECHOES, bad: FAILS, late: ECHOES, later: ECHOES }));
  const { exitCode, stopped, scenarios: results } = await run('--bail', '--parallel', '1');
  expect(exitCode).toBe(1);
  expect(stopped).toBe('bail');
  expect(results.map(({ outcome }) => outcome)).toEqual(['passed', 'failed', 'skipped', 'skipped']);
});

test('--shard: the parts together are everything once', async () => {
  write('a.scenario.yaml', scenarios({ one: ECHOES, two: ECHOES, three: ECHOES }));
  write('b.scenario.yaml', scenarios({ four: ECHOES }));
  const names: (readonly string[])[] = [];
  for (const shard of ['1/3', '2/3', '3/3']) {
    names.push((await run('--shard', shard)).scenarios.map(({ name }) => name));
  }
  expect(names).toEqual([['one', 'four'], ['two'], ['three']]);
});

test('--timeout ends a scenario that takes longer', async () => {
  write('a.scenario.yaml', scenarios({ slow: WAITS }));
  const { exitCode, stderr } = await run('--timeout', '1s');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('longer than 1 s (--timeout)');
});

test('--set goes into the scenarios', async () => {
  write('a.scenario.yaml', scenarios({ said: ECHOES.replaceAll('hello', '"${word}"') }));
  const { exitCode, stderr } = await run('--set', 'word=hi');
  expect(exitCode, stderr).toBe(0);
});
