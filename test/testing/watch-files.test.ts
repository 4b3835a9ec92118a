// What counts as a change: of real files, with a clock that the test moves.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../../src/clock.ts';
import { changedFiles, editedDuring, nextChange, takeSnapshot } from '../../src/testing/run/watch-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scf-ws-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);

describe('a change', () => {
  it('is a file that is new, another one, or gone; not what node_modules or a dot folder has', () => {
    writeFileSync(file('edited'), 'a');
    writeFileSync(file('gone'), 'a');
    writeFileSync(file('same'), 'a');
    mkdirSync(file('node_modules'));
    mkdirSync(file('.git'));
    symlinkSync('.', file('circle'));
    const before = takeSnapshot([folder]);
    writeFileSync(file('edited'), 'longer');
    rmSync(file('gone'));
    mkdirSync(file('folder'));
    writeFileSync(file('folder/new'), '');
    writeFileSync(file('node_modules/new'), '');
    writeFileSync(file('.git/new'), '');
    const names = ['edited', 'folder', 'folder/new', 'gone'];
    expect(changedFiles(before, takeSnapshot([folder]))).toEqual(names.map(file));
  });

  it('is also that a file that was looked for in vain has come', () => {
    const before = takeSnapshot([file('scf.yaml')]);
    writeFileSync(file('scf.yaml'), '');
    expect(changedFiles(before, takeSnapshot([file('scf.yaml')]))).toEqual([file('scf.yaml')]);
  });

  it('is waited for', async () => {
    const before = takeSnapshot([folder]);
    const options = {
      roots: [folder],
      clock: createClock({ scale: 20 }),
      signal: new AbortController().signal,
    };
    const changed = nextChange(before, options);
    writeFileSync(file('new'), '');
    expect(await changed).toEqual([file('new')]);
  });

  it('is told when it is over: not between the steps of an editor', async () => {
    // Its time passes only when the test says so.
    const clock = createClock({ scale: 1e-9 });
    const look = async (): Promise<void> => {
      clock.advance(1000);
      await new Promise(resolve => setImmediate(resolve));
    };
    const options = { roots: [folder], clock, signal: new AbortController().signal };
    const changed = nextChange(takeSnapshot([folder]), options);
    writeFileSync(file('a'), '');
    await look();
    writeFileSync(file('b'), '');
    await look();
    await look();
    expect(await changed).toEqual([file('a'), file('b')]);
  });

  it('is no longer waited for once it is interrupted', async () => {
    const interruption = new AbortController();
    const options = { roots: [folder], clock: createClock(), signal: interruption.signal };
    const waiting = nextChange(takeSnapshot([folder]), options);
    interruption.abort();
    expect(await waiting).toEqual([]);
    expect(await nextChange(takeSnapshot([folder]), options)).toEqual([]);
  });
});

it('what a run writes each time does not make it run for ever', () => {
  expect(editedDuring(['log'], [])).toEqual(['log']);
  expect(editedDuring(['log'], ['log'])).toEqual([]);
  expect(editedDuring(['app.js', 'log'], ['log'])).toEqual(['app.js']);
});
