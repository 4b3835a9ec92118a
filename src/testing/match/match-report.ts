// Is the report of an invocation what a scenario expects, and if not, what differs. Pure.
import type { InvocationReport } from '../../core/invocation.ts';
import type { JsonValue } from '../json.ts';
import type { NumberRange, ReportMatcher, Variables } from '../scenario.ts';
import type { Mismatch } from './match.ts';
import { inOneSentence } from './match-json.ts';
import { comparison, inSentence, prettyJson } from './show.ts';
import { fillText } from './variables.ts';

interface Comparable {
  readonly expected: Record<string, JsonValue>;
  readonly actual: Record<string, JsonValue>;
  readonly differences: string[];
}

/** Null if the report is as expected. */
export function matchReport(
  matcher: ReportMatcher,
  report: InvocationReport,
  variables: Variables,
): Mismatch | null {
  const { expected, actual, differences } = compared(matcher, { ...report }, { variables, prefix: '' });
  if (differences.length === 0) return null;
  const texts = comparison(prettyJson(expected), prettyJson(actual));
  return { reason: inOneSentence(differences), ...texts, capture: null };
}

function compared(
  matcher: ReportMatcher,
  report: Readonly<Record<string, unknown>>,
  { variables, prefix }: { variables: Variables; prefix: string },
): Comparable {
  const result: Comparable = { expected: {}, actual: {}, differences: [] };
  for (const [key, wanted] of Object.entries(matcher)) {
    // Scenarios say `status`, as everyone does.
    const name = key === 'statusCode' ? 'status' : key;
    const got = report[key];
    if (isNested(wanted)) {
      const inner = compared(wanted, isReport(got) ? got : {}, { variables, prefix: `${prefix}${name}.` });
      result.expected[name] = inner.expected;
      result.actual[name] = inner.actual;
      result.differences.push(...inner.differences);
      continue;
    }
    const value = scalar(got);
    const expectation = typeof wanted === 'string' ? fillText(wanted, variables) : wanted;
    const isMet = isRange(expectation) ? isWithin(expectation, value) : expectation === value;
    result.actual[name] = value;
    // A range that is met must not look like a difference.
    result.expected[name] = isMet ? value : isRange(expectation) ? describeRange(expectation) : expectation;
    if (isMet) continue;
    const instead = isRange(expectation) ? describeRange(expectation) : inSentence(expectation);
    result.differences.push(`${prefix}${name} is ${inSentence(value)} instead of ${instead}`);
  }
  return result;
}

/** `60000 or more`, `at most 5`, `1 to 5`. */
function describeRange({ min, max }: NumberRange): string {
  if (max === Number.POSITIVE_INFINITY) return `${min} or more`;
  return min === Number.NEGATIVE_INFINITY ? `at most ${max}` : `${min} to ${max}`;
}

function isWithin({ min, max }: NumberRange, value: JsonValue): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function isRange(value: ReportMatcher[string]): value is NumberRange {
  return typeof value === 'object' && value !== null && typeof value.min === 'number';
}

function isNested(value: ReportMatcher[string]): value is ReportMatcher {
  return typeof value === 'object' && value !== null && !isRange(value);
}

function isReport(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function scalar(value: unknown): JsonValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
