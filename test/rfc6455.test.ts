// One test for each MUST of RFC 6455 that a gateway which passes bytes on can break.
import { describe, expect, test } from 'vitest';
import type { EndCause } from '../src/core/end-cause.ts';
import { END_CAUSE_KINDS } from '../src/core/end-cause.ts';
import { farewell } from '../src/core/farewell.ts';
import { closeFrame, isSendableCloseCode, MAX_CONTROL_PAYLOAD_BYTES, OPCODE } from '../src/core/frame.ts';
import { frame } from './core/frames.ts';
import { RULES } from './core/transcript.ts';
import { closeIn, framesIn, handshake, masked, maskedClose, RawClient } from './e2e/raw-client.ts';
import { until } from './e2e/until.ts';
import { accepting, attached, DEFAULTS } from './gateway/attached.ts';

/** Peers that do not answer a close frame are not waited for. */
const IMPATIENT = { assume: { ...DEFAULTS.assume, closeGraceMs: 200 } };

/** What the function got so far. */
function recorder(): { all: () => Buffer; onBytes: (bytes: Buffer) => void } {
  const chunks: Buffer[] = [];
  return { all: () => Buffer.concat(chunks), onBytes: bytes => void chunks.push(bytes) };
}

const eleven = Buffer.concat(
  Array.from({ length: 11 }, (_, i) => masked({ opcode: OPCODE.text, payload: Buffer.from(String(i)) })),
);

describe('frames of the gateway’s own', () => {
  test('§5.1: a frame to the function is masked, a frame to the client is not', async () => {
    const got = recorder();
    const { open } = await attached({ config: IMPATIENT, serve: accepting(() => {}, got.onBytes) });
    const client = await open();
    client.send(eleven);
    const [toClient] = await client.receivedFrames(1);
    const toFunction = await until('the close frame', () => framesIn(got.all()).at(10) ?? null);
    expect(toClient).toMatchObject({ opcode: OPCODE.close, isMasked: false });
    expect(toFunction).toMatchObject({ opcode: OPCODE.close, isMasked: true });
  });

  test('§5.4: a control frame may stand between the fragments of a message, never within a frame', async () => {
    const half = frame({ opcode: OPCODE.text, fin: false, payload: Buffer.from('first') });
    const { open } = await attached({
      config: IMPATIENT,
      serve: accepting(
        socket => socket.write(half.subarray(0, 4)),
        (_bytes, socket) => socket.write(half.subarray(4)),
      ),
    });
    const client = await open();
    await until('half a frame', () => client.afterHead.length === 4);
    // The function sends the other half only when it has got something: the gateway's own close frame.
    client.send(eleven);
    const [fragment, close] = await client.receivedFrames(2);
    expect(fragment?.payload.toString()).toBe('first');
    expect(close?.opcode).toBe(OPCODE.close);
  });

  test('§5.5: a control frame has at most 125 bytes of payload', () => {
    const bytes = closeFrame({ code: 1008, reason: 'x'.repeat(1000) });
    expect((bytes[1] ?? 0) & 0x7f).toBe(MAX_CONTROL_PAYLOAD_BYTES);
  });

  test('§5.5.1: nothing follows a close frame', async () => {
    const chatter = frame({ opcode: OPCODE.text, payload: Buffer.from('and another thing') });
    const { open, report } = await attached({
      config: IMPATIENT,
      serve: accepting(
        () => {},
        (_bytes, socket) => socket.write(chatter),
      ),
    });
    const client = await open();
    client.send(eleven);
    await until('the close frame', () => client.frames.find(({ opcode }) => opcode === OPCODE.close) ?? null);
    client.send(maskedClose(1008));
    await client.ended();
    expect(client.frames.at(-1)?.opcode).toBe(OPCODE.close);
    client.finish();
    await report();
  });

  test('§7.4.1: 1005, 1006 and 1015 are never sent, for no cause', () => {
    const exit = { kind: 'exited', code: 1 } as const;
    const details = {
      code: null,
      reason: '',
      exit,
      usedBytes: 1,
      quota: 'bandwidth',
      by: 'client',
      measured: 1,
    };
    for (const kind of END_CAUSE_KINDS) {
      for (const timeoutCloseCode of [null, 1001]) {
        const words = farewell({ kind, ...details } as unknown as EndCause, { ...RULES, timeoutCloseCode });
        if (typeof words !== 'string') expect(isSendableCloseCode(words.code), kind).toBe(true);
      }
    }
  });
});

describe('frames of the peers', () => {
  test('§5.5.1: a close frame is answered by the other peer, not by the gateway, with its own code', async () => {
    const { open, report } = await attached({
      config: IMPATIENT,
      serve: accepting(
        () => {},
        (_bytes, socket) => {
          socket.write(frame({ opcode: OPCODE.close, payload: Buffer.of(0x0f, 0xa2) }));
          socket.end();
        },
      ),
    });
    const client = await open();
    client.send(maskedClose(1000));
    const [close] = await client.receivedFrames(1);
    expect(close && closeIn(close).code).toBe(4002);
    client.finish();
    expect(await report()).toMatchObject({ cause: 'client-closed', closeCode: 1000, statusCode: 200 });
  });

  test('§5.5.2: pings and pongs are the peers’ own: they pass, and the gateway sends none', async () => {
    const got = recorder();
    const ping = frame({ opcode: OPCODE.ping, payload: Buffer.from('are you there') });
    const { open } = await attached({
      config: IMPATIENT,
      serve: accepting(socket => socket.write(ping), got.onBytes),
    });
    const client = await open();
    await until('the ping', () => client.afterHead.equals(ping));
    const pong = masked({ opcode: OPCODE.pong, payload: Buffer.from('are you there') });
    client.send(pong);
    await until('the pong', () => got.all().equals(pong));
    expect(client.afterHead.equals(ping)).toBe(true);
  });

  test('§5.2, §9: reserved bits and opcodes pass: they are between the peers', async () => {
    const got = recorder();
    const { open } = await attached({ config: IMPATIENT, serve: accepting(() => {}, got.onBytes) });
    const client = await open();
    const bytes = Buffer.concat([
      masked({ opcode: OPCODE.text, rsv: 4, payload: Buffer.from([0xca, 0x48, 0xcd]) }),
      masked({ opcode: 0x3, payload: Buffer.from('?') }),
      masked({ opcode: 0xb }),
    ]);
    client.send(bytes);
    await until('the same bytes', () => got.all().equals(bytes));
  });

  test('§7.1.5: a close frame without a code is 1005, a connection without a close frame 1006', async () => {
    const { open, report } = await attached({
      config: IMPATIENT,
      serve: accepting(
        () => {},
        (_bytes, socket) => socket.end(),
      ),
    });
    const first = await open();
    first.send(masked({ opcode: OPCODE.close }));
    await first.ended();
    first.finish();
    expect(await report(0)).toMatchObject({ closeCode: 1005 });
    const second = await open();
    second.reset();
    expect(await report(1)).toMatchObject({ closeCode: 1006, cause: 'client-lost' });
  });
});

test('§4.2.2: the function’s own answer to the handshake decides, with what it chose', async () => {
  const answer =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\n\r\n';
  const { port } = await attached({
    config: IMPATIENT,
    serve: socket => socket.once('data', () => socket.write(answer)),
  });
  const client = new RawClient(port);
  client.send(
    handshake({ lines: ['Sec-WebSocket-Protocol: chat, superchat', 'Sec-WebSocket-Extensions: x'] }),
  );
  expect(`${await client.receivedHead()}\r\n\r\n`).toBe(answer);
  client.reset();
});
