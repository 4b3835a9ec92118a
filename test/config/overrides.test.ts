// Timeouts from the command line: they always apply, and never leave a range without a word.
import { describe, expect, it, test } from 'vitest';
import { applyOverrides } from '../../src/config/overrides.ts';
import { functionOf } from './helpers.ts';

const config = functionOf('idleTimeout: 60\ntimeout: 300');

test('without overrides the config stays as it is', () => {
  expect(applyOverrides(config, {})).toEqual({ config, notices: [] });
});

test('an override within the range applies without a notice', () => {
  const applied = applyOverrides(config, {
    idleTimeoutMs: 20_000,
    executionTimeoutMs: 120_000,
    initTimeoutMs: 5000,
  });
  expect(applied.config).toEqual({
    ...config,
    idleTimeoutMs: 20_000,
    executionTimeoutMs: 120_000,
    initTimeoutMs: 5000,
  });
  expect(applied.notices).toEqual([]);
});

describe('an override that the platform would not take applies with a notice', () => {
  const outside = 'outside what tencent-scf allows';
  const after = 'fine for an experiment, not deployable';

  it.each([
    [{ idleTimeoutMs: 2000 }, [`--idle-timeout 2s is ${outside} (10 s to 7200 s): ${after}`]],
    [{ initTimeoutMs: 500 }, [`--init-timeout 500ms is ${outside} (3 s to 300 s): ${after}`]],
    [
      { executionTimeoutMs: 500, idleTimeoutMs: 400 },
      [
        `--idle-timeout 400ms is ${outside} (10 s to 7200 s): ${after}`,
        `--timeout 500ms is ${outside} (at least 1 s): ${after}`,
      ],
    ],
    [
      { idleTimeoutMs: 301_000 },
      ['--idle-timeout 301s is above the execution timeout (300 s): the idle timeout can never be reached'],
    ],
    [
      { executionTimeoutMs: 30_000 },
      ['--timeout 30s is below the idle timeout (60 s): the idle timeout can never be reached'],
    ],
  ])('%j', (overrides, notices) => {
    const applied = applyOverrides(config, overrides);
    expect(applied.config).toMatchObject(overrides);
    expect(applied.notices).toEqual(notices);
  });
});
