// What the gateway is told about one function and one connection, with everything platform-specific already worked
// out. Types only.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { EndCause } from '../core/end-cause.ts';
import type { InvocationReport } from '../core/invocation.ts';
import type { LifecycleRules } from '../core/lifecycle-words.ts';
import type { TrafficLimits } from '../core/traffic.ts';
import type { Journal } from '../journal/journal.ts';
import type { SandboxDriver, SandboxNetwork } from '../sandbox/driver.ts';
import type { InstancePool } from './instance-pool.ts';
import type { Tap } from './tap.ts';

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
  /** How many instances are kept ready. */
  readonly provisionedConcurrency: number;
  /** Does an instance serve more than the connection that it was started for? */
  readonly keepsInstances: boolean;
  readonly driver: SandboxDriver;
  readonly environment: Readonly<Record<string, string>>;
  readonly network: SandboxNetwork;
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
  readonly otherPorts?: readonly number[];
  /** The last line of the instance's output that names an error. */
  readonly namedError?: string | null;
  /** The last line on its stderr that is not a runtime's trailer: it may say what went wrong, or nothing. */
  readonly lastWords?: string | null;
  /** Did a peer leave the other's close frame without an answer? */
  readonly isUnanswered: boolean;
  /** Had the function accepted the handshake? */
  readonly wasOpen: boolean;
}

export interface ConnectionOptions {
  readonly requestId: string;
  readonly setup: FunctionSetup;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What came behind the handshake in the same packet. */
  readonly head: Buffer;
  readonly instances: InstancePool;
  /** Set if the connection gets no instance. */
  readonly refusal: EndCause | null;
  /** Where it is recorded. */
  readonly tap: Tap | undefined;
  readonly onReport: (report: InvocationReport) => void;
}
