// The table at the end of `dev`: invocations by status, and what they would have cost.
import Table from 'cli-table3';
import type { InvocationReport } from '../core/invocation.ts';
import { costOf } from '../core/invocation.ts';
import { formatDuration } from '../core/units.ts';
import type { LogFormat } from '../journal/readers.ts';
import type { Platform } from '../platforms/platform.ts';

/** Sums reports up as they come, so that a long session needs no more memory than a short one. */
export class Summary {
  readonly #platform: Platform;
  readonly #rows = new Map<string, { count: number; billedMs: number; gigabyteSeconds: number }>();
  #cost = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  add(report: InvocationReport): void {
    const key = `${report.statusCode ?? '-'}\t${report.cause}`;
    const row = this.#rows.get(key) ?? { count: 0, billedMs: 0, gigabyteSeconds: 0 };
    const { gigabyteSeconds, cost } = costOf([report], this.#platform.prices.value);
    row.count++;
    row.billedMs += report.billedMs;
    row.gigabyteSeconds += gigabyteSeconds;
    this.#cost += cost;
    this.#rows.set(key, row);
  }

  /** Null when there was no invocation. */
  render(format: LogFormat): string | null {
    if (this.#rows.size === 0) return null;
    return format === 'json' ? this.#json() : this.#table();
  }

  #json(): string {
    const rows = [...this.#rows].map(([key, { count, billedMs, gigabyteSeconds }]) => {
      const [status = '', cause = ''] = key.split('\t');
      return { statusCode: status === '-' ? null : Number(status), cause, count, billedMs, gigabyteSeconds };
    });
    const { currency } = this.#platform.prices.value;
    return JSON.stringify({ level: 'info', event: 'summary', invocations: rows, cost: this.#cost, currency });
  }

  #table(): string {
    const table = new Table({
      head: ['status', 'cause', 'invocations', 'billed time', 'GBs'],
      colAligns: ['right', 'left', 'right', 'right', 'right'],
      style: { head: [], border: [] },
      // No rule between the rows.
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    });
    let count = 0;
    let billedMs = 0;
    let gigabyteSeconds = 0;
    for (const [key, row] of [...this.#rows].sort(([a], [b]) => a.localeCompare(b))) {
      const [status = '', cause = ''] = key.split('\t');
      table.push([status, cause, row.count, formatDuration(row.billedMs), row.gigabyteSeconds.toFixed(4)]);
      count += row.count;
      billedMs += row.billedMs;
      gigabyteSeconds += row.gigabyteSeconds;
    }
    table.push(['', 'total', count, formatDuration(billedMs), gigabyteSeconds.toFixed(4)]);
    const { currency, perGBs, perTenThousandInvocations } = this.#platform.prices.value;
    return (
      `${table.toString()}\n` +
      `Estimated cost: ${this.#cost.toFixed(6)} ${currency} ` +
      `(${perGBs} per GBs, ${perTenThousandInvocations} per 10,000 invocations; traffic not included)`
    );
  }
}
