// What a whole run comes to: counts, the invocations by status, the slowest scenarios. Pure.
import type { InvocationReport } from '../../core/invocation.ts';
import { formatDuration } from '../../core/units.ts';
import type { RunEvent, RunTotals, ScenarioResult } from '../result.ts';

const SLOWEST = 5;

export interface InvocationCount {
  readonly statusCode: InvocationReport['statusCode'];
  readonly cause: InvocationReport['cause'];
  readonly count: number;
}

/** By status code, those without one last, then by cause. */
export function countInvocations(results: readonly ScenarioResult[]): readonly InvocationCount[] {
  const counts = new Map<string, InvocationCount>();
  for (const { statusCode, cause } of results.flatMap(({ invocations }) => invocations)) {
    const key = `${statusCode} ${cause}`;
    counts.set(key, { statusCode, cause, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const rank = ({ statusCode }: InvocationCount): number => statusCode ?? Number.MAX_SAFE_INTEGER;
  return [...counts.values()].sort((a, b) => rank(a) - rank(b) || (a.cause < b.cause ? -1 : 1));
}

/** Slowest first. */
export function slowestOf(results: readonly ScenarioResult[]): readonly ScenarioResult[] {
  return results
    .filter(({ outcome }) => outcome !== 'skipped')
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST);
}

/** `12 passed, 1 failed, 2 skipped, 1 problem in 3.2 s`; what there is none of is left out, but for the passed. */
export function totalsText({ passed, failed, skipped, problems, durationMs }: RunTotals): string {
  const parts = [
    `${passed} passed`,
    failed > 0 ? `${failed} failed` : null,
    skipped > 0 ? `${skipped} skipped` : null,
    problems > 0 ? `${problems} problem${problems === 1 ? '' : 's'}` : null,
  ];
  return `${parts.filter(part => part !== null).join(', ')} in ${formatDuration(Math.round(durationMs))}`;
}

/** Null if all has run. */
export function stoppedText(stopped: Extract<RunEvent, { type: 'run-ended' }>['stopped']): string | null {
  switch (stopped) {
    case null:
      return null;
    case 'bail':
      return 'stopped after the first failure (--bail)';
    case 'interrupted':
      return 'interrupted';
  }
}
