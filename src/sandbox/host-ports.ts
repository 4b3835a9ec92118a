// Ports of this machine within an instance: sockets of the instance's network are handed out by the dialer, so
// connections are accepted here, and joined with the service that listens on this machine's loopback.
import type { Socket } from 'node:net';
import { connect, createServer, type Server } from 'node:net';
import { getSystemErrorName } from 'node:util';

export interface HostPortsOptions {
  readonly ports: readonly number[];
  readonly onWarning: (message: string, advice: string) => void;
}

export class HostPorts {
  /** All of them can be connected to, as far as they ever will. */
  readonly opened: Promise<void>;
  readonly #options: HostPortsOptions;
  readonly #awaited: Set<number>;
  readonly #servers = new Set<Server>();
  readonly #sockets = new Set<Socket>();
  #isClosed = false;
  #tellOpened: () => void = () => {};

  constructor(options: HostPortsOptions) {
    this.#options = options;
    this.#awaited = new Set(options.ports);
    this.opened = new Promise(resolve => {
      this.#tellOpened = resolve;
    });
    if (this.#awaited.size === 0) this.#tellOpened();
  }

  /** What the dialer says; what is not of ports is passed over. */
  received(message: object, handle: unknown): void {
    if (!('type' in message && message.type === 'host-port' && 'port' in message)) return;
    const port = Number(message.port);
    if ('error' in message) {
      this.#refused(port, getSystemErrorName(Number(message.error)));
      this.#settle(port);
      // Without a descriptor left, it comes without the socket.
    } else if (handle === undefined) this.#settle(port);
    else this.#listen(handle, port);
  }

  /** Ends every connection, too. */
  close(): void {
    this.#isClosed = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#tellOpened();
  }

  #settle(port: number): void {
    this.#awaited.delete(port);
    if (this.#awaited.size === 0) this.#tellOpened();
  }

  #listen(handle: unknown, port: number): void {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, inner => this.#join(inner, port));
    this.#servers.add(server);
    server.on('error', () => this.#settle(port));
    server.listen(handle, () => {
      this.#settle(port);
      if (this.#isClosed) server.close();
    });
  }

  /** Each side gets what the other sends, an end as an end and a reset as a reset. */
  #join(inner: Socket, port: number): void {
    const outer = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    outer.once('error', (error: NodeJS.ErrnoException) => {
      if (error.syscall === 'connect') this.#unreached(port, error);
    });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.resetAndDestroy());
      one.once('close', () => {
        this.#sockets.delete(one);
        // Without its end it was cut.
        if (!one.readableEnded) other.destroy();
      });
    }
  }

  #unreached(port: number, { code, message }: NodeJS.ErrnoException): void {
    const { onWarning } = this.#options;
    if (code === 'ECONNREFUSED') {
      onWarning(
        `Nothing listens on 127.0.0.1:${port} of this machine (hostPorts)`,
        `Start the service that functions reach at host.scf.internal:${port}`,
      );
      return;
    }
    onWarning(
      `Cannot connect to 127.0.0.1:${port} of this machine (hostPorts): ${message}`,
      'See whether the service can be reached',
    );
  }

  #refused(port: number, code: string): void {
    const message = `Instances cannot have the port ${port} of hostPorts (${code})`;
    const advice =
      code === 'EACCES'
        ? 'Only root can give them one below 1024: let the service listen on a higher port too'
        : 'Let the service listen on another port';
    this.#options.onWarning(message, advice);
  }
}
