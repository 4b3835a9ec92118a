// What is expected of a report: from the values of a file to a matcher with the report's own keys.
import { isRecord } from '../../config/key-names.ts';
import type { NumberRange, ReportMatcher } from '../scenario.ts';
import { type Path, type Reading, readText } from './reading.ts';
import { TEXT_KEYS } from './report-schema.ts';
import type { TextValue } from './value-schema.ts';

type ReportValue = ReportMatcher[string];

export function readReport(
  values: Readonly<Record<string, unknown>>,
  { path, reading }: { path: Path; reading: Reading },
): ReportMatcher {
  if (values.status !== undefined && values.statusCode !== undefined) {
    const message = 'statusCode cannot stand beside status: they are the same';
    reading.report({ path: [...path, 'statusCode'], message, advice: 'remove one of the two' });
  }
  const entries = Object.entries(values).map(([key, value]): [string, ReportValue] => [
    key === 'status' ? 'statusCode' : key,
    readValue(key, value, { path: [...path, key], reading }),
  ]);
  return Object.fromEntries(entries);
}

function readValue(key: string, value: unknown, at: { path: Path; reading: Reading }): ReportValue {
  if (value === null) return null;
  if (typeof value === 'number' && !TEXT_KEYS.includes(key)) return value;
  if (typeof value !== 'object') return readText(value as TextValue, at);
  if (!isRecord(value)) return null;
  return isRange(value) ? { ...UNLIMITED, ...value } : readReport(value, at);
}

const UNLIMITED: NumberRange = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

/** No key of a report has these names. */
function isRange(value: Readonly<Record<string, unknown>>): value is Partial<NumberRange> & typeof value {
  return 'min' in value || 'max' in value;
}
