// What an instance of the namespace driver reaches beyond itself: ports of this machine, and what this machine
// reaches. It is there before the start file runs, and gone with the instance.
import type { Writable } from 'node:stream';
import type { SandboxNetwork } from './driver.ts';
import type { Guardian } from './guardian.ts';
import { MARK } from './guardian.ts';
import { HostPorts } from './host-ports.ts';
import { HOST_ADDRESS } from './name-files.ts';
import type { NoOutbound } from './outbound.ts';
import { Outbound } from './outbound.ts';

export interface InstanceNetworkOptions {
  readonly network: SandboxNetwork;
  /** The paths of programs; null if there is none. */
  readonly pasta: string | null;
  readonly perl: string | null;
  /** Of the instance. Pasta gets another, as it is none of the function's processes. */
  readonly mark: string;
  readonly guardian: Pick<Guardian, 'watch' | 'forget'>;
  readonly onWarning: (message: string, advice?: string) => void;
}

export class InstanceNetwork {
  /** Whether bubblewrap must be held back, which `begin` ends. */
  readonly isHeldBack: boolean;
  readonly #options: InstanceNetworkOptions;
  readonly #hostPorts: HostPorts;
  #outbound: Promise<Outbound | NoOutbound | null> = Promise.resolve(null);
  #isOver = false;

  constructor(options: InstanceNetworkOptions) {
    this.#options = options;
    const { network, pasta, onWarning } = options;
    this.isHeldBack = network.isOutbound && pasta !== null;
    this.#hostPorts = new HostPorts({ ports: network.hostPorts, onWarning });
  }

  /** What opens host ports at once; null: the dialer does, which takes it longer. */
  get portOpener(): string | null {
    return this.#hasHostPorts ? this.#options.perl : null;
  }

  /** Whether the start file must wait for `begin`. */
  get isAwaited(): boolean {
    return this.isHeldBack || (this.#hasHostPorts && this.portOpener === null);
  }

  /** For the dialer: what it is to open. */
  get dialerArguments(): string {
    return [HOST_ADDRESS, ...this.#options.network.hostPorts].join(' ');
  }

  /** Resolves when the start file may run. `hold` keeps bubblewrap waiting until it is ended. */
  async begin(init: number, hold: Writable | null): Promise<void> {
    if (this.#isOver) return;
    const { network, pasta } = this.#options;
    if (pasta !== null && network.isOutbound) this.#outbound = this.#join(pasta, init);
    const isUp = this.#outbound.then(outbound => {
      hold?.end();
      return outbound instanceof Outbound ? outbound.isUp() : outbound;
    });
    const [problem] = await Promise.all([isUp, this.portOpener === null ? this.#hostPorts.opened : null]);
    if (problem !== null && !this.#isOver) this.#options.onWarning(...noWayOut(problem));
  }

  /** What the dialer says. */
  received(message: object, handle: unknown): void {
    this.#hostPorts.received(message, handle);
  }

  /** The instance is over; resolves when nothing of this is left. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#hostPorts.close();
    const outbound = await this.#outbound;
    if (!(outbound instanceof Outbound)) return;
    await outbound.end();
    if (outbound.pid !== null) this.#options.guardian.forget(outbound.pid);
  }

  get #hasHostPorts(): boolean {
    return this.#options.network.hostPorts.length > 0;
  }

  async #join(pasta: string, init: number): Promise<Outbound | NoOutbound | null> {
    const { mark, guardian } = this.#options;
    const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', [MARK]: `${mark}/network` };
    const outbound = await Outbound.join({ pasta, init, environment });
    if (outbound instanceof Outbound && outbound.pid !== null) guardian.watch(outbound.pid);
    return outbound;
  }
}

/** In the words of a notice: what instances cannot reach, and what to change. */
export function noWayOut({ cause, remedy }: NoOutbound): [message: string, advice: string] {
  return [
    `Instances in the namespace sandbox reach no network but their own: ${cause}`,
    `${remedy}; or write network: none in scf.yaml if the function needs none`,
  ];
}
