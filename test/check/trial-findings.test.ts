// What a trial comes to, where no real instance would show it without a race.
import { expect, test } from 'vitest';
import { codeFolder } from '../../src/check/code-folder.ts';
import type { Finding } from '../../src/check/finding.ts';
import type { Trial } from '../../src/check/trial.ts';
import { trialFindings } from '../../src/check/trial-findings.ts';
import { defaultConfig } from '../../src/config/defaults.ts';

const SOUND: Trial = {
  listening: [{ address: '0.0.0.0', port: 9000, afterMs: 50 }],
  readyAfterMs: 60,
  loopbackAddress: null,
  otherPorts: [],
  exit: null,
  termination: { afterMs: 10, isKilled: false },
  memoryBytes: 40 * 1024 ** 2,
  lines: [],
  namedError: null,
  lastWords: null,
};

function findingsOf(trial: Partial<Trial>): readonly Finding[] {
  const trials = {
    kind: 'namespace',
    trial: { ...SOUND, ...trial },
    absentModule: null,
    written: [],
    isStoppedByWriting: false,
    hasUsedNetwork: false,
    warnings: [],
  } as const;
  const config = defaultConfig({ dir: '/nowhere' });
  return trialFindings(trials, { config, folder: codeFolder('/nowhere'), words: [], text: '', known: [] });
}

test('a sound one comes to nothing', () => {
  expect(findingsOf({})).toEqual([]);
});

test.each([
  ['after it was ready', { readyAfterMs: 60 }],
  ['before anyone could connect', { readyAfterMs: null }],
])('an end by itself %s is that of a connection', (_when, trial) => {
  const end = {
    exit: { kind: 'exited', code: 1 },
    termination: null,
    namedError: 'TypeError: late',
  } as const;
  expect(findingsOf({ ...trial, ...end })).toMatchObject([
    {
      id: 'process-exited',
      level: 'error',
      statusCode: 439,
      message: 'It listens, and ends by itself at once (code 1); it said "TypeError: late"',
    },
  ]);
});

test('an end by itself on another port is a start that failed', () => {
  const other = {
    listening: [{ address: '0.0.0.0', port: 3000, afterMs: 5 }],
    readyAfterMs: null,
    otherPorts: [3000],
  };
  const exit = { kind: 'signaled', signal: 'SIGSEGV' } as const;
  expect(findingsOf({ ...other, exit })).toMatchObject([{ id: 'start-failed', statusCode: 443 }]);
});

test('memory is judged by the whole of what it has', () => {
  const at = (share: number) =>
    findingsOf({ memoryBytes: share * 128 * 1024 ** 2 }).map(({ level }) => level);
  expect([at(0.89), at(0.95), at(1), at(1.01)]).toEqual([[], ['warning'], ['warning'], ['error']]);
});

test('what it said while it did not listen is quoted', () => {
  const silent = { listening: [], readyAfterMs: null, namedError: 'Error: waiting for the moon' };
  expect(findingsOf(silent)).toMatchObject([
    {
      id: 'port-not-bound',
      message:
        'Nothing listened on 0.0.0.0:9000 within the init timeout of 60 s; it said "Error: waiting for the moon"',
    },
  ]);
});
