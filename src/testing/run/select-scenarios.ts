// Which of the scenarios found are to run: by name, and by the machine's share of them. Pure.
import type { Scenario } from '../scenario.ts';

/** Machine `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** True for a name or a file that fits. */
export type Filter = (text: string) => boolean;

/** `/regex/flags`, or a part of the text as it stands. Throws a SyntaxError for a broken regular expression. */
export function parseFilter(text: string): Filter {
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/.exec(text) ?? [];
  if (pattern === undefined) return candidate => candidate.includes(text);
  // Without g and y a regular expression keeps no place between two tests.
  const expression = new RegExp(pattern, flags?.replace(/[gy]/g, ''));
  return candidate => expression.test(candidate);
}

/** `2/4`; null if it is no such thing. */
export function parseShard(text: string): Shard | null {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  return shard.index >= 1 && shard.index <= shard.count ? shard : null;
}

export function filterScenarios(scenarios: readonly Scenario[], filter: Filter | null): readonly Scenario[] {
  return filter === null ? scenarios : scenarios.filter(({ name, at }) => filter(name) || filter(at.file));
}

/** In turns, so that neighbours, which are often alike, do not all fall to one machine. */
export function shardOf(scenarios: readonly Scenario[], shard: Shard | null): readonly Scenario[] {
  if (shard === null) return scenarios;
  return scenarios.filter((_, index) => index % shard.count === shard.index - 1);
}
