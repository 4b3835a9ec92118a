// The reports of an emulator as a list, and one after the other for those who wait for the next.
import { realTime } from './clock.ts';
import type { InvocationReport } from './core/invocation.ts';
import { ScfWsError } from './errors.ts';

/** Of a session of days the first are dropped. */
const MAX_KEPT_REPORTS = 10_000;

export class EndedInvocations {
  /** Oldest first. */
  readonly reports: InvocationReport[] = [];
  /** How many of them `next` has given away. */
  #given = 0;
  #waiting: (() => void)[] = [];

  add(report: InvocationReport): void {
    this.reports.push(report);
    if (this.reports.length > MAX_KEPT_REPORTS) {
      this.reports.shift();
      this.#given = Math.max(0, this.#given - 1);
    }
    this.#wake();
  }

  /** The first report that no call before has got, as soon as it is there. */
  async next({
    withinMs,
    openConnections,
  }: {
    withinMs: number;
    openConnections: () => number;
  }): Promise<InvocationReport> {
    let isOver = false;
    const end = realTime(withinMs).then(() => {
      isOver = true;
    });
    for (;;) {
      const report = this.reports[this.#given];
      if (report !== undefined) {
        this.#given++;
        return report;
      }
      if (isOver) throw nothingEnded(withinMs, openConnections());
      await Promise.race([end, new Promise<void>(resolve => this.#waiting.push(resolve))]);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function nothingEnded(withinMs: number, openConnections: number): ScfWsError {
  const open = openConnections === 0 ? 'there is no connection' : `open connections: ${openConnections}`;
  const error = new ScfWsError('ERR_TIMEOUT', `No invocation ended within ${withinMs} ms: ${open}`, {
    hint:
      openConnections === 0
        ? 'Connect to url first; each report is given once, and all stand in invocations'
        : 'Close the connection, let platform time pass with clock.advance(ms), or wait longer with { withinMs }',
  });
  return error.withHintInMessage();
}
