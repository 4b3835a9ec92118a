// What the gateway is told about one function, with everything platform-specific already worked out. Types only.
import type { EndCause } from '../core/end-cause.ts';
import type { LifecycleRules } from '../core/lifecycle-words.ts';
import type { TrafficLimits } from '../core/traffic.ts';
import type { SandboxDriver } from '../sandbox/driver.ts';

/** The platform's word on a cause. */
export interface PlatformAnswer {
  readonly statusCode: number | null;
  readonly basis: 'documented' | 'observed' | 'assumed';
  /** Null where the platform's wording is not known. */
  readonly errorMessage: string | null;
}

export interface FunctionSetup {
  readonly name: string;
  readonly platformId: string;
  readonly codeDir: string;
  readonly startFile: string;
  readonly port: number;
  readonly memoryMB: number;
  /** Null: no limit. */
  readonly maxInstances: number | null;
  readonly driver: SandboxDriver;
  readonly environment: Readonly<Record<string, string>>;
  readonly rules: LifecycleRules;
  readonly up: TrafficLimits;
  readonly down: TrafficLimits;
  /** Lower case; headers that begin so are removed from what clients send. */
  readonly reservedHeaderPrefix: string;
  readonly headersFor: (requestId: string) => Readonly<Record<string, string>>;
  readonly answerFor: (cause: EndCause) => PlatformAnswer;
  /** One sentence on why an invocation ended so and what to change; null when all is well. */
  readonly explain: (cause: EndCause, circumstances: Circumstances) => string | null;
}

/** What the gateway saw that helps to explain an end. */
export interface Circumstances {
  /** Ports other than its own on which the function listened. */
  readonly otherPorts: readonly number[];
  /** The line on the instance's stderr that best says what went wrong. */
  readonly errorLine: string | null;
}
