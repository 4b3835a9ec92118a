// What is wrong with a config file, from a place in its values to a line that people read. Pure.
import type { ConfigProblem } from './function-config.ts';

/** A problem that knows its place as a path of keys, not yet as a line and a column. */
export interface Finding {
  readonly path: readonly string[];
  readonly message: string;
  readonly advice: string;
}

/** The problem as two lines: where and what, then what to change. */
export function formatProblem(problem: ConfigProblem): string {
  return `${problem.file}:${problem.line}:${problem.column} ${problem.message}\n  ${problem.advice}`;
}

/** In the order of the file, each once. */
export function sortedProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  // Two checks of one value may say the same, and a shared key is looked at once per function.
  const distinct = new Map(problems.map(problem => [formatProblem(problem), problem]));
  return [...distinct.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** How a path is called in a message: `idleTimeout`, `limits.message`; the function's own place is left to the line number. */
export function labelOf(path: readonly string[]): string {
  const isBelowFunction = path[0] === 'functions' && path.length > 2;
  const shown = path.slice(isBelowFunction ? 2 : 0).map(describeKey);
  return shown.join('.') || 'the file';
}

/** A key as it is if it could be one, else in quotes. */
export function describeKey(key: string): string {
  return /^[\w<-]{1,60}$/.test(key) ? key : describeValue(key);
}

/** A value from the file, short enough for a message. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** Seconds, the unit of the platforms' settings: `5 s`, `7200 s`, `0.25 s`. */
export function formatSeconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** A duration as one writes it at the command line: `5s`, `250ms`. */
export function formatFlagDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
