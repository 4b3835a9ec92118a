// An emulator in this process with a function in this process: a server of plain TCP that all connections go to,
// so that a test has every byte of both sides in its hand.
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { completeConfig } from '../../src/config/defaults.ts';
import type { FunctionConfig } from '../../src/config/function-config.ts';
import type { InvocationReport } from '../../src/core/invocation.ts';
import type { Emulator } from '../../src/emulator.ts';
import { startEmulator } from '../../src/emulator.ts';
import { DEFAULT_PLATFORM } from '../../src/platforms/registry.ts';
import { ACCEPTANCE, RawClient } from '../e2e/raw-client.ts';
import { until } from '../e2e/until.ts';

export const NO_LIMITS = { maxMessageBytes: null, maxBytesPerSecond: null, maxMessagesPerSecond: null };

const draft = { name: 'attached', srcDir: tmpdir(), route: '/', platform: DEFAULT_PLATFORM };
export const DEFAULTS = completeConfig(draft);

export interface AttachedOptions {
  readonly config?: Partial<
    Pick<FunctionConfig, 'limits' | 'idleTimeoutMs' | 'executionTimeoutMs' | 'assume'>
  >;
  /** Called for each connection that reaches the function; null: nothing listens. */
  readonly serve: ((socket: Socket) => void) | null;
}

export interface Attached {
  readonly emulator: Emulator;
  readonly port: number;
  open(): Promise<RawClient>;
  /** The report at `index`, as soon as it is there. */
  report(index?: number): Promise<InvocationReport>;
}

/** Stopped at the end of the test. */
export async function attached({ config = {}, serve }: AttachedOptions): Promise<Attached> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    // How a connection ends is the tests' to look at where it matters.
    socket.on('error', () => {});
    serve?.(socket);
  });
  const functionPort = await portOf(server);
  if (serve === null) server.close();
  const emulator = await startEmulator({
    functions: [completeConfig({ ...draft, ...config })],
    attach: { host: '127.0.0.1', port: functionPort },
  });
  onTestFinished(async () => {
    await emulator.stop();
    server.close();
  });
  const port = Number(new URL(emulator.url).port);
  return {
    emulator,
    port,
    open: () => RawClient.open(port),
    report: (index = 0) => until(`report ${index}`, () => emulator.invocations[index] ?? null),
  };
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await until('the function', () => server.listening);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Accepts the handshake; then everything is for `onBytes`. */
export function accepting(
  onOpen: (socket: Socket) => void,
  onBytes: (bytes: Buffer, socket: Socket) => void = () => {},
): (socket: Socket) => void {
  return socket => {
    let head = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', chunk => {
      if (isOpen) {
        onBytes(chunk, socket);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = true;
      socket.write(ACCEPTANCE);
      onOpen(socket);
      if (head.length > end + 4) onBytes(head.subarray(end + 4), socket);
    });
  };
}
