// The `attach` driver: the user runs the server, under a debugger say, and all connections share it. The one
// promise that it cannot keep is a fresh instance for each.

import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Sandbox, SandboxDriver, SandboxObserver, SandboxRequest } from './driver.ts';

export interface AttachTarget {
  readonly host: string;
  readonly port: number;
}

const RETRY_AFTER_MS = 200;

/** Does the user's server listen (yet)? */
export function isListening(target: AttachTarget): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(target);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export class AttachDriver implements SandboxDriver {
  readonly name = 'attach';
  readonly address: string;
  readonly #target: AttachTarget;

  constructor(target: AttachTarget) {
    this.address = `${target.host}:${target.port}`;
    this.#target = target;
  }

  start(_request: SandboxRequest, observer: SandboxObserver): Sandbox {
    return new AttachedServer(this.#target, observer);
  }

  async close(): Promise<void> {
    // The server is the user's.
  }
}

class AttachedServer implements Sandbox {
  readonly pid = null;
  readonly peakMemoryBytes = null;
  readonly #target: AttachTarget;
  readonly #observer: SandboxObserver;
  /** The connection that showed that the server is there; it becomes the function's. */
  #socket: Socket;
  #retry: NodeJS.Timeout | null = null;
  #isEnded = false;
  #isStarted = false;

  constructor(target: AttachTarget, observer: SandboxObserver) {
    this.#target = target;
    this.#observer = observer;
    this.#socket = this.#tryConnect();
  }

  connect(): Socket {
    return this.#socket;
  }

  renew(): void {
    if (!this.#isEnded) this.#socket = this.#tryConnect();
  }

  terminate(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#socket.destroy();
    // The server goes on; for the gateway its part in this connection has ended.
    setImmediate(() => this.#observer.onExit({ kind: 'exited', code: 0 }));
  }

  kill(): void {
    this.terminate();
  }

  #tryConnect(): Socket {
    const socket = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    const retry = (): void => {
      if (this.#isEnded) return;
      this.#retry = setTimeout(() => {
        this.#socket = this.#tryConnect();
      }, RETRY_AFTER_MS);
    };
    socket.once('error', retry);
    socket.once('connect', () => {
      socket.off('error', retry);
      // Should it fail before anyone has taken it; whoever has listens for himself.
      socket.on('error', () => {});
      if (!this.#isStarted) this.#observer.onStarted(null);
      this.#isStarted = true;
      this.#observer.onReady();
    });
    return socket;
  }
}
