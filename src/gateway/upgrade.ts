// The function's answer to the handshake, on its way to the client: held until its head is complete, so that a
// function that fails before leaves room for the platform's own answer; then passed on byte by byte.
import { ResponseScanner } from '../core/http-response.ts';
import { cannotHappen } from '../core/never.ts';

export interface UpgradeEvents {
  /** 101: `head` goes to the client, `rest` holds the function's first frames. */
  readonly onAccepted: (answer: { readonly head: Buffer; readonly rest: Buffer }) => void;
  /** Another status: what has come of the answer, and later the rest of it, goes to the client. */
  readonly onRefused: (httpStatus: number, bytes: Buffer) => void;
  readonly onRefusalBytes: (bytes: Buffer) => void;
  readonly onRefusalEnded: () => void;
  /** What came is not HTTP. */
  readonly onGarbage: () => void;
}

export class Upgrade {
  readonly #events: UpgradeEvents;
  readonly #scanner = new ResponseScanner();
  #head: Buffer[] = [];
  #isRefused = false;

  constructor(events: UpgradeEvents) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    if (!this.#isRefused) this.#head.push(chunk);
    const answer = this.#scanner.push(chunk);
    switch (answer.kind) {
      case 'incomplete':
        break;
      case 'garbage':
        this.#events.onGarbage();
        break;
      case 'accepted': {
        const bytes = this.#takeHead();
        this.#events.onAccepted({
          head: bytes.subarray(0, answer.headEnd),
          rest: bytes.subarray(answer.headEnd),
        });
        break;
      }
      case 'refused':
        if (this.#isRefused) {
          this.#events.onRefusalBytes(chunk);
        } else {
          this.#isRefused = true;
          this.#events.onRefused(answer.status, this.#takeHead());
        }
        if (answer.bodyEnded) this.#events.onRefusalEnded();
        break;
      default:
        cannotHappen(answer);
    }
  }

  #takeHead(): Buffer {
    const bytes = Buffer.concat(this.#head);
    this.#head = [];
    return bytes;
  }
}
