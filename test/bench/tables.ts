// The results as tables of Markdown, for the terminal and for README.md alike.
import { barsOf } from './bars.ts';
import type { Results } from './results.ts';

export function tablesOf(results: Results): string {
  const { node, cpu, cores, skipped } = results;
  return [
    `Node ${node}, ${cores} cores of ${cpu}${skipped.length > 0 ? `; not installed: ${skipped.join(', ')}` : ''}`,
    loadTables(results),
    memoryTable(results),
    startTable(results),
    growthTable(results),
    barTable(results),
  ]
    .filter(text => text !== '')
    .join('\n\n');
}

function loadTables({ loads }: Results): string {
  const names = [...new Set(loads.map(({ load }) => load))];
  return names
    .map(name =>
      table(
        [name, 'messages/s', 'p50 µs', 'p99 µs', 'CPU µs/message', 'to the pipe', 'reads/message'],
        loads
          .filter(({ load }) => load === name)
          .map(({ candidate, median: m, cpuToPipe }) => [
            candidate === 'direct' ? 'direct (CPU: the echo server’s)' : candidate,
            Math.round(m.perSecond).toLocaleString('en'),
            (m.p50Ms * 1000).toFixed(0),
            (m.p99Ms * 1000).toFixed(0),
            m.cpuUsPerMessage.toFixed(2),
            cpuToPipe === null ? '' : cpuToPipe.toFixed(2),
            m.readsPerMessage === 0 ? '' : m.readsPerMessage.toFixed(2),
          ]),
      ),
    )
    .join('\n\n');
}

function memoryTable({ memory }: Results): string {
  if (memory.length === 0) return '';
  return table(
    ['idle connections', 'number', 'KB each', 'later'],
    memory.map(({ candidate, connections, bytesPerConnection, laterBytesPerConnection }) => [
      candidate,
      connections.toLocaleString('en'),
      (bytesPerConnection / 1024).toFixed(1),
      laterBytesPerConnection === null ? '' : (laterBytesPerConnection / 1024).toFixed(1),
    ]),
  );
}

function startTable({ starts, burst }: Results): string {
  const rows = [
    ...starts.map(({ what, medianMs, rounds }) => [what, medianMs.toFixed(1), range(rounds)]),
    ...burst.map(({ what, instances, medianMs, rounds }) => [
      `${instances} at once: ${what}`,
      medianMs.toFixed(0),
      range(rounds),
    ]),
  ];
  return rows.length === 0 ? '' : table(['start', 'ms', 'from – to'], rows);
}

function growthTable({ growth, opening }: Results): string {
  if (growth.length === 0) return '';
  return [
    table(
      ['growth', 'connections', 'CPU µs/message'],
      growth.map(row => [
        row.candidate,
        row.connections.toLocaleString('en'),
        row.cpuUsPerMessage.toFixed(2),
      ]),
    ),
    table(
      ['opening one by one', 'the first, ms', 'the last, ms'],
      opening.map(row => [row.candidate, row.firstMs.toFixed(2), row.lastMs.toFixed(2)]),
    ),
  ].join('\n\n');
}

function barTable(results: Results): string {
  const bars = barsOf(results);
  if (bars.length === 0) return '';
  return table(
    ['bar', 'at most', 'measured', ''],
    bars.map(({ what, bar, measured }) => [
      what,
      bar.toFixed(2),
      measured.toFixed(2),
      measured <= bar ? 'met' : 'missed',
    ]),
  );
}

function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)} – ${Math.max(...values).toFixed(0)}`;
}

/** The first column to the left, numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map(row => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
