// Writes what happens on one connection into the journal, with the origin that every record carries.
import type { Clock } from '../clock.ts';
import type { ConnectionRecord, TraceOrigin } from '../core/trace.ts';
import type { Journal } from '../journal/journal.ts';

/** A record without its origin. */
export type RecordBody = ConnectionRecord extends infer R
  ? R extends TraceOrigin
    ? Omit<R, keyof TraceOrigin>
    : never
  : never;

export interface RecorderOptions {
  readonly requestId: string;
  readonly functionName: string;
  readonly clock: Clock;
  readonly journal: Journal;
}

export class Recorder {
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get wantsFrames(): boolean {
    return this.#options.journal.wantsFrames;
  }

  record(body: RecordBody): void {
    const { requestId, functionName, clock, journal } = this.#options;
    const at = clock.now();
    const origin: TraceOrigin = { at, time: clock.wallTime(at).getTime(), requestId, function: functionName };
    journal.add({ ...origin, ...body } as ConnectionRecord);
  }
}
