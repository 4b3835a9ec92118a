// What a check has found, for people: findings first, then what was seen, then what this machine can do.
import pc from 'picocolors';
import type { FunctionReport } from '../check/check-function.ts';
import type { Finding } from '../check/finding.ts';
import type { Machine } from '../check/machine.ts';
import type { Observations, StartObservations } from '../check/observations.ts';
import type { CheckReport } from '../check/report.ts';
import { allFindings } from '../check/report.ts';
import { formatDuration, formatSize } from '../core/units.ts';

type Colours = ReturnType<typeof pc.createColors>;

export interface TextOptions {
  readonly colour: boolean;
  /** A path as the user would write it. */
  readonly shown: (path: string) => string;
}

export function checkText(report: CheckReport, { colour, shown }: TextOptions): string {
  const colours = pc.createColors(colour);
  const lines = [
    ...report.config.flatMap(each => findingLines(each, colours)),
    ...report.functions.flatMap(each => functionLines(each, { colours, shown })),
    verdict(report, colours),
    '',
    ...machineLines(report.machine, colours),
  ];
  return `${lines.join('\n')}\n`;
}

function functionLines(
  { name, codeDir, findings, fixed, observations }: FunctionReport,
  { colours, shown }: { readonly colours: Colours; readonly shown: TextOptions['shown'] },
): readonly string[] {
  return [
    `${colours.bold(name)}  ${colours.dim(shown(codeDir))}`,
    '',
    ...fixed.map(({ file, what }) => `  ${colours.green('mended')}   ${file}: ${what}`),
    ...(fixed.length > 0 ? [''] : []),
    ...findings.flatMap(each => findingLines(each, colours)),
    ...observationLines(observations),
    '',
  ];
}

function findingLines(
  { level, file, line, column, message, why, statusCode, remedy, fix }: Finding,
  colours: Colours,
): readonly string[] {
  const place = [file, line, column].filter(part => part !== null).join(':');
  const label = level === 'error' ? colours.red('error  ') : colours.yellow('warning');
  const status = statusCode === null ? 'why' : String(statusCode);
  return [
    `  ${label}  ${place === '' ? '' : `${colours.bold(place)}  `}${message}`,
    `  ${colours.dim(status.padStart(7))}  ${why}`,
    `  ${colours.dim('   mend')}  ${remedy}${fix === null ? '' : ' (or --fix)'}`,
    '',
  ];
}

function observationLines({
  package: size,
  memoryMB,
  start,
  notStarted,
  notes,
}: Observations): readonly string[] {
  const rows: (readonly [label: string, text: string])[] = [
    ...(start === null ? [] : startRows(start, memoryMB)),
    ...(notStarted === null ? [] : [['start', `not tried: ${notStarted.cause}`] as const]),
    ...(typeof notStarted?.remedy === 'string' ? [['', notStarted.remedy] as const] : []),
    ['package', `${formatSize(size.bytes)} in ${size.files} file${size.files === 1 ? '' : 's'}`],
    ...notes.map(note => ['note', note] as const),
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(9)}${text}`);
}

function startRows(start: StartObservations, memoryMB: number): readonly (readonly [string, string])[] {
  const { sandbox, listening, memoryBytes, exit, said, termination } = start;
  const places = listening.map(({ address, port, afterMs }) => {
    const host = address.includes(':') ? `[${address}]` : address;
    return `${host}:${port} after ${formatDuration(Math.round(afterMs))}`;
  });
  const end =
    termination === null
      ? `ended by itself (${exit})`
      : termination.isKilled
        ? `ignores SIGTERM: killed after ${formatDuration(Math.round(termination.afterMs))}`
        : `ends ${formatDuration(Math.round(termination.afterMs))} after SIGTERM`;
  return [
    ['listens', places.length === 0 ? 'nowhere' : places.join(', ')],
    ...(memoryBytes === null
      ? []
      : [['memory', `${megabytes(memoryBytes)} of ${memoryMB} MB at rest`] as const]),
    ['end', end],
    ...(exit === null || said === null ? [] : [['said', said.trim().slice(0, 200)] as const]),
    ['sandbox', SANDBOXES[sandbox]],
  ];
}

/** Whole ones, as the log of `dev` has them. */
function megabytes(bytes: number): number {
  return Math.max(1, Math.round(bytes / 1024 ** 2));
}

const SANDBOXES = {
  namespace: 'namespace: the package read-only at /var/user, only /tmp to write, a network of its own',
  process:
    'process: your files and network, so neither writing outside of /tmp nor modules outside of the package are seen',
} as const;

function verdict(report: CheckReport, colours: Colours): string {
  const findings = allFindings(report);
  const isWhole = report.functions.every(({ observations }) => observations.notStarted === null);
  if (findings.length === 0) {
    return isWhole
      ? colours.green('Found nothing that would fail in the cloud')
      : 'Found nothing in the files that would fail in the cloud; the start was not tried';
  }
  const errors = findings.filter(({ level }) => level === 'error').length;
  const counts = [
    [errors, 'error'],
    [findings.length - errors, 'warning'],
  ] as const;
  const said = counts.flatMap(([count, what]) =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`],
  );
  return colours.bold(said.join(', '));
}

function machineLines(
  { system, namespaces, outbound, bubblewrap, interpreters }: Machine,
  colours: Colours,
): readonly string[] {
  const found = interpreters.filter(({ path }) => path !== null);
  const missing = interpreters.filter(({ path }) => path === null).map(({ language }) => language);
  const versions = found.map(({ language, version }) => `${language} ${version}`).join(', ');
  const none = missing.length === 0 ? '' : `${versions === '' ? '' : '; '}no ${missing.join(', ')}`;
  return [
    colours.dim(`This machine (${system})`),
    `  sandboxes     process${namespaces.isAble ? `, namespace (bubblewrap ${bubblewrap})` : ''}`,
    ...(namespaces.isAble
      ? []
      : [`                no namespace: ${namespaces.cause}`, `                ${namespaces.remedy}`]),
    ...(namespaces.isAble && outbound !== null && !outbound.isAble
      ? [
          `                a namespace reaches nothing beyond hostPorts: ${outbound.cause}`,
          `                ${outbound.remedy}`,
        ]
      : []),
    `  interpreters  ${versions}${none}`,
  ];
}
