// `--ignore $.time`: which values of a JSON message may differ. Pure.

/** Steps from the whole message to the values that it names. */
export interface IgnoredPath {
  /** As the user wrote it. */
  readonly text: string;
  readonly steps: readonly PathStep[];
}

export interface PathStep {
  /** Null: every key, every item. */
  readonly key: string | number | null;
  /** At any depth below. */
  readonly isDeep: boolean;
}

/** `.key`, `..key`, `.*`, `[0]`, `[*]`, `["a key"]`. */
const STEP = /(\.\.?)(?:([A-Za-z_$][\w$-]*)|(\*))|(\.\.)?\[(?:(\d+)|(\*)|"([^"]*)"|'([^']*)')\]/y;

/** Null if it is not such a path. `$` alone would ignore everything, and is none. */
export function parseIgnoredPath(text: string): IgnoredPath | null {
  if (!text.startsWith('$')) return null;
  const steps: PathStep[] = [];
  STEP.lastIndex = 1;
  for (let end = 1; end < text.length; end = STEP.lastIndex) {
    const match = STEP.exec(text);
    if (match === null) return null;
    const [, dots, name, , bracketDots, index, , quoted, singleQuoted] = match;
    const key = index === undefined ? (name ?? quoted ?? singleQuoted ?? null) : Number(index);
    steps.push({ key, isDeep: dots === '..' || bracketDots !== undefined });
  }
  return steps.length === 0 ? null : { text, steps };
}

/** Does one of the paths name the value at `keys`? */
export function isIgnored(keys: readonly (string | number)[], paths: readonly IgnoredPath[]): boolean {
  return paths.some(({ steps }) => leadsTo(steps, keys));
}

function leadsTo(steps: readonly PathStep[], keys: readonly (string | number)[]): boolean {
  const [step, ...otherSteps] = steps;
  const [key, ...otherKeys] = keys;
  if (step === undefined || key === undefined) return step === undefined && key === undefined;
  if ((step.key === null || step.key === key) && leadsTo(otherSteps, otherKeys)) return true;
  return step.isDeep && leadsTo(steps, otherKeys);
}
