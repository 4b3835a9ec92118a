// What stands behind a flag → its value, or what commander shall say of it.
import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../core/units.ts';

export function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === null || ms <= 0)
    throw new InvalidArgumentError('It must be a duration such as 2s, 500ms or 5m.');
  return ms;
}
