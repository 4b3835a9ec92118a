// What a run of scenarios tells as it goes, for whoever reports it. Types only.
import type { ConfigProblem } from '../config/function-config.ts';
import type { InvocationReport } from '../core/invocation.ts';
import type { SourcePosition } from './scenario.ts';

export interface ScenarioResult {
  readonly name: string;
  readonly at: SourcePosition;
  /** `skipped`: the run was stopped before or while it ran; see `stopped` of the run's end. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Real time. */
  readonly durationMs: number;
  readonly failure: StepFailure | null;
  /** The reports of its connections, oldest first. */
  readonly invocations: readonly InvocationReport[];
}

/** Everything that helps to see why a step failed, without a debugger. */
export interface StepFailure {
  readonly at: SourcePosition;
  /** `expect`, `connect` …; `capture` for one that has found nothing. */
  readonly step: string;
  /** One sentence: what was expected and what came instead. */
  readonly message: string;
  /** For a comparison, side by side or line by line; null where there is nothing to compare. */
  readonly expected: string | null;
  readonly actual: string | null;
  /** What the client got since its last step that succeeded, oldest first. */
  readonly received: readonly ReceivedLine[];
  /** What the function printed on this client's connection, the last lines of it. */
  readonly output: readonly OutputLine[];
  /** scf-ws's own sentence on the end of the connection, if it has ended badly. */
  readonly explanation: string | null;
}

export interface ReceivedLine {
  /** Real ms since the client connected. */
  readonly sinceMs: number;
  /** `message "hello"`, `close 1001 "going away"`, `pong` … */
  readonly text: string;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

export interface RunTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Files or configs that could not be read. */
  readonly problems: number;
  /** Real time. */
  readonly durationMs: number;
}

export type RunEvent =
  /** `total`: how many scenarios there are to run. */
  | { readonly type: 'run-started'; readonly total: number; readonly parallel: number }
  /** A scenario file, or the config of its function, cannot be used; the others still run. */
  | { readonly type: 'problem'; readonly problem: ConfigProblem }
  | { readonly type: 'scenario-started'; readonly name: string; readonly at: SourcePosition }
  /** One that is skipped ends without having started. */
  | { readonly type: 'scenario-ended'; readonly result: ScenarioResult }
  | {
      readonly type: 'run-ended';
      readonly totals: RunTotals;
      /** Why scenarios were skipped: one had failed, or the user interrupted; null: all have run. */
      readonly stopped: 'bail' | 'interrupted' | null;
      /** In the order in which they were found. */
      readonly results: readonly ScenarioResult[];
    };

/** Told everything in order; `end` resolves when all of it is written. */
export interface Reporter {
  tell(event: RunEvent): void;
  end(): Promise<void>;
}
