// One connection as it is recorded: the bytes that pass become messages, and at its end an entry of the HAR file.
import type { Side } from '../core/end-cause.ts';
import type { InvocationReport } from '../core/invocation.ts';
import type { WireMessage } from '../core/message-reader.ts';
import { MessageReader } from '../core/message-reader.ts';
import type { Tap, TappedConnection } from '../gateway/tap.ts';
import { harEntry, harMessage } from './har-entry.ts';
import type { RecordedAnswer } from './http-head.ts';
import { headerFields, headerValue, readAnswer } from './http-head.ts';
import { Inflater } from './inflater.ts';

/** Of each message, and of the body of a refusal. */
export const MAX_RECORDED_BYTES = 1024 ** 2;

const HEAD_END = Buffer.from('\r\n\r\n');

/** Where a connection's messages go as they come, and the rest of its entry at the end. */
export interface EntryWriter {
  addMessage(json: string): void;
  end(entry: object): void;
}

export class ConnectionRecording implements Tap {
  readonly #connection: TappedConnection;
  readonly #out: EntryWriter;
  readonly #startedAt: number;
  /** By the side that the bytes go to; kept until the head is over, or for the body of a refusal. */
  readonly #heads: Record<Side, Buffer | null> = { client: Buffer.alloc(0), function: Buffer.alloc(0) };
  readonly #readers: Readonly<Record<Side, MessageReader>>;
  #answer: RecordedAnswer | null = null;
  #answeredAt: number;

  constructor(connection: TappedConnection, out: EntryWriter) {
    this.#connection = connection;
    this.#out = out;
    this.#startedAt = connection.now();
    this.#answeredAt = this.#startedAt;
    this.#readers = { client: this.#readerTo('client'), function: this.#readerTo('function') };
  }

  readonly wrote = (side: Side, bytes: Uint8Array): void => {
    const head = this.#heads[side];
    const frames = head === null ? bytes : this.#behindHead(side, Buffer.concat([head, bytes]));
    if (frames !== null) this.#readers[side].push(frames);
  };

  readonly ended = (report: InvocationReport): void => {
    const { request, now } = this.#connection;
    const endedAt = now();
    const { client } = this.#heads;
    const answer = this.#answer ?? (client === null ? null : readAnswer(client));
    this.#out.end(
      harEntry({
        requestLine: {
          method: request.method ?? 'GET',
          target: request.url ?? '/',
          httpVersion: `HTTP/${request.httpVersion}`,
        },
        requestHeaders: headerFields(request.rawHeaders),
        answer,
        startedAt: this.#startedAt,
        // Clients that left had no answer.
        answeredAt: answer === null ? endedAt : this.#answeredAt,
        endedAt,
        report,
      }),
    );
  };

  /** The frames in what has come so far, or null while there are none. */
  #behindHead(side: Side, bytes: Buffer): Buffer | null {
    if (side === 'client') {
      if (!this.#heads.client?.includes(HEAD_END)) this.#answeredAt = this.#connection.now();
      const answer = readAnswer(bytes);
      if (answer?.head.status !== 101) {
        this.#heads.client = bytes.subarray(0, MAX_RECORDED_BYTES);
        return null;
      }
      this.#answer = { head: answer.head, body: Buffer.alloc(0) };
      this.#heads.client = null;
      return answer.body;
    }
    const end = bytes.indexOf(HEAD_END);
    this.#heads.function = end < 0 ? bytes : null;
    return end < 0 ? null : bytes.subarray(end + HEAD_END.length);
  }

  #readerTo(side: Side): MessageReader {
    const inflater = new Inflater();
    const type = side === 'function' ? 'send' : 'receive';
    return new MessageReader({
      maxKeptBytes: MAX_RECORDED_BYTES,
      onMessage: message => {
        const content = this.#contentOf(message, inflater);
        const at = this.#connection.now();
        const { isBinary } = message;
        this.#out.addMessage(JSON.stringify(harMessage({ type, at, isBinary, ...content })));
      },
    });
  }

  #contentOf(
    { isCompressed, payload, payloadBytes }: WireMessage,
    inflater: Inflater,
  ): { data: Buffer; truncatedFromBytes: number | null } {
    const wire = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const isWhole = payload.length === payloadBytes;
    if (!isCompressed) return { data: wire, truncatedFromBytes: isWhole ? null : payloadBytes };
    if (!isWhole || !this.#isDeflate()) inflater.forget();
    const message = inflater.inflate(wire);
    // How long it would be is not known; how long it was on the wire is.
    if (message === null) return { data: Buffer.alloc(0), truncatedFromBytes: payloadBytes };
    const isKept = message.length <= MAX_RECORDED_BYTES;
    return {
      data: message.subarray(0, MAX_RECORDED_BYTES),
      truncatedFromBytes: isKept ? null : message.length,
    };
  }

  /** Does the first reserved bit say what RFC 7692 says, or something that is not known here? */
  #isDeflate(): boolean {
    const extensions = headerValue(this.#answer?.head.headers ?? [], 'sec-websocket-extensions');
    return /(^|,)\s*permessage-deflate\s*(;|,|$)/i.test(extensions ?? '');
  }
}
