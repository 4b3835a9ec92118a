// Finding, reading and watching config files, in folders made for each test.
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, test, vi } from 'vitest';
import { type LoadedConfig, loadConfig, watchConfig } from '../../src/config/load.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(realpathSync(tmpdir()), 'scf-ws-config-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(dir, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function load(configFile: string | null = null): Promise<LoadedConfig> {
  return loadConfig({ dir, configFile });
}

describe('what is found', () => {
  it.each(['scf.yaml', 'scf.yml', 'scf.json'])('%s in the folder', async name => {
    write('scf_bootstrap', '');
    const file = write(name, '{ "name": "found" }');
    const loaded = await load();
    expect(loaded).toMatchObject({ kind: 'loaded', file, functions: [{ name: 'found', srcDir: dir }] });
  });

  test('a start file alone is a function with the default config', async () => {
    write('my-app/scf_bootstrap', '');
    const loaded = await loadConfig({ dir: join(dir, 'my-app'), configFile: null });
    expect(loaded).toMatchObject({ kind: 'loaded', file: null, functions: [{ name: 'my-app', route: '/' }] });
  });

  test('a config file by name is read wherever it is, and src is relative to it', async () => {
    write('app/code/scf_bootstrap', '');
    const file = write('app/other.yaml', 'src: code');
    const loaded = await load(file);
    expect(loaded).toMatchObject({ kind: 'loaded', file, functions: [{ srcDir: join(dir, 'app/code') }] });
  });

  test('a path inside the working folder is named relative to it', async () => {
    const file = join(process.cwd(), 'test/config/golden/ten-problems.yaml');
    const loaded = await load(file);
    expect(loaded).toMatchObject({
      kind: 'invalid',
      problems: expect.arrayContaining([
        expect.objectContaining({ file: relative(process.cwd(), file), line: 3 }),
      ]),
    });
  });
});

describe('what is missing', () => {
  test('the folder', async () => {
    const nowhere = join(dir, 'nowhere');
    const loaded = await loadConfig({ dir: nowhere, configFile: null });
    expect(loaded).toMatchObject({
      kind: 'missing',
      message: `Cannot open ${nowhere}: there is no such folder`,
    });
  });

  test('a folder where a file is', async () => {
    const file = write('scf_bootstrap', '');
    const loaded = await loadConfig({ dir: file, configFile: null });
    expect(loaded).toMatchObject({ kind: 'missing', message: `Cannot open ${file}: it is not a folder` });
  });

  test('both a config file and a start file', async () => {
    const loaded = await load();
    expect(loaded).toMatchObject({
      kind: 'missing',
      message: `Cannot find a function in ${dir}: neither scf.yaml nor scf_bootstrap is there`,
    });
  });

  test('the config file that was named', async () => {
    const file = join(dir, 'other.yaml');
    expect(await load(file)).toMatchObject({
      kind: 'missing',
      message: `Cannot read ${file}: there is no such file`,
    });
    expect(await load(dir)).toMatchObject({ kind: 'missing', message: `Cannot read ${dir}: it is a folder` });
  });
});

describe('what is invalid', () => {
  test('a config with problems', async () => {
    const file = write('scf.yaml', 'idleTimeout: 5');
    expect(await load()).toMatchObject({ kind: 'invalid', problems: [{ file, line: 1, column: 1 }] });
  });

  test('two config files, of which only one could be read', async () => {
    write('scf.yaml', '');
    const file = write('scf.json', '{}');
    const message = 'scf.json cannot stand beside scf.yaml: only one of them can be read';
    expect(await load()).toMatchObject({
      kind: 'invalid',
      problems: [{ file, line: 1, column: 1, message }],
    });
  });

  test('each src without a folder or a start file, at its own place', async () => {
    const file = write(
      'scf.yaml',
      'functions:\n  a: { src: gone }\n  b: { src: scf.yaml }\n  c:\n  d: { src: d }\n',
    );
    write('d/scf_bootstrap', '');
    const at = (line: number, column: number, message: string) => ({ file, line, column, message });
    expect(await load()).toMatchObject({
      kind: 'invalid',
      problems: [
        at(2, 8, `src of a must be a folder: ${join(dir, 'gone')} does not exist`),
        at(3, 8, `src of b must be a folder: ${file} is not one`),
        at(4, 3, `src of c must have a file scf_bootstrap: ${dir} has none`),
      ],
    });
  });

  test('a single function without src and without a start file, at the top', async () => {
    const file = write('scf.yaml', '# comment\nname: echo\n');
    expect(await load()).toMatchObject({ kind: 'invalid', problems: [{ file, line: 2, column: 1 }] });
  });
});

describe('watching', () => {
  function watched(file: string) {
    const onChange = vi.fn();
    const watcher = watchConfig(file, onChange);
    onTestFinished(() => watcher.close());
    return { onChange, watcher };
  }

  const once = { timeout: 10_000, interval: 10 };

  test('a changed file is reported once, an unchanged one never', async () => {
    const file = write('scf.yaml', 'name: a');
    const { onChange } = watched(file);
    writeFileSync(file, 'name: a');
    write('unrelated.txt', 'x');
    writeFileSync(file, 'name: b');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), once);
    writeFileSync(file, 'name: b');
    writeFileSync(file, 'name: c');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), once);
  });

  test('a file that an editor replaces by renaming is reported, again and again', async () => {
    const file = write('scf.yaml', 'name: a');
    const { onChange } = watched(file);
    for (const [index, name] of ['b', 'c'].entries()) {
      renameSync(write('scf.yaml.tmp', `name: ${name}`), file);
      await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(index + 1), once);
    }
  });

  test('a file that is gone for a moment is reported when it is back', async () => {
    const file = write('scf.yaml', 'name: a');
    const { onChange } = watched(file);
    rmSync(file);
    writeFileSync(file, 'name: b');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), once);
  });

  test('a file that has gone for good is reported, and so is its return in a new folder', async () => {
    const folder = join(dir, 'function');
    mkdirSync(folder);
    const file = join(folder, 'scf.yaml');
    writeFileSync(file, 'name: a');
    const { onChange } = watched(file);
    rmSync(folder, { recursive: true });
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), once);
    mkdirSync(folder);
    writeFileSync(file, 'name: b');
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), once);
  });

  test('a folder that does not exist can be watched in vain, and closed twice', () => {
    const { watcher } = watched(join(dir, 'nowhere', 'scf.yaml'));
    watcher.close();
    expect(() => watcher.close()).not.toThrow();
  });
});
