// What a connection promises where the moment matters more than the process: frames under way, sides that do not
// read, sides that never answer, and what is left when it is over.
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { OPCODE } from '../../src/core/frame.ts';
import type { InvocationReport } from '../../src/core/invocation.ts';
import { binary, frame, text } from '../core/frames.ts';
import {
  closeIn,
  closePayload,
  framesIn,
  handshake,
  masked,
  maskedClose,
  RawClient,
} from '../e2e/raw-client.ts';
import { until } from '../e2e/until.ts';
import { accepting, attached, DEFAULTS, NO_LIMITS } from './attached.ts';

const MB = 1024 ** 2;
const tooBig = masked({ opcode: OPCODE.binary, payload: Buffer.alloc(300 * 1024) });

/** A function that only accepts; `sockets` and `got` are what tests look at. */
function quietFunction(): {
  serve: (socket: Socket) => void;
  sockets: Socket[];
  got: () => Buffer;
  ends: string[];
} {
  const sockets: Socket[] = [];
  const chunks: Buffer[] = [];
  const ends: string[] = [];
  const serve = accepting(
    socket => sockets.push(socket),
    bytes => chunks.push(bytes),
  );
  return {
    serve: socket => {
      serve(socket);
      socket.on('end', () => {
        ends.push('fin');
        socket.end();
      });
      socket.on('error', () => ends.push('reset'));
    },
    sockets,
    got: () => Buffer.concat(chunks),
    ends,
  };
}

describe('a quota broken while the other side is in the middle of a frame', () => {
  test('the client gets the rest of the function’s frame, then the close frame, and nothing more', async () => {
    const fn = quietFunction();
    const { open, report } = await attached({ serve: fn.serve });
    const client = await open();
    const [socket] = fn.sockets;
    const whole = text('half here, half there');
    socket?.write(whole.subarray(0, 9));
    await until('the first half', () => client.afterHead.length === 9);

    client.send(tooBig);
    // The function is told at once: nothing is under way towards it.
    await until('the close frame at the function', () => framesIn(fn.got()).length > 0);
    const [told] = framesIn(fn.got());
    expect(told).toMatchObject({ opcode: OPCODE.close, isMasked: true });
    expect(told && closeIn(told).code).toBe(1009);
    expect(client.afterHead).toHaveLength(9);

    socket?.write(Buffer.concat([whole.subarray(9), text('one too many')]));
    const [message, close, ...more] = await client.receivedFrames(2);
    expect(message?.payload.toString()).toBe('half here, half there');
    expect(close).toMatchObject({ opcode: OPCODE.close, isMasked: false });
    expect(close && closeIn(close).code).toBe(1009);
    expect(more).toEqual([]);

    client.send(maskedClose(1009));
    socket?.write(frame({ opcode: OPCODE.close, payload: closePayload(1009) }));
    expect(await client.ended()).toBe('fin');
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 456, cause: 'quota-exceeded', closeCode: 1009 });
    expect(framesIn(client.afterHead)).toHaveLength(2);
  });

  test('a frame cut in half by its own quota is never followed by a close frame', async () => {
    const fn = quietFunction();
    const { open, report } = await attached({ serve: fn.serve });
    const client = await open();
    const big = masked({ opcode: OPCODE.binary, payload: Buffer.alloc(200 * 1024) });
    client.send(big.subarray(0, 100 * 1024));
    await until('the first half at the function', () => fn.got().length === 100 * 1024);
    client.send(big.subarray(100 * 1024));
    const [close] = await client.receivedFrames(1);
    expect(close && closeIn(close).code).toBe(1008);
    await until('the end at the function', () => fn.ends.length > 0);
    expect(big.subarray(0, fn.got().length).equals(fn.got())).toBe(true);
    client.send(maskedClose(1008));
    expect(await client.ended()).toBe('fin');
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 456, cause: 'quota-exceeded', closeCode: 1008 });
  });

  test('a client that never answers the close frame is cut when the grace has passed', async () => {
    const fn = quietFunction();
    const { open, report, emulator } = await attached({ serve: fn.serve });
    const client = await open();
    client.send(tooBig);
    await client.receivedFrames(1);
    expect(client.end).toBe(null);
    await emulator.clock.advance(60_000);
    expect(await report()).toMatchObject({ cause: 'quota-exceeded' });
    await client.ended();
  });
});

