// A sandbox that is a tree of processes on this machine, whoever made it: what all such sandboxes have in common.
import type { Socket } from 'node:net';
import type { SandboxExit } from '../core/end-cause.ts';
import { isLoopback } from './addresses.ts';
import type { Sandbox, SandboxObserver, SandboxRequest } from './driver.ts';
import { ProcessLook } from './process-table.ts';
import { TreeMemory } from './tree-memory.ts';

/** The processes of one instance. */
export interface Tree {
  /** Null if it could not be started. */
  readonly pid: number | null;
  /** From then on its numbers may be those of other processes. */
  readonly isOver: boolean;
  /** Makes a connection beforehand; left out where `connect` can make one any time. */
  dial?(): void;
  /** The function's processes, as far as this look can tell; what descends from them is the function's too. */
  processes(look: ProcessLook): readonly number[];
  terminate(): void;
  kill(): void;
}

export interface TreeSandboxParts {
  readonly observer: SandboxObserver;
  /** The value of the variable by which the processes of this instance are known. */
  readonly mark: string;
  /** Called before the observer is told of the exit. */
  readonly onGone: () => void;
}

export class TreeSandbox implements Sandbox {
  readonly request: SandboxRequest;
  readonly mark: string;
  readonly #parts: TreeSandboxParts;
  #tree: Tree | null = null;
  #connect: (() => Socket) | null = null;
  #untaken: Socket | null = null;
  readonly #listening = new Set<string>();
  readonly #memory = new TreeMemory();
  /** Asked to end before there was a process. */
  #isUnwanted = false;
  #hasExited = false;

  constructor(request: SandboxRequest, parts: TreeSandboxParts) {
    this.request = request;
    this.mark = parts.mark;
    this.#parts = parts;
  }

  get pid(): number | null {
    return this.#tree?.pid ?? null;
  }

  get peakMemoryBytes(): number | null {
    return this.#memory.peakBytes;
  }

  get isUnwanted(): boolean {
    return this.#isUnwanted;
  }

  /** There are processes now. */
  adopt(tree: Tree): void {
    this.#tree = tree;
    if (tree.pid !== null) this.#parts.observer.onStarted(tree.pid);
  }

  printed(stream: 'stdout' | 'stderr', line: string): void {
    this.#parts.observer.onOutput(stream, line);
  }

  /** The function listens on some port. Returns whether that is where the platform will connect, for the first time. */
  listened({ port, address }: { readonly port: number; readonly address: string }): boolean {
    if (this.#hasExited || this.#connect !== null) return false;
    // What cannot be connected to, a socket of IPv6 alone say, is told again and again.
    const socket = `${address} ${port}`;
    if (!this.#listening.has(socket)) this.#parts.observer.onListening?.(address, port);
    this.#listening.add(socket);
    if (port !== this.request.port) {
      this.#parts.observer.onOtherPort(port);
      return false;
    }
    if (!isLoopback(address)) return true;
    this.#parts.observer.onLoopbackOnly(address);
    return false;
  }

  /** The function can be reached: `first` is connected to it. */
  ready(first: Socket, connectAgain: () => Socket = () => first): void {
    // Should it fail before anyone has taken it; whoever has listens for himself.
    first.on('error', () => {});
    if (this.#hasExited || this.#connect !== null) {
      first.destroy();
      return;
    }
    this.#untaken = first;
    this.#connect = connectAgain;
    this.lookAtMemory(new ProcessLook());
    this.#parts.observer.onReady();
  }

  renew(): void {
    if (this.#tree?.dial === undefined) {
      setImmediate(() => {
        if (!this.#hasExited) this.#parts.observer.onReady();
      });
      return;
    }
    this.#connect = null;
    this.#tree.dial();
  }

  ending(exit: SandboxExit): void {
    if (!this.#hasExited) this.#parts.observer.onEnding(exit);
  }

  /** Tells the end, once. */
  exited(exit: SandboxExit): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#untaken?.destroy();
    this.#parts.onGone();
    this.#parts.observer.onExit(exit);
  }

  /** How many processes it has, as far as is known. */
  get processCount(): number {
    return this.#memory.processCount;
  }

  /** Without a look at all processes only at those that are known, and at what descends from them. */
  lookAtMemory(look: ProcessLook | null): void {
    const tree = this.#tree;
    if (tree === null || tree.pid === null || tree.isOver || this.#hasExited) return;
    const usedBytes = this.#memory.measure(look === null ? null : tree.processes(look));
    if (usedBytes !== null) this.#parts.observer.onMemory(usedBytes);
  }

  connect(): Socket {
    if (this.#connect === null) throw new Error('connect() before onReady()');
    const socket = this.#untaken ?? this.#connect();
    this.#untaken = null;
    return socket;
  }

  terminate(): void {
    this.#isUnwanted = true;
    this.lookAtMemory(new ProcessLook());
    this.#tree?.terminate();
  }

  kill(): void {
    this.#isUnwanted = true;
    this.#tree?.kill();
  }
}
