// What a run is asked to do: the command line, and the sizes of a full and of a quick run.
import { parseArgs } from 'node:util';
import type { Load } from './generator-words.ts';

export const LOADS: Readonly<Record<LoadName, Load>> = {
  'ping-pong': { connections: 20, inFlight: 1, payloadBytes: 64 },
  stream: { connections: 1, inFlight: 32, payloadBytes: 64 },
  large: { connections: 4, inFlight: 1, payloadBytes: 128 * 1024 },
};

export const LOAD_NAMES = ['ping-pong', 'stream', 'large'] as const;

export type LoadName = (typeof LOAD_NAMES)[number];

export const PARTS = [...LOAD_NAMES, 'memory', 'starts', 'growth', 'burst'] as const;

export type Part = (typeof PARTS)[number];

export interface Plan {
  readonly parts: ReadonlySet<Part>;
  readonly quick: boolean;
  readonly jsonFile: string | null;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How many idle connections memory is measured at. */
  readonly idleConnections: readonly number[];
  /** How long after the last is opened, and how much later to see whether it grows. */
  readonly settleMs: number;
  readonly laterMs: number;
  readonly starts: number;
  readonly growthConnections: readonly number[];
  /** Connections opened one after the other; the first and the last so many are compared. */
  readonly opened: number;
  readonly openedCompared: number;
  readonly burstInstances: number;
  readonly burstRounds: number;
}

const FULL = {
  rounds: 3,
  warmUpMs: 400,
  measureMs: 1500,
  idleConnections: [1000, 10_000],
  settleMs: 700,
  laterMs: 3000,
  starts: 9,
  growthConnections: [1, 10, 100, 1000],
  opened: 1000,
  openedCompared: 20,
  burstInstances: 100,
  burstRounds: 2,
};

/** Every row, none of it worth reading. */
const QUICK = {
  rounds: 1,
  warmUpMs: 20,
  measureMs: 60,
  idleConnections: [10, 20],
  settleMs: 10,
  laterMs: 10,
  starts: 1,
  growthConnections: [1, 5],
  opened: 20,
  openedCompared: 5,
  burstInstances: 2,
  burstRounds: 1,
};

export const USAGE = `npm run bench -- [--only PART,…] [--rounds N] [--json FILE] [--quick]
  parts: ${PARTS.join(', ')}
`;

/** Throws an error whose message is for people. */
export function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const asked = values.only?.split(',') ?? [...PARTS];
  const unknown = asked.filter(part => !isPart(part));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}\n${USAGE}`);
  const sizes = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? sizes.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1 on');
  return {
    ...sizes,
    rounds,
    quick: values.quick,
    jsonFile: values.json ?? null,
    parts: new Set(asked.filter(isPart)),
  };
}

function isPart(text: string): text is Part {
  return PARTS.some(part => part === text);
}
