// What the rest of the program knows of a function: validated, complete, with units in the names. Types only.
import type { Platform } from '../platforms/platform.ts';

/** Null means "no limit". */
export interface Limits {
  readonly maxMessageBytes: number | null;
  readonly maxBytesPerSecond: number | null;
  readonly maxMessagesPerSecond: number | null;
}

/** What the platform does where nothing is published; see `Platform['assumptions']` for the defaults. */
export interface Assumptions {
  readonly controlFramesResetIdle: boolean;
  /** Null: the TCP connection is cut without a close frame. */
  readonly timeoutCloseCode: number | null;
  readonly messageTooBigCloseCode: number;
  readonly rateExceededCloseCode: number;
  readonly closeGraceMs: number;
  readonly terminateGraceMs: number;
}

export interface FunctionConfig {
  readonly name: string;
  readonly platform: Platform;
  /** The folder with the start file, absolute. */
  readonly srcDir: string;
  /** The path prefix at the gateway that leads to this function, beginning with `/`. */
  readonly route: string;
  /** The port that the function must listen on. */
  readonly port: number;
  readonly idleTimeoutMs: number;
  readonly executionTimeoutMs: number;
  readonly initTimeoutMs: number;
  readonly memoryMB: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: Limits;
  /** How many instances may run at once; null: as many as connections. */
  readonly maxInstances: number | null;
  /** How many started instances are kept ready; 0: each connection has a cold start. */
  readonly provisionedConcurrency: number;
  /** Does the next connection get the instance that the last has left? */
  readonly reuse: boolean;
  /** Ports of this machine that instances reach at `host.scf.internal`. */
  readonly hostPorts: readonly number[];
  /** Whether instances reach what this machine reaches. */
  readonly network: 'outbound' | 'none';
  readonly assume: Assumptions;
}

/** One thing wrong with a config file, for people. */
export interface ConfigProblem {
  /** As the user named it, relative to where they are. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** One line: what to change. */
  readonly advice: string;
}
