// Decompresses the messages of one direction (permessage-deflate, RFC 7692 §7.2.2).
import { constants, inflateRawSync } from 'node:zlib';

/** RFC 7692 §7.2.1: the sender leaves this off the end of each message. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** DEFLATE refers no further back than this. */
const WINDOW_BYTES = 32 * 1024;

/** A message that is longer once decompressed is not what people send; it would stop the gateway for too long. */
const MAX_INFLATED_BYTES = 16 * 1024 ** 2;

export class Inflater {
  /**
   * The end of what was decompressed before. A sender that keeps no context between messages never refers to it, so
   * what was negotiated need not be known. Null once it is lost.
   */
  #window: Buffer | null = Buffer.alloc(0);

  /** Null for a message that cannot be decompressed; those behind it cannot be either. */
  inflate(payload: Uint8Array): Buffer | null {
    const window = this.#window;
    if (window === null) return null;
    try {
      const message = inflateRawSync(Buffer.concat([payload, TAIL]), {
        ...(window.length > 0 && { dictionary: window }),
        // Its last block is not marked as the last.
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_INFLATED_BYTES,
      });
      this.#window = Buffer.concat([window, message.subarray(-WINDOW_BYTES)]).subarray(-WINDOW_BYTES);
      return message;
    } catch {
      // Whether it was broken or too long: what the next message refers to is not known.
      this.forget();
      return null;
    }
  }

  /** A message has gone by unread. */
  forget(): void {
    this.#window = null;
  }
}
