// What every platform file must have; a new platform is held to it by being registered.
import { describe, expect, it } from 'vitest';
import type { EndCause } from '../../src/core/end-cause.ts';
import { END_CAUSE_KINDS } from '../../src/core/end-cause.ts';
import type { Fact } from '../../src/platforms/platform.ts';
import { statusOf } from '../../src/platforms/platform.ts';
import { findPlatform, platformIds } from '../../src/platforms/registry.ts';
import { tencentScf } from '../../src/platforms/tencent-scf.ts';

function factsIn(value: unknown, path: string): [string, Fact<unknown>][] {
  if (typeof value !== 'object' || value === null) return [];
  if ('basis' in value && 'source' in value) return [[path, value as Fact<unknown>]];
  return Object.entries(value).flatMap(([key, inner]) => factsIn(inner, `${path}.${key}`));
}

const exit = { kind: 'exited', code: 1 } as const;

/** One cause of each kind. */
const CAUSES: readonly EndCause[] = [
  { kind: 'client-closed', code: 1000, reason: '' },
  { kind: 'function-closed', code: 1000, reason: '' },
  { kind: 'client-lost' },
  { kind: 'function-lost' },
  { kind: 'process-exited', exit },
  { kind: 'idle-timeout' },
  { kind: 'execution-timeout' },
  { kind: 'memory-exceeded', usedBytes: 1 },
  { kind: 'quota-exceeded', quota: 'bandwidth', by: 'client', measured: 1 },
  { kind: 'port-not-bound', loopbackAddress: null },
  { kind: 'start-failed', exit },
  { kind: 'concurrency-exceeded', maxInstances: 1 },
  { kind: 'upgrade-refused', httpStatus: 401 },
  { kind: 'emulator-stopped' },
];

it('the list of causes below is complete', () => {
  expect(CAUSES.map(({ kind }) => kind)).toEqual([...END_CAUSE_KINDS]);
});

describe.each(platformIds())('%s', id => {
  const platform = findPlatform(id);

  it.each(CAUSES.map(cause => [cause.kind, cause] as const))('has a status for %s', (_kind, cause) => {
    const status = platform && statusOf(platform.status, cause);
    expect(status?.source).toBeTruthy();
    if (cause.kind !== 'emulator-stopped') expect(status?.value).toBeTypeOf('number');
  });

  it('says of each fact how it is known and where it was learnt', () => {
    const facts = factsIn(platform, id);
    expect(facts.length).toBeGreaterThan(30);
    for (const [path, { basis, source }] of facts) {
      expect(['documented', 'observed', 'assumed'], path).toContain(basis);
      expect(source.length, path).toBeGreaterThan(10);
    }
  });

  it('has defaults within its own ranges', () => {
    for (const setting of [
      platform?.idleTimeoutS,
      platform?.executionTimeoutS,
      platform?.initTimeoutS,
      platform?.memoryMB,
    ]) {
      const { min, max } = setting?.range.value ?? { min: Infinity, max: null };
      expect(setting?.default.value).toBeGreaterThanOrEqual(min);
      expect(setting?.default.value).toBeLessThanOrEqual(max ?? Infinity);
    }
  });
});

describe('tencent-scf: close codes → status, as documented', () => {
  it.each([
    ['client', 1000, 200],
    ['client', 1010, 200],
    ['client', 1011, 456],
    ['client', 1001, 456],
    ['client', 4000, 456],
    ['client', null, 456],
    ['function', 1000, 200],
    ['function', 1011, 200],
    ['function', 1010, 439],
    ['function', 1001, 439],
    ['function', 4001, 439],
    ['function', null, 439],
  ] as const)('closed by the %s with %s → %i', (side, code, status) => {
    expect(statusOf(tencentScf.status, { kind: `${side}-closed`, code, reason: '' }).value).toBe(status);
  });

  it.each([
    [{ kind: 'client-lost' }, 456],
    [{ kind: 'function-lost' }, 439],
    [{ kind: 'process-exited', exit }, 439],
    [{ kind: 'idle-timeout' }, 455],
    [{ kind: 'execution-timeout' }, 433],
    [{ kind: 'memory-exceeded', usedBytes: 1 }, 434],
    [{ kind: 'port-not-bound', loopbackAddress: null }, 446],
    [{ kind: 'start-failed', exit }, 443],
    [{ kind: 'concurrency-exceeded', maxInstances: 1 }, 432],
    [{ kind: 'quota-exceeded', quota: 'bandwidth', by: 'client', measured: 1 }, 456],
    [{ kind: 'quota-exceeded', quota: 'message-size', by: 'function', measured: 1 }, 439],
  ] as const)('%o → %i', (cause, status) => {
    expect(statusOf(tencentScf.status, cause).value).toBe(status);
  });
});
