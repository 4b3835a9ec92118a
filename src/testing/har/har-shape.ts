// What of a HAR file is looked at when it is replayed, as Chrome, Playwright and scf-ws write it. Pure. Files of other
// programs may lack anything, so nothing but the URL is required.
import type { InferOutput } from 'valibot';
import { array, fallback, looseObject, nullable, number, optional, string } from 'valibot';

const headers = fallback(array(looseObject({ name: string(), value: string() })), []);

const MessageSchema = looseObject({
  /** `send`, `receive`; Chrome adds `error`. */
  type: fallback(string(), ''),
  /** Epoch seconds (Chrome, scf-ws) or milliseconds (Playwright); -1 where times are left out. */
  time: fallback(number(), -1),
  opcode: fallback(number(), -1),
  data: fallback(nullable(string()), null),
  /** Of a close frame, where a program has it apart. */
  code: fallback(nullable(number()), null),
  /** scf-ws: how long the message was in bytes, where only its start is here. */
  _truncated: fallback(nullable(number()), null),
});

/** scf-ws's own: how the invocation ended. */
const EndSchema = looseObject({
  statusCode: nullable(number()),
  cause: string(),
  closeCode: nullable(number()),
  closeReason: string(),
});

export const EntrySchema = looseObject({
  startedDateTime: fallback(string(), ''),
  /** In ms. */
  time: fallback(number(), -1),
  request: looseObject({ url: string(), headers }),
  response: fallback(
    looseObject({
      status: fallback(number(), 0),
      content: fallback(
        looseObject({
          text: fallback(nullable(string()), null),
          encoding: fallback(nullable(string()), null),
        }),
        { text: null, encoding: null },
      ),
    }),
    { status: 0, content: { text: null, encoding: null } },
  ),
  timings: fallback(looseObject({ wait: fallback(number(), 0) }), { wait: 0 }),
  _resourceType: fallback(string(), ''),
  /** Null where the file was written without messages. */
  _webSocketMessages: fallback(nullable(array(MessageSchema)), null),
  _scfWs: fallback(optional(EndSchema), undefined),
});

export type HarEntry = InferOutput<typeof EntrySchema>;
export type HarMessage = InferOutput<typeof MessageSchema>;
export type HarEnd = InferOutput<typeof EndSchema>;

export const HarSchema = looseObject({ log: looseObject({ entries: array(looseObject({})) }) });
