// Records → lines for people: one for each thing that matters, and a sentence wherever something went wrong.
import pc from 'picocolors';
import type { Side } from '../core/end-cause.ts';
import { OPCODE } from '../core/frame.ts';
import type { InvocationReport, TrafficCount } from '../core/invocation.ts';
import type { ConnectionRecord, Notice, TraceRecord } from '../core/trace.ts';
import { formatDuration, formatSize } from '../core/units.ts';

export interface PrettyOptions {
  readonly colour: boolean;
  readonly nameFunctions: boolean;
}

type Colours = ReturnType<typeof pc.createColors>;

export function prettyLines(
  options: PrettyOptions,
  write: (line: string) => void,
): (record: TraceRecord) => void {
  const colours = pc.createColors(options.colour);
  return record => {
    if (record.type === 'notice') {
      write(noticeLine(record, colours));
      return;
    }
    const name = options.nameFunctions ? ` ${colours.cyan(record.function)}` : '';
    // Enough of the id to tell connections apart; the other formats and the report have all of it.
    const origin = `${colours.dim(clockTime(record.time))} ${colours.magenta(record.requestId.slice(0, 8))}${name}`;
    for (const text of describe(record, colours)) write(`${origin} ${text}`);
  };
}

function describe(record: ConnectionRecord, c: Colours): readonly string[] {
  switch (record.type) {
    case 'connected':
      return [`connection from ${record.from} to ${record.path}`];
    case 'instance-started':
      return record.pid === null
        ? []
        : [`instance started ${c.dim(`(${record.driver}, pid ${record.pid})`)}`];
    case 'instance-taken':
      return [
        `${record.origin === 'reused' ? 'instance reused' : 'instance was ready'} ${c.dim(`(${record.driver}, pid ${record.pid})`)}`,
      ];
    case 'instance-ready':
      if (record.origin !== 'cold') return [];
      return [`instance ready in ${formatDuration(record.initMs)}`];
    case 'output':
      return [`${record.stream === 'stderr' ? c.yellow('!') : c.dim('|')} ${printable(record.line)}`];
    case 'listening-elsewhere':
      return [
        c.yellow(
          `the function listens on port ${record.port}; the platform connects to ${record.expectedPort}`,
        ),
      ];
    case 'opened':
      return [c.green('open')];
    case 'frame':
      return [
        c.dim(
          `${arrow(record.from)} ${frameName(record.opcode)}${record.fin ? '' : ' (more follows)'} ${formatSize(record.payloadBytes)}`,
        ),
      ];
    case 'close-sent':
      return [
        `${arrow(record.to === 'client' ? 'function' : 'client')} close ${closeText(record)} from scf-ws`,
      ];
    case 'close-received':
      if (record.isAnswer)
        return [c.dim(`${arrow(record.from)} close ${closeText(record)}: the ${record.from}’s answer`)];
      return [`${arrow(record.from)} close ${closeText(record)} from the ${record.from}`];
    case 'ended':
      return endLines(record, c);
  }
}

function endLines(
  { report, explanation }: Extract<ConnectionRecord, { type: 'ended' }>,
  c: Colours,
): string[] {
  const { statusCode, statusBasis, cause, closeCode, sandbox } = report;
  const paint = statusCode === null ? c.dim : statusCode === 200 ? c.green : c.red;
  const code = closeCode === null ? '' : ` ${closeCode}`;
  const basis = statusBasis === 'assumed' && statusCode !== null ? c.dim(' (status assumed)') : '';
  const exit = cause === 'process-exited' && sandbox.exit !== null ? ` ${sandbox.exit}` : '';
  const lines = [
    `${paint(c.bold(String(statusCode ?? '-')))} ${paint(cause)}${code}${exit}${basis} ${c.dim(figures(report))}`,
  ];
  if (explanation !== null) lines.push(`${c.yellow('→')} ${printable(explanation)}`);
  return lines;
}

function figures({ durationMs, billedMs, memUsageMB, memoryMB, up, down }: InvocationReport): string {
  const memory = memUsageMB === null ? '' : `, ${Math.round(memUsageMB)} of ${memoryMB} MB`;
  return `after ${formatDuration(durationMs)}, billed ${billedMs} ms${memory}, ↑ ${traffic(up)} ↓ ${traffic(down)}`;
}

function traffic({ messages, bytes }: TrafficCount): string {
  return `${messages} message${messages === 1 ? '' : 's'} ${formatSize(bytes)}`;
}

function noticeLine({ level, message, advice }: Notice, c: Colours): string {
  const paint = level === 'error' ? c.red : level === 'warn' ? c.yellow : c.dim;
  const text = level === 'info' ? message : `${level === 'warn' ? 'warning' : 'error'}: ${message}`;
  return advice === undefined ? paint(text) : `${paint(text)}\n  ${advice}`;
}

/** What a terminal would obey, but for colours and tabs, is shown as unknown: output can be anything. */
function printable(line: string): string {
  return line.replace(/(\p{Cc})(\[[\d;]*m)?/gu, (whole, control: string, colour?: string) => {
    if (control === '\t' || (control === '\u001b' && colour !== undefined)) return whole;
    return `\ufffd${colour ?? ''}`;
  });
}

function arrow(from: Side): string {
  return from === 'client' ? '↑' : '↓';
}

const FRAME_NAMES = new Map<number, string>(Object.entries(OPCODE).map(([name, opcode]) => [opcode, name]));

function frameName(opcode: number): string {
  return FRAME_NAMES.get(opcode) ?? `opcode ${opcode}`;
}

function closeText({ code, reason }: { code: number | null; reason: string }): string {
  return `${code ?? 'without a code'}${reason === '' ? '' : ` "${reason}"`}`;
}

/** Local time to the millisecond. */
function clockTime(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
