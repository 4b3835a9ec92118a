// What a step works with, and how it fails.
import type { FunctionConfig } from '../../config/function-config.ts';
import type { Emulator } from '../../emulator.ts';
import type { JsonValue } from '../json.ts';
import type { Capture, Step } from '../scenario.ts';
import type { Session } from './session.ts';

export interface StepContext {
  readonly emulator: Emulator;
  readonly session: Session;
  /** Grows with what is captured. */
  readonly variables: Map<string, JsonValue>;
  /** The function that a client connects to: null is the scenario's own. */
  readonly functionOf: (name: string | null) => FunctionConfig;
  /** Real ms since the scenario began. */
  readonly now: () => number;
  /** When the scenario must stop. */
  readonly over: AbortSignal;
}

export class StepError extends Error {
  /** Whose connection it is about; null if about none. */
  readonly as: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
  /** The capture that has found nothing, if that is what failed. */
  readonly capture: Capture | null;

  constructor(
    as: string | null,
    message: string,
    {
      expected = null,
      actual = null,
      capture = null,
    }: { expected?: string | null; actual?: string | null; capture?: Capture | null } = {},
  ) {
    super(message);
    this.capture = capture;
    this.as = as;
    this.expected = expected;
    this.actual = actual;
  }
}

export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

/** It is over when the time of the step is, or that of the scenario. */
export function within(ms: number, { over }: StepContext): AbortSignal {
  return AbortSignal.any([over, AbortSignal.timeout(ms)]);
}
