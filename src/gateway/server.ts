// The gateway's front door: accepts, finds the function, counts its instances, and makes a connection of every
// WebSocket handshake. What is no handshake gets an answer of the emulator's own.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { EndCause } from '../core/end-cause.ts';
import type { InvocationReport } from '../core/invocation.ts';
import { ScfWsError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { Connection } from './connection.ts';
import { ownAnswer } from './handshake.ts';
import { InstancePool } from './instance-pool.ts';
import type { FunctionSetup } from './setup.ts';
import type { OpenTap } from './tap.ts';

export interface GatewayOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  /** The function for a path, or null. Asked anew for every connection. */
  readonly route: (path: string) => FunctionSetup | null;
  readonly onReport: (report: InvocationReport) => void;
  /** Where connections are recorded. */
  readonly openTap: OpenTap | undefined;
}

/** A client that sends its request slower than this is dropped. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** More than any function's own server takes, so that it is the function who refuses a long head. */
const MAX_HEAD_BYTES = 64 * 1024;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #pools: readonly InstancePool[] = [];
  /** Of functions that are served no more, their instances on their way out. */
  readonly #closing = new Set<InstancePool>();
  readonly #onNextEnd: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#server = createServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: HANDSHAKE_TIMEOUT_MS,
      requestTimeout: HANDSHAKE_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      noDelay: true,
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    this.#server.on('request', (request, response) => {
      const { statusCode, message } = this.#refuse(request);
      request.resume();
      response.writeHead(statusCode, {
        'Content-Type': 'application/json',
        // RFC 9110 §15.5.22: a 426 says to what.
        ...(statusCode === 426 && { Upgrade: 'websocket', Connection: 'Upgrade, close' }),
      });
      response.end(JSON.stringify({ errorMessage: message, statusCode }));
    });
  }

  /** Resolves with the port when it listens. Rejects with what the user can change. */
  listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(listenError(error, { host, port })),
      );
      this.#server.listen({ host, port }, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** From now on these are the functions; the ready instances of those that are served no more are ended. */
  serve(setups: readonly FunctionSetup[]): void {
    const { clock, journal } = this.#options;
    const before = this.#pools;
    this.#pools = setups.map(
      setup => before.find(pool => pool.setup === setup) ?? new InstancePool({ setup, clock, journal }),
    );
    for (const pool of before) {
      if (!this.#pools.includes(pool)) void this.#closePool(pool);
    }
    for (const pool of this.#pools) pool.fill();
  }

  /** Resolves when the instances that are to be kept ready are, or have failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#pools.map(pool => pool.settled()));
  }

  /** Ends every connection and every instance, and resolves when each connection has reported. */
  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const connection of [...this.#connections]) connection.stop();
    while (this.#connections.size > 0) await this.#nextEnd();
    await Promise.all([...this.#pools, ...this.#closing].map(pool => this.#closePool(pool)));
  }

  /** The open connections, and those that are on their way in or out. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Resolves when every connection that is ending now has ended. */
  async ended(): Promise<void> {
    const ending = [...this.#connections].filter(({ isEnding }) => isEnding);
    while (ending.some(connection => this.#connections.has(connection))) await this.#nextEnd();
  }

  /** Ends every instance at once, without farewell. */
  kill(): void {
    for (const connection of this.#connections) connection.kill();
    for (const pool of [...this.#pools, ...this.#closing]) pool.kill();
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { route, clock, journal, onReport, openTap } = this.#options;
    const setup = route(pathOf(request));
    if (setup === null || !isWebSocket(request)) {
      const { statusCode, message } = this.#refuse(request);
      socket.on('error', () => socket.destroy());
      socket.end(ownAnswer(statusCode, message));
      return;
    }
    const instances = this.#pools.find(pool => pool.setup === setup);
    if (instances === undefined) throw new Error(`${setup.name} is not served`);
    const refusal = this.#refusal(instances);
    const requestId = randomUUID();
    const now = (): number => clock.wallTime(clock.now()).getTime();
    const tap = openTap?.({ requestId, request, now });
    const connection: Connection = new Connection({
      requestId,
      setup,
      clock,
      journal,
      request,
      socket,
      head,
      instances,
      refusal,
      tap,
      onReport: report => {
        if (refusal === null) instances.done();
        this.#connections.delete(connection);
        tap?.ended(report);
        onReport(report);
        for (const tell of this.#onNextEnd.splice(0)) tell();
      },
    });
    this.#connections.add(connection);
  }

  /** Resolves when another connection has ended. */
  #nextEnd(): Promise<void> {
    return new Promise(resolve => this.#onNextEnd.push(resolve));
  }

  /** Why a function gets no instance more; null if it does. */
  #refusal(instances: InstancePool): EndCause | null {
    const { maxInstances, driver } = instances.setup;
    if (maxInstances !== null && instances.inUse >= maxInstances) {
      return { kind: 'concurrency-exceeded', maxInstances };
    }
    if (driver.capacity === undefined) return null;
    const others = this.#pools.filter(pool => pool !== instances && pool.setup.driver === driver);
    const size = others.reduce((sum, pool) => sum + pool.size, instances.inUse);
    const most = driver.capacity.maxInstances;
    return size < most ? null : { kind: 'concurrency-exceeded', maxInstances: most };
  }

  async #closePool(pool: InstancePool): Promise<void> {
    this.#closing.add(pool);
    await pool.close();
    if (pool.inUse === 0) this.#closing.delete(pool);
  }

  /** The answer to what is no handshake for a function. It is told here, as there will be no report. */
  #refuse(request: IncomingMessage): { statusCode: number; message: string } {
    const { route, clock, journal } = this.#options;
    const path = pathOf(request);
    const answer =
      route(path) === null
        ? { statusCode: 404, message: `No function has a route for ${path}` }
        : {
            statusCode: 426,
            message: 'This is a WebSocket function: connect to it with a WebSocket client (ws://)',
          };
    const message = `${request.method} ${path} was answered with ${answer.statusCode}: ${answer.message}`;
    const time = clock.wallTime(clock.now()).getTime();
    journal.add({ type: 'notice', level: 'info', time, message });
    return answer;
  }
}

function pathOf(request: IncomingMessage): string {
  // RFC 9112 §3.2.2: a server takes the absolute form as well.
  if (URL.canParse(request.url ?? '')) return new URL(request.url ?? '').pathname;
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

/** RFC 6455 §4.2.1: the Upgrade header contains "websocket", in any case. Everything else is for the function to judge. */
function isWebSocket(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? '').split(',').some(token => token.trim().toLowerCase() === 'websocket');
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
): ScfWsError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ScfWsError('ERR_PORT_IN_USE', `Cannot listen on ${host}:${port}: the port is in use`, {
        hint: 'Choose another with --port, or --port 0 for any that is free',
      });
    case 'EACCES':
      return new ScfWsError('ERR_PORT_IN_USE', `Cannot listen on ${host}:${port}: not permitted`, {
        hint: 'Choose a port above 1023 with --port',
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ScfWsError(
        'ERR_ADDRESS',
        `Cannot listen on ${host}:${port}: no such address on this machine`,
        {
          hint: 'Leave --host out to listen on 127.0.0.1, or name another address',
        },
      );
    default:
      return new ScfWsError('ERR_ADDRESS', `Cannot listen on ${host}:${port}: ${error.message}`, {
        hint: 'See whether --host names an address of this machine',
      });
  }
}
