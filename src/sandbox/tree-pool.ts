// The running sandboxes of a driver that makes trees of processes: what they share, their memory watch, their end.
import { randomUUID } from 'node:crypto';
import type { SandboxObserver, SandboxRequest } from './driver.ts';
import { Guardian, MARK, markOf } from './guardian.ts';
import { processesByMark } from './process-table.ts';
import { TreeSandbox } from './tree-sandbox.ts';

const MEMORY_LOOK_EVERY_MS = 500;

export interface TreePoolOptions<Shared> {
  /** Makes what all sandboxes share, with the first of them. It may fail; the next sandbox tries again. */
  readonly share: () => Promise<Shared & { readonly folder: string }>;
  /** Starts the processes of a sandbox, or tells its exit. */
  readonly launch: (sandbox: TreeSandbox, shared: Shared, guardian: Guardian) => Promise<void>;
  readonly unshare: (shared: Shared) => void;
}

export class TreePool<Shared> {
  readonly #options: TreePoolOptions<Shared>;
  readonly #emulatorId = randomUUID();
  readonly #running = new Map<string, TreeSandbox>();
  #shared: Promise<{ readonly shared: Shared; readonly guardian: Guardian }> | null = null;
  #memoryTimer: NodeJS.Timeout | null = null;

  constructor(options: TreePoolOptions<Shared>) {
    this.#options = options;
  }

  find(instanceId: string): TreeSandbox | undefined {
    return this.#running.get(instanceId);
  }

  start(request: SandboxRequest, observer: SandboxObserver): TreeSandbox {
    const { instanceId } = request;
    const mark = markOf(this.#emulatorId, instanceId);
    const sandbox = new TreeSandbox(request, { mark, observer, onGone: () => this.#forget(sandbox) });
    this.#running.set(instanceId, sandbox);
    this.#shared ??= this.#share();
    this.#shared
      .then(({ shared, guardian }) => this.#launch(sandbox, shared, guardian))
      .catch((error: Error) => {
        const advice = 'See whether the temporary folder can be written';
        sandbox.exited({ kind: 'not-started', message: error.message, advice });
      });
    this.#memoryTimer ??= setInterval(() => this.#lookAtMemory(), MEMORY_LOOK_EVERY_MS).unref();
    return sandbox;
  }

  /** Every sandbox has exited. */
  async close(): Promise<void> {
    if (this.#memoryTimer !== null) clearInterval(this.#memoryTimer);
    const made = await this.#shared?.catch(() => null);
    if (!made) return;
    this.#options.unshare(made.shared);
    await made.guardian.close();
  }

  async #launch(sandbox: TreeSandbox, shared: Shared, guardian: Guardian): Promise<void> {
    await this.#options.launch(sandbox, shared, guardian);
    if (sandbox.pid !== null && this.#running.has(sandbox.request.instanceId)) guardian.watch(sandbox.pid);
  }

  async #share(): Promise<{ shared: Shared; guardian: Guardian }> {
    try {
      const shared = await this.#options.share();
      return { shared, guardian: new Guardian({ emulatorId: this.#emulatorId, folder: shared.folder }) };
    } catch (error) {
      this.#shared = null;
      throw error;
    }
  }

  #forget(sandbox: TreeSandbox): void {
    this.#running.delete(sandbox.request.instanceId);
    const { pid } = sandbox;
    if (pid !== null)
      void this.#shared?.then(
        ({ guardian }) => guardian.forget(pid),
        () => {},
      );
    if (this.#running.size === 0 && this.#memoryTimer !== null) {
      clearInterval(this.#memoryTimer);
      this.#memoryTimer = null;
    }
  }

  #lookAtMemory(): void {
    const byMark = processesByMark(MARK);
    for (const sandbox of this.#running.values()) sandbox.lookAtMemory(byMark);
  }
}
