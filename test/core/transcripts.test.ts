import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replay } from './transcript.ts';

const FOLDER = new URL('transcripts/', import.meta.url);

describe('the machine tells each story as it is written', () => {
  it.each(readdirSync(FOLDER))('%s', async name => {
    const file = new URL(name, FOLDER);
    await expect(replay(readFileSync(file, 'utf8'))).toMatchFileSnapshot(file.pathname);
  });
});
