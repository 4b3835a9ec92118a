// What a recording is shown of a connection: the bytes that pass, as they go out, and the end. Types only; nothing
// is made of it here, and where nobody records nothing is shown.
import type { IncomingMessage } from 'node:http';
import type { Side } from '../core/end-cause.ts';
import type { InvocationReport } from '../core/invocation.ts';

export interface Tap {
  /**
   * Bytes that go to `side`: a head of HTTP, then frames; to a client that is refused, HTTP alone. They belong to the
   * gateway: what is to be kept is to be copied.
   */
  readonly wrote: (side: Side, bytes: Uint8Array) => void;
  readonly ended: (report: InvocationReport) => void;
}

export interface TappedConnection {
  readonly requestId: string;
  /** As the client sent it. */
  readonly request: IncomingMessage;
  /** The platform's clock as wall time, epoch ms. */
  readonly now: () => number;
}

/** Called for every connection that comes. */
export type OpenTap = (connection: TappedConnection) => Tap;
