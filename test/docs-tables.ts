// The README's generated parts, made from the platform's data and the command line itself.
import { FINDINGS } from '../src/check/finding.ts';
import { program } from '../src/cli/program.ts';
import type { EndCauseKind } from '../src/core/end-cause.ts';
import { END_CAUSE_KINDS } from '../src/core/end-cause.ts';
import { formatDuration, formatSize } from '../src/core/units.ts';
import type { Fact, Platform, Setting, StatusCode } from '../src/platforms/platform.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const how = ({ basis, source }: Fact<unknown>): readonly string[] => [basis, source];

const setting = (
  title: string,
  key: string,
  { range, default: value }: Setting,
  unit: string,
): readonly (readonly string[])[] => {
  const { min, max } = range.value;
  const span = max === null ? `at least ${min} ${unit}` : `${min} to ${max} ${unit}`;
  return [
    [title, key, span, ...how(range)],
    [`${title}, when left out`, key, `${value.value} ${unit.split(' ')[0]}`, ...how(value)],
  ];
};

export function limitsTable(platform: Platform): string {
  const { limits, environment } = platform;
  const none = 'none';
  const size = (bytes: number | null): string => (bytes === null ? none : formatSize(bytes));
  return table(
    ['what', 'in `scf.yaml`', 'value', 'basis', 'source'],
    [
      [
        'message, either way',
        '`limits.message`',
        size(limits.messageBytes.value),
        ...how(limits.messageBytes),
      ],
      [
        'bytes per second',
        '`limits.bandwidth`',
        size(limits.bytesPerSecond.value),
        ...how(limits.bytesPerSecond),
      ],
      [
        'messages per second',
        '`limits.qps`',
        String(limits.messagesPerSecond.value ?? none),
        ...how(limits.messagesPerSecond),
      ],
      ['whose messages the rates count', '–', limits.rateDirection.value, ...how(limits.rateDirection)],
      [
        'the second that they count',
        '–',
        `any ${formatDuration(limits.rateWindowMs.value)}, sliding`,
        ...how(limits.rateWindowMs),
      ],
      ...setting('idle timeout', '`idleTimeout`', platform.idleTimeoutS, 's'),
      ...setting('execution timeout', '`timeout`', platform.executionTimeoutS, 's'),
      ...setting('init timeout', '`initTimeout`', platform.initTimeoutS, 's'),
      ...setting(
        'memory',
        '`memorySize`',
        platform.memoryMB,
        `MB in steps of ${platform.memoryMB.stepMB} MB, or ${platform.memoryMB.alsoMB.join(', ')} MB`,
      ),
      ['port to listen on', '`port`', String(platform.port.value), ...how(platform.port)],
      ['package of code', '–', formatSize(platform.packageBytes.value), ...how(platform.packageBytes)],
      ['compiled programs are for', '–', `Linux on ${platform.processor.value}`, ...how(platform.processor)],
      [
        'first lines of start files',
        '–',
        `#! with one of ${platform.shells.value.join(', ')}, or below /var/lang`,
        ...how(platform.shells),
      ],
      [
        'environment in all',
        '`environment`',
        formatSize(environment.maxBytes.value),
        ...how(environment.maxBytes),
      ],
      [
        'reserved names begin with',
        '`environment`',
        environment.reservedPrefixes.value.join(', '),
        ...how(environment.reservedPrefixes),
      ],
    ],
  );
}

const CAUSE_TITLES: Readonly<Record<EndCauseKind, string>> = {
  'client-closed': 'the client closed',
  'function-closed': 'the function closed',
  'client-lost': 'the client went away without a close frame (1006)',
  'function-lost': 'the function dropped the connection without a close frame (1006)',
  'process-exited': 'the function’s process ended while the connection was open',
  'idle-timeout': 'no message either way for the idle timeout',
  'execution-timeout': 'the connection reached the execution timeout',
  'memory-exceeded': 'the process tree used more than `memorySize`',
  'quota-exceeded': 'a message too big, too many, or too many bytes',
  'port-not-bound': 'nothing listened on 0.0.0.0:9000 within the init timeout, or only on a loopback address',
  'start-failed': 'the start file could not be run, or ended before anything listened',
  'concurrency-exceeded': 'as many instances as `maxInstances` were running',
  'upgrade-refused': 'the function answered the handshake with another status than 101, which is passed on',
  'emulator-stopped': 'scf-ws was stopped',
};