describe('what a client sends before its handshake is answered counts as if it came behind the answer', () => {
  const early = async (
    ...frames: Buffer[]
  ): Promise<{ client: RawClient; report: () => Promise<InvocationReport> }> => {
    // Answers every close frame with the same, as any server would.
    const serve = accepting(
      () => {},
      (bytes, socket) => {
        const close = framesIn(bytes).find(({ opcode }) => opcode === OPCODE.close);
        if (close !== undefined) socket.end(frame({ opcode: OPCODE.close, payload: close.payload }));
      },
    );
    const { port, report } = await attached({ serve });
    const client = new RawClient(port);
    client.send(Buffer.concat([Buffer.from(handshake()), ...frames]));
    await client.receivedFrames(1);
    return { client, report: () => report() };
  };

  test('a close frame is the client’s', async () => {
    const { client, report } = await early(maskedClose(4000, 'changed my mind'));
    client.finish();
    expect(await report()).toMatchObject({
      statusCode: 456,
      cause: 'client-closed',
      closeCode: 4000,
      closeReason: 'changed my mind',
    });
  });

  test.each([
    [
      '11 messages',
      Array.from({ length: 11 }, () => masked({ opcode: OPCODE.text, payload: Buffer.from('x') })),
      1008,
    ],
    ['a message of 300 KB', [tooBig], 1009],
  ] as const)('%s break the quota', async (_name, frames, code) => {
    const { client, report } = await early(...frames);
    const [close] = client.frames;
    expect(close && closeIn(close).code).toBe(code);
    client.send(maskedClose(code));
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 456, cause: 'quota-exceeded', closeCode: code });
  });
});

describe('a side that does not read', () => {
  const TOTAL = 96 * MB;
  const CHUNK = binary(64 * 1024 - 10);

  /** Writes frames as fast as the other side takes them, `TOTAL` bytes in all. */
  function flood(socket: Socket): void {
    let left = TOTAL;
    const go = (): void => {
      while (left > 0) {
        left -= CHUNK.length;
        if (!socket.write(CHUNK)) {
          socket.once('drain', go);
          return;
        }
      }
    };
    go();
  }

  /** Resolves when nothing moves any more; returns how far it came. */
  async function standstill(count: () => number): Promise<number> {
    for (let last = -1; ; ) {
      const now = count();
      if (now === last && now > 0) return now;
      last = now;
      // No right or wrong hangs on this pause: looked at too early, less has passed than might.
      await delay(200);
    }
  }

  const passed = (socket: Socket): number => socket.bytesWritten - socket.writableLength;

  test('a client that does not read holds its function back, and gets everything when it reads', async () => {
    let sender: Socket | undefined;
    const { port } = await attached({
      config: { limits: NO_LIMITS, executionTimeoutMs: 600_000, idleTimeoutMs: 600_000 },
      serve: accepting(socket => {
        sender = socket;
        flood(socket);
      }),
    });
    const client = new RawClient(port);
    client.socket.removeAllListeners('data');
    client.socket.pause();
    client.send(handshake());
    await until('the function', () => sender !== undefined);
    const held = await standstill(() => (sender === undefined ? 0 : passed(sender)));
    expect(held).toBeLessThan(TOTAL / 2);

    let received = 0;
    client.socket.on('data', chunk => {
      received += chunk.length;
    });
    client.socket.resume();
    await until('all of it', () => received >= TOTAL);
    client.reset();
  });

  test('a function that does not read holds its client back, and gets everything when it reads', async () => {
    let receiver: Socket | undefined;
    let received = 0;
    const { open } = await attached({
      config: { limits: NO_LIMITS, executionTimeoutMs: 600_000, idleTimeoutMs: 600_000 },
      serve: accepting(
        socket => {
          receiver = socket;
          socket.pause();
        },
        bytes => {
          received += bytes.length;
        },
      ),
    });
    const client = await open();
    flood(client.socket);
    const held = await standstill(() => passed(client.socket));
    expect(held).toBeLessThan(TOTAL / 2);
    receiver?.resume();
    await until('all of it', () => received >= TOTAL);
    client.reset();
  });

  test('a client that sends much before its function is there is held back', async () => {
    const { port } = await attached({ serve: null });
    const client = new RawClient(port);
    client.send(handshake());
    flood(client.socket);
    const held = await standstill(() => passed(client.socket));
    expect(held).toBeLessThan(TOTAL / 2);
    client.reset();
  });

  test('a connection whose client does not read still ends by its execution timeout', async () => {
    let sender: Socket | undefined;
    const { port, emulator, report } = await attached({
      config: { limits: NO_LIMITS },
      serve: accepting(socket => {
        sender = socket;
        flood(socket);
      }),
    });
    const client = new RawClient(port);
    client.socket.removeAllListeners('data');
    client.socket.pause();
    client.send(handshake());
    await until('the function', () => sender !== undefined);
    await standstill(() => (sender === undefined ? 0 : passed(sender)));
    await emulator.clock.advance(3_600_000);
    expect(await report()).toMatchObject({ closedBy: 'platform', closeCode: 1006 });
    client.socket.destroy();
  });
});

