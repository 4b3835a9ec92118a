// Records → the line shapes of the platform's own log (START, Init Report, ERROR, END, Report). What the platform
// has no line for (frames, opening) is left out; output lines carry the request id, as several instances share one
// stream here.

import type { InvocationReport } from '../core/invocation.ts';
import { describeExit } from '../core/invocation.ts';
import type { ConnectionRecord, TraceRecord } from '../core/trace.ts';

export function scfLogLines(write: (line: string) => void): (record: TraceRecord) => void {
  return record => {
    if (record.type === 'notice') {
      write(`[scf-ws] ${record.message}${record.advice === undefined ? '' : `: ${record.advice}`}`);
      return;
    }
    const { requestId } = record;
    switch (record.type) {
      case 'connected':
        write(`START RequestId: ${requestId}`);
        break;
      case 'output':
        write(`${requestId} ${record.line}`);
        break;
      case 'instance-ready': {
        // The platform has this line only for a cold start.
        if (record.origin !== 'cold') break;
        const initMs = Math.round(record.initMs);
        // Neither code nor runtime is fetched here: the whole start is the function's own.
        write(
          `Init Report RequestId: ${requestId} Coldstart: ${initMs}ms (InitFunction: ${initMs}ms) ` +
            `Memory: ${record.memoryMB}MB${memoryUse(record.memUsageBytes)}`,
        );
        break;
      }
      case 'ended':
        for (const line of endLines(record)) write(line);
        break;
      default:
        break;
    }
  };
}

function* endLines(record: Extract<ConnectionRecord, { type: 'ended' }>): Iterable<string> {
  const { requestId, report } = record;
  if (report.statusCode !== 200 && report.statusCode !== null) {
    yield `ERROR RequestId: ${requestId} Result: ${result(record)}`;
  }
  yield `END RequestId: ${requestId}`;
  yield `Report RequestId: ${requestId} Duration: ${report.billedMs}ms Memory: ${report.memoryMB}MB` +
    memoryUse(report.memUsageMB === null ? null : report.memUsageMB * 1024 ** 2);
}

/** The platform's own wording where it is known; otherwise the code and what scf-ws calls it, and no invented name. */
function result({ errorMessage, report, cause }: Extract<ConnectionRecord, { type: 'ended' }>): string {
  const exit = cause.kind === 'process-exited' ? ` (${describeExit(cause.exit)})` : '';
  return `${errorMessage ?? describe(report)}${exit}`;
}

function describe({ statusCode, cause, closeCode }: InvocationReport): string {
  return `status code ${statusCode} (${cause}${closeCode === null ? '' : `, close code ${closeCode}`})`;
}

function memoryUse(bytes: number | null): string {
  return bytes === null ? '' : ` MemUsage: ${(bytes / 1024 ** 2).toFixed(2)}MB`;
}