export function statusTable({ status }: Platform): string {
  const rows: (readonly string[])[] = [];
  const row = (cause: EndCauseKind, what: string, fact: Fact<StatusCode>): void => {
    rows.push([`\`${cause}\``, what, fact.value === null ? '–' : `**${fact.value}**`, ...how(fact)]);
  };
  for (const kind of END_CAUSE_KINDS) {
    const title = CAUSE_TITLES[kind];
    if (kind === 'client-closed' || kind === 'function-closed') {
      const by = status.closedBy[kind === 'client-closed' ? 'client' : 'function'];
      row(kind, `${title} with ${by.success.value.join(' or ')}`, by.successStatus);
      row(kind, `${title} with ${by.unclear.codes.join(' or ')}`, by.unclear.status);
      row(kind, `${title} with any other code`, by.otherCode);
      row(kind, `${title} without a code (1005)`, by.noCode);
    } else if (kind === 'client-lost' || kind === 'function-lost') {
      row(kind, title, status.closedBy[kind === 'client-lost' ? 'client' : 'function'].lost);
    } else if (kind === 'quota-exceeded') {
      row(kind, `${title}, from the client`, status.quotaBrokenBy.client);
      row(kind, 'a message too big, from the function', status.quotaBrokenBy.function);
    } else {
      row(kind, title, status.byCause[kind]);
    }
  }
  return table(['cause', 'what happened', 'status', 'basis', 'source'], rows);
}

const ASSUMPTION_TITLES: Readonly<
  Record<keyof Platform['assumptions'], readonly [key: string, title: string]>
> = {
  controlFramesResetIdle: [
    'controlFramesResetIdle',
    'pings and pongs count as messages for the idle timeout',
  ],
  timeoutCloseCode: ['timeoutCloseCode', 'close code that a client sees at a timeout'],
  messageTooBigCloseCode: ['messageTooBigCloseCode', 'close code for a message that is too big'],
  rateExceededCloseCode: ['rateExceededCloseCode', 'close code for too many messages or bytes'],
  closeGraceMs: ['closeGrace', 'how long a peer may take to answer a close frame'],
  terminateGraceMs: ['terminateGrace', 'how long an instance may take to end after SIGTERM'],
};

export function assumptionsTable({ assumptions }: Platform): string {
  const value = (key: string, { value: fact }: Fact<number | boolean | null>): string => {
    if (fact === null) return 'none: the connection is cut (1006)';
    if (typeof fact === 'boolean') return fact ? 'yes' : 'no';
    return key.endsWith('Ms') ? formatDuration(fact) : String(fact);
  };
  return table(
    ['under `assume:`', 'what', 'value', 'basis', 'why'],
    Object.entries(assumptions).map(([key, fact]) => {
      const [name, title] = ASSUMPTION_TITLES[key as keyof Platform['assumptions']];
      return [`\`${name}\``, title, value(key, fact), ...how(fact)];
    }),
  );
}

export function findingsTable(): string {
  return table(
    ['`id`', 'what is wrong'],
    Object.entries(FINDINGS).map(([id, what]) => [`\`${id}\``, what]),
  );
}

/** The help of a command as it is printed on a terminal of 100 columns. */
export function helpText(commandName: string): string {
  const command = program(() => {}).commands.find(each => each.name() === commandName);
  return `\`\`\`\n${command
    ?.configureOutput({ getOutHelpWidth: () => 100 })
    .helpInformation()
    .trimEnd()}\n\`\`\``;
}