describe('a connection that does not open', () => {
  test('a client that leaves while its function starts is 456, without an answer', async () => {
    const { port, report } = await attached({ serve: null });
    const client = new RawClient(port);
    client.send(handshake());
    client.reset();
    expect(await report()).toMatchObject({
      statusCode: 456,
      cause: 'client-lost',
      closeCode: null,
      initMs: null,
      durationMs: 0,
    });
  });

  test('a client that leaves while its function thinks is 456', async () => {
    let hasAsked = false;
    const { port, report } = await attached({
      serve: socket =>
        socket.once('data', () => {
          hasAsked = true;
        }),
    });
    const client = new RawClient(port);
    client.send(handshake());
    await until('the request at the function', () => hasAsked);
    client.socket.destroy();
    expect(await report()).toMatchObject({ statusCode: 456, cause: 'client-lost', closeCode: null });
  });

  test('a function that is not there is 446 when the init timeout has passed', async () => {
    const { port, emulator, report } = await attached({ serve: null });
    const client = new RawClient(port);
    client.send(handshake());
    await until('the connection', () => emulator.journal.records.some(({ type }) => type === 'connected'));
    await emulator.clock.advance(60_000);
    expect(await client.receivedHead()).toMatch(/^HTTP\/1\.1 446 status code 446\r\n/);
    expect(await client.ended()).toBe('fin');
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 446, cause: 'port-not-bound' });
  });

  test('a function that never answers is 433 when the execution timeout has passed, and 0 s before it is not', async () => {
    let hasAsked = false;
    const { port, emulator, report } = await attached({
      serve: socket =>
        socket.once('data', () => {
          hasAsked = true;
        }),
    });
    const client = new RawClient(port);
    client.send(handshake());
    await until('the request at the function', () => hasAsked);
    await emulator.clock.advance(30_000);
    expect(emulator.invocations).toHaveLength(0);
    await emulator.clock.advance(30_000);
    expect(await client.receivedHead()).toMatch(/^HTTP\/1\.1 433 status code 433\r\n/);
    client.finish();
    expect(await report()).toMatchObject({
      statusCode: 433,
      cause: 'execution-timeout',
      closeCode: null,
      durationMs: 60_000,
    });
  });

  test('a function that never ends its answer’s head is not believed without end', async () => {
    const { port, report } = await attached({
      serve: socket =>
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n');
          for (let i = 0; i < 200; i++) socket.write(`X-${i}: ${'y'.repeat(1000)}\r\n`);
        }),
    });
    const client = new RawClient(port);
    client.send(handshake());
    expect(await client.receivedHead()).toMatch(/^HTTP\/1\.1 439 /);
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 439, cause: 'function-lost' });
  });
});

describe('the end of a connection', () => {
  test('the idle timeout cuts both sides without a close frame', async () => {
    const fn = quietFunction();
    const { open, emulator, report } = await attached({ serve: fn.serve });
    const client = await open();
    await emulator.clock.advance(14_000);
    client.send(masked({ opcode: OPCODE.text, payload: Buffer.from('x') }));
    await until('the message', () => fn.got().length > 0);
    await emulator.clock.advance(14_000);
    expect(emulator.invocations).toHaveLength(0);
    await emulator.clock.advance(1_000);
    await client.ended();
    expect(client.afterHead).toHaveLength(0);
    client.finish();
    await until('the end at the function', () => fn.ends.length > 0);
    expect(framesIn(fn.got())).toHaveLength(1);
    expect(await report()).toMatchObject({ statusCode: 455, cause: 'idle-timeout', closeCode: 1006 });
  });

  test('a peer that never answers a close frame is cut when the grace has passed', async () => {
    const fn = quietFunction();
    const { open, emulator, report } = await attached({ serve: fn.serve });
    const client = await open();
    client.send(maskedClose(1000));
    await until('the close frame', () => framesIn(fn.got()).length === 1);
    expect(emulator.invocations).toHaveLength(0);
    await emulator.clock.advance(10_000);
    expect(await report()).toMatchObject({ statusCode: 200, cause: 'client-closed', closeCode: 1000 });
    await client.ended();
  });

  test('the gateway never answers a close frame itself', async () => {
    const fn = quietFunction();
    const { open, report } = await attached({ serve: fn.serve });
    const client = await open();
    client.send(maskedClose(1000));
    await until('the close frame', () => framesIn(fn.got()).length === 1);
    expect(client.afterHead).toHaveLength(0);
    fn.sockets[0]?.end(frame({ opcode: OPCODE.close, payload: closePayload(1000) }));
    await client.receivedFrames(1);
    expect(await client.ended()).toBe('fin');
    client.finish();
    expect(await report()).toMatchObject({ statusCode: 200 });
  });

  // Without the grace: the clock stands still as far as any of these is concerned.
  test.each([
    [
      'the function ending first',
      (client: RawClient, socket: Socket | undefined) => {
        socket?.end();
        void client.ended().then(() => client.finish());
      },
      'function-lost',
    ],
    ['the client ending first', (client: RawClient) => client.finish(), 'client-lost'],
    [
      'the function resetting',
      (_client: RawClient, socket: Socket | undefined) => socket?.resetAndDestroy(),
      'function-lost',
    ],
    ['the client resetting', (client: RawClient) => client.reset(), 'client-lost'],
  ] as const)(
    '%s without a close frame ends both sides without waiting for the grace',
    async (_name, end, cause) => {
      const fn = quietFunction();
      const { open, report } = await attached({
        config: { assume: { ...DEFAULTS.assume, closeGraceMs: 3_600_000 } },
        serve: fn.serve,
      });
      const client = await open();
      end(client, fn.sockets[0]);
      expect(await report()).toMatchObject({ cause });
    },
  );
});

