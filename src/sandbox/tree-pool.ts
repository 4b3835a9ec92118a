// The running sandboxes of a driver that makes trees of processes: what they share, their memory watch, their end.
import { randomUUID } from 'node:crypto';
import type { SandboxObserver, SandboxRequest } from './driver.ts';
import { Guardian, markOf } from './guardian.ts';
import { ProcessLook } from './process-table.ts';
import { TreeSandbox } from './tree-sandbox.ts';

/** Soon enough that what takes memory as fast as it can is ended before the machine suffers. */
const MEMORY_LOOK_EVERY_MS = 50;

/** With many processes less often, so that looking takes a few hundredths of the time at most. */
const MEMORY_LOOK_MS_PER_PROCESS = 1;

/** Looking for processes that no known one has forked goes through all of the machine's: some milliseconds. */
const PROCESS_LOOK_EVERY_MS = 500;

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
  #untilProcessLookMs = 0;

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
    if (this.#memoryTimer === null) this.#lookLater(MEMORY_LOOK_EVERY_MS);
    return sandbox;
  }

  /** Every sandbox has exited. */
  async close(): Promise<void> {
    this.#lookNoMore();
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
    if (this.#running.size === 0) this.#lookNoMore();
  }

  #lookLater(afterMs: number): void {
    this.#memoryTimer = setTimeout(() => this.#lookAtMemory(afterMs), afterMs).unref();
  }

  #lookNoMore(): void {
    if (this.#memoryTimer !== null) clearTimeout(this.#memoryTimer);
    this.#memoryTimer = null;
  }

  #lookAtMemory(sinceLastMs: number): void {
    const sandboxes = [...this.#running.values()];
    this.#untilProcessLookMs -= sinceLastMs;
    const isDue = this.#untilProcessLookMs <= 0 || sandboxes.some(isUnknown);
    if (isDue) this.#untilProcessLookMs = PROCESS_LOOK_EVERY_MS;
    const look = isDue ? new ProcessLook() : null;
    for (const sandbox of sandboxes) sandbox.lookAtMemory(look);
    const processCount = sandboxes.reduce((count, sandbox) => count + sandbox.processCount, 0);
    this.#lookLater(Math.max(MEMORY_LOOK_EVERY_MS, processCount * MEMORY_LOOK_MS_PER_PROCESS));
  }
}

/** It runs, and none of its processes is known. */
function isUnknown({ pid, processCount }: TreeSandbox): boolean {
  return pid !== null && processCount === 0;
}
