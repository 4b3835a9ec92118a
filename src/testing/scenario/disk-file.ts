// The files that scenarios name, as they are on the disk.
import { readFileSync } from 'node:fs';
import { readingFailure } from '../../config/load.ts';
import type { ReadFile } from './reading.ts';

export const readDiskFile: ReadFile = path => {
  try {
    return { content: readFileSync(path) };
  } catch (error) {
    return { reason: readingFailure(error) };
  }
};