test('a thousand connections leave nothing behind: no timer, no socket, no growing table', async () => {
  const { port, emulator } = await attached({
    serve: accepting(
      () => {},
      (bytes, socket) => {
        // The close frame, which is all that comes, goes back unmasked.
        const [close] = framesIn(bytes);
        if (close !== undefined) socket.end(frame({ opcode: OPCODE.close, payload: close.payload }));
      },
    ),
  });
  async function connectOnce(): Promise<void> {
    const client = new RawClient(port);
    client.send(Buffer.concat([Buffer.from(handshake()), maskedClose(1000)]));
    await client.ended();
    client.finish();
    await until('the end of the socket', () => client.socket.closed);
  }
  const resources = (): readonly string[] =>
    process.getActiveResourcesInfo().filter(name => name === 'Timeout' || name.startsWith('TCPSocket'));
  await connectOnce();
  await until('the report', () => emulator.invocations.length === 1);
  const before = resources();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning);
  process.on('warning', onWarning);
  for (let done = 1; done < 1000; done += 9) await Promise.all(Array.from({ length: 9 }, connectOnce));
  await until('all reports', () => emulator.invocations.length === 1000);
  process.off('warning', onWarning);
  expect(emulator.invocations.every(({ statusCode }) => statusCode === 200)).toBe(true);
  await until('nothing to be left', () => resources().length <= before.length);
  expect(warnings).toEqual([]);
});

describe('a clock that is moved', () => {
  test('stops at everything that is due on the way, and lets each end before it goes on', async () => {
    const fn = quietFunction();
    const { open, emulator } = await attached({ serve: fn.serve });
    const early = await open();
    await emulator.clock.advance(10_000);
    const late = await open();
    // The first is idle after 15 s, the second after 25 s, and the function's close frames are its own affair.
    await emulator.clock.advance(2 * 3_600_000);
    const reports = emulator.invocations;
    expect(reports.map(({ cause }) => cause)).toEqual(['idle-timeout', 'idle-timeout']);
    const starts = reports.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs);
    expect(Math.round(((starts[1] ?? 0) - (starts[0] ?? 0)) / 1000)).toBe(10);
    for (const { durationMs } of reports) expect(Math.floor(durationMs / 1000)).toBe(15);
    expect(emulator.clock.now()).toBeGreaterThanOrEqual(2 * 3_600_000 + 10_000);
    for (const client of [early, late]) client.finish();
  });

  test('gives a close handshake the time that it really takes', async () => {
    const serve = accepting(
      () => {},
      (bytes, socket) => {
        const close = framesIn(bytes).find(({ opcode }) => opcode === OPCODE.close);
        // Later than at once, sooner than the grace.
        if (close !== undefined) {
          setTimeout(() => socket.end(frame({ opcode: OPCODE.close, payload: close.payload })), 50);
        }
      },
    );
    const config = { assume: { ...DEFAULTS.assume, timeoutCloseCode: 1001 } };
    const { open, emulator } = await attached({ serve, config });
    const client = await open();
    client.socket.on('data', () => client.socket.write(maskedClose(1001)));
    const explained: unknown[] = [];
    emulator.journal.subscribe({ onRecord: record => explained.push(record.type) });
    await emulator.clock.advance(3_600_000);
    expect(emulator.invocations).toMatchObject([{ cause: 'idle-timeout', closeCode: 1001 }]);
    expect(explained.filter(type => type === 'close-received')).toHaveLength(2);
    client.finish();
  });
});
