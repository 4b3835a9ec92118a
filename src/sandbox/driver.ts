// The seam between the emulator and the ways to make sandboxes, and what every driver promises.
// Types only: a driver is one file beside this one that passes test/sandbox/driver-contract.ts.
import type { Socket } from 'node:net';
import type { SandboxExit } from '../core/end-cause.ts';

/** What an instance reaches beyond itself. */
export interface SandboxNetwork {
  /** Ports of this machine's loopback, at `host.scf.internal`. */
  readonly hostPorts: readonly number[];
  /** Whether it reaches what this machine reaches, where the driver can give it that. */
  readonly isOutbound: boolean;
}

/** What one sandbox is made of. */
export interface SandboxRequest {
  /** Names the instance in messages and marks its processes. Unique within the emulator. */
  readonly instanceId: string;
  /** The function's folder, absolute; the cloud's `/var/user`. */
  readonly codeDir: string;
  /** The name of the start file within it. */
  readonly startFile: string;
  /** The port that the function must listen on. */
  readonly port: number;
  /** Exactly what the user's process may see, beside what the driver needs to make it run. */
  readonly environment: Readonly<Record<string, string>>;
  /** Will it serve one connection after another? Then `renew` may be called. */
  readonly isKept: boolean;
  readonly network: SandboxNetwork;
}

/**
 * What a driver tells, and its promises:
 * - never during `start` itself, always later;
 * - `onReady` at most once, and once more for each `renew`; never after `onLoopbackOnly`;
 * - `onExit` exactly once and last: no output, no process of the tree after it.
 */
export interface SandboxObserver {
  /** A socket listens, wherever it does: as long as nothing is ready. */
  onListening?(address: string, port: number): void;
  /** The process runs: at most once, before anything else. `pid` is null when it is not ours. */
  onStarted(pid: number | null): void;
  /** The function listens where the platform would reach it. */
  onReady(): void;
  /** The function listens on the port, but only on a loopback address, where the platform cannot reach it. */
  onLoopbackOnly(address: string): void;
  /** The function listens on a port that is not its own. For the explanation only; it may still bind the right one. */
  onOtherPort(port: number): void;
  /** One line of output, without its line end. */
  onOutput(stream: 'stdout' | 'stderr', line: string): void;
  /** The memory of the whole tree, measured now and again while it runs. */
  onMemory(usedBytes: number): void;
  /**
   * The first process has ended, and with it the instance: what else runs is being ended. At most once; left out
   * where `onExit` follows at once.
   */
  onEnding(exit: SandboxExit): void;
  onExit(exit: SandboxExit): void;
}

/** One instance of the user's process tree. */
export interface Sandbox {
  /** The process id of the tree's leader, or null when there is none of ours. */
  readonly pid: number | null;
  /** The largest memory use of the whole tree seen so far, or null where the system does not tell. */
  readonly peakMemoryBytes: number | null;
  /** Opens a connection to the function. Once after each `onReady`. The socket reports its own failure as usual. */
  connect(): Socket;
  /** Makes ready for another connection, if the request said `isKept`: `onReady` comes again. */
  renew(): void;
  /** Asks the tree to end (SIGTERM). */
  terminate(): void;
  /** Ends the tree (SIGKILL), whatever it does. */
  kill(): void;
}

export interface SandboxDriver {
  readonly name: 'process' | 'namespace' | 'attach';
  /** Where the function is, if not on a port of an instance's own. */
  readonly address?: string;
  /** How many instances it can have at once; left out: any number. `reason` says why. */
  readonly capacity?: { readonly maxInstances: number; readonly reason: string };
  /** Where instances see the code folder; left out: where it is. */
  readonly userDir?: string;
  /** Never throws: failing to start is an exit of kind `not-started`. */
  start(request: SandboxRequest, observer: SandboxObserver): Sandbox;
  /** Frees what the driver itself holds. Called once, after every sandbox has exited. */
  close(): Promise<void>;
}
