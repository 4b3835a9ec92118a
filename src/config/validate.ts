// Raw values → values of the right types, with everything that is wrong about single keys. Pure.
import * as v from 'valibot';
import { isRecord, structureFindings } from './key-names.ts';
import { describeValue, type Finding, labelOf } from './problem.ts';
import { expectationOf } from './schema.ts';

/** The valid part of `raw`, null if there is none to speak of, and a finding for everything left out of it. */
export function validated<S extends v.GenericSchema>(
  schema: S,
  raw: unknown,
): { values: v.InferOutput<S> | null; findings: readonly Finding[] } {
  // valibot names only the first unknown key of an object and takes lists for maps, so both are taken out before.
  const misplaced = structureFindings(raw);
  const known = withoutPaths(raw, misplaced);
  const first = v.safeParse(schema, known);
  if (first.success) return { values: first.output, findings: misplaced };
  // A required key that is undefined was taken out above and has its finding.
  const findings = first.issues.filter(issue => issue.input !== undefined).map(valueFinding);
  const second = v.safeParse(schema, withoutPaths(known, findings));
  return { values: second.success ? second.output : null, findings: [...misplaced, ...findings] };
}

function valueFinding(issue: v.BaseIssue<unknown>): Finding {
  const path = (issue.path ?? []).map(item => String(item.key));
  const expectation = expectationOf(issue.message);
  if (issue.input === null) {
    const isVariable = issue.message === 'variable';
    const advice = isVariable ? 'write "" for an empty text' : 'write a value, or remove the key';
    return { path, message: `${labelOf(path)} has no value`, advice };
  }
  const message = `${labelOf(path)} ${expectation.must}: got ${describeValue(issue.input)}`;
  return { path, message, advice: expectation.advice };
}

function withoutPaths(value: unknown, findings: readonly Finding[]): unknown {
  return findings.reduce((rest, finding) => without(rest, finding.path), value);
}

function without(value: unknown, path: readonly string[]): unknown {
  const [key, ...below] = path;
  if (key === undefined) return {};
  // The rest of a list is of no use without what is wrong in it.
  if (!isRecord(value)) return Array.isArray(value) ? [] : value;
  const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (name !== key) return [[name, inner]];
    return below.length === 0 ? [] : [[name, without(inner, below)]];
  });
  return Object.fromEntries(entries);
}
