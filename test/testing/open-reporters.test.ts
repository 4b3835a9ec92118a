// Which of the reporters' looks goes with which surroundings, and what a stream or a disk that fails does.
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Surroundings } from '../../src/testing/reporters/open-reporters.ts';
import { openReporters } from '../../src/testing/reporters/open-reporters.ts';
import { fileOutput } from '../../src/testing/reporters/output.ts';
import type { ReporterKind } from '../../src/testing/reporters/reporter-plan.ts';
import { planReporters } from '../../src/testing/reporters/reporter-plan.ts';
import { RECORDED } from './recorded-run.ts';

async function written(
  kinds: readonly ReporterKind[],
  { isTTY, environment = {} }: { isTTY: boolean; environment?: Surroundings['environment'] },
): Promise<string> {
  let text = '';
  const write = (chunk: string, onWritten?: () => void): boolean => {
    text += chunk;
    onWritten?.();
    return true;
  };
  const stream = { isTTY, columns: 80, write } as unknown as NodeJS.WriteStream;
  const plan = planReporters(
    kinds.map(kind => ({ kind, file: null })),
    [],
  );
  const reporters = openReporters(plan, { stdout: stream, stderr: stream, environment });
  for (const event of RECORDED) reporters.tell(event);
  await reporters.end();
  return text;
}

const COLOUR = '\u001b[31m';
const STATUS = '\r\u001b[K';

it.each([
  ['a terminal', [true, true], ['text'], { isTTY: true }],
  ['NO_COLOR', [false, true], ['text'], { isTTY: true, environment: { NO_COLOR: '1' } }],
  ['CI', [true, false], ['text'], { isTTY: true, environment: { CI: 'true' } }],
  ['a pipe', [false, false], ['text'], { isTTY: false }],
  ['another reporter on the same stream', [true, false], ['text', 'github'], { isTTY: true }],
] as const)('with %s colours and a status line are %j', async (_, expected, kinds, surroundings) => {
  const text = await written(kinds, surroundings);
  expect([text.includes(COLOUR), text.includes(STATUS)]).toEqual(expected);
});

it.skipIf(!existsSync('/dev/full'))('a full disk is told at the end, and stops nothing before', async () => {
  const output = fileOutput('/dev/full');
  output.write('a');
  output.write('b');
  await expect(output.end()).rejects.toMatchObject({ code: 'ERR_REPORT_FILE', exitCode: 2 });
});
