// Which files are scenarios, and in which order they come.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findScenarioFiles } from '../../src/testing/run/find-scenarios.ts';
import { loadScenarioFiles } from '../../src/testing/run/load-scenarios.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scf-ws-find-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
}

async function found(...paths: readonly string[]): Promise<readonly string[]> {
  const files = await findScenarioFiles(paths.map(path => join(folder, path)));
  return files.map(({ path }) => relative(folder, path));
}

describe('in a folder', () => {
  it('finds what ends in .scenario.yaml or .yml, at any depth, in the order of the paths', async () => {
    write(
      'b.scenario.yml',
      'a/z.scenario.yaml',
      'a/b/c.scenario.yaml',
      'B.scenario.yaml',
      '.x.scenario.yaml',
    );
    write('a/other.yaml', 'scenario.yaml', 'a.scenario.json', 'a.har');
    expect(await found('.')).toEqual([
      '.x.scenario.yaml',
      'B.scenario.yaml',
      'a/b/c.scenario.yaml',
      'a/z.scenario.yaml',
      'b.scenario.yml',
    ]);
  });

  it('does not look into node_modules, .git and other folders that begin with a dot', async () => {
    write(
      'a.scenario.yaml',
      'node_modules/p/b.scenario.yaml',
      'c/.git/d.scenario.yaml',
      '.e/f.scenario.yaml',
    );
    expect(await found('.')).toEqual(['a.scenario.yaml']);
    expect(await found('node_modules')).toEqual(['node_modules/p/b.scenario.yaml']);
  });

  it('is not led in a circle by a link', async () => {
    write('a/b.scenario.yaml');
    symlinkSync('..', join(folder, 'a/up'));
    expect(await found('.')).toEqual(['a/b.scenario.yaml']);
  });
});

it('takes a file that is named whatever its name is, and each file once', async () => {
  write('a/session.har', 'a/b.scenario.yaml');
  expect(await found('a/session.har', 'a/b.scenario.yaml', 'a', '.')).toEqual([
    'a/b.scenario.yaml',
    'a/session.har',
  ]);
});

describe('ends with exit code 2', () => {
  it('for a path that does not exist', async () => {
    write('a.scenario.yaml');
    const error = { exitCode: 2, message: expect.stringContaining('there is no such file or folder') };
    await expect(found('.', 'none')).rejects.toMatchObject(error);
    await expect(found('a.scenario.yaml/none')).rejects.toMatchObject(error);
  });

  it('where there is no scenario', async () => {
    write('a.yaml');
    const error = { exitCode: 2, hint: expect.stringContaining('hello.scenario.yaml') };
    await expect(found('.')).rejects.toMatchObject(error);
  });
});

it('a file that cannot be read is a problem, and the others are still read', () => {
  mkdirSync(join(folder, 'a.scenario.yaml'));
  const paths = ['a.scenario.yaml', 'gone.scenario.yaml'].map(name => join(folder, name));
  const files = paths.map(path => ({ path, file: path }));
  const loaded = loadScenarioFiles(files, { environment: {}, set: {}, ignore: [] });
  expect(loaded.map(({ problems }) => problems[0]?.message)).toEqual([
    'the file cannot be read: it is a folder',
    'the file cannot be read: there is no such file',
  ]);
});
