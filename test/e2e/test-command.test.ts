// `scf-ws test` where no scenario gets to run: what it refuses, what it says of broken files, where reports go, and --watch.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ProgramEnd } from './program.ts';
import { Program } from './program.ts';

const BROKEN = 'scenarios: [\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scf-ws-e2e-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function scfWsTest(...args: readonly string[]): Promise<ProgramEnd> {
  return Program.run(['test', ...args], { cwd: folder });
}

describe('ends with exit code 2 and one message on stderr', () => {
  async function failure(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await scfWsTest(...args);
    expect(exitCode, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stderr.match(/^(scf-ws|error):/gm), stderr).toHaveLength(1);
    return stderr;
  }

  test('where there is no scenario', async () => {
    expect(await failure()).toContain('Cannot find a scenario in .');
  });

  test('for a path that does not exist', async () => {
    write('a.scenario.yaml', BROKEN);
    expect(await failure('.', 'none')).toContain('Cannot open none: there is no such file or folder');
  });

  test.each([
    ['--reporter', 'xml'],
    ['--filter', '/(/'],
    ['--shard', '3/2'],
    ['--parallel', '0'],
    ['--timeout', 'soon'],
    ['--set', 'novalue'],
    ['--set', '1a=b'],
    ['--sandbox', 'docker'],
    ['--no-such-flag', ''],
    ['--output', 'a.xml'],
  ])('%s %s', async (...args) => {
    write('a.scenario.yaml', BROKEN);
    expect(await failure(...args.filter(arg => arg !== ''))).toContain(args[0]);
  });

  test('two reporters for standard output', async () => {
    write('a.scenario.yaml', BROKEN);
    const stderr = await failure('--reporter', 'junit', '--reporter', 'json');
    expect(stderr).toContain('--reporter junit:FILE');
  });

  test('a report that cannot be written, before anything runs', async () => {
    write('a.scenario.yaml', BROKEN);
    expect(await failure('--reporter', 'junit:a.scenario.yaml/report.xml')).toContain(
      'Cannot write the report a.scenario.yaml/report.xml',
    );
  });
});

describe('a scenario file that cannot be used', () => {
  test('is told with its place, and ends with exit code 2', async () => {
    write('tests/a.scenario.yaml', BROKEN);
    write('tests/b/c.scenario.yml', BROKEN);
    const { exitCode, stdout, stderr } = await scfWsTest('tests');
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^! tests\/a\.scenario\.yaml:\d+:\d+ /m);
    expect(stdout).toMatch(/^! tests\/b\/c\.scenario\.yml:\d+:\d+ /m);
    expect(stdout).toMatch(/^0 passed, \d+ problems in /m);
    expect(stderr).toBe('');
  });

  test('stands in every report, each where the command line wants it', async () => {
    write('a.scenario.yaml', BROKEN);
    const reporters = ['text', 'github', 'junit', 'json', 'text:a.log'].flatMap(each => ['--reporter', each]);
    const outputs = ['reports/deep/junit.xml', '-'].flatMap(each => ['--output', each]);
    const { exitCode, stdout, stderr } = await scfWsTest(...reporters, ...outputs);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      totals: { passed: 0, failed: 0, skipped: 0 },
      problems: [{ file: 'a.scenario.yaml' }],
      scenarios: [],
    });
    expect(stderr).toMatch(/^! a\.scenario\.yaml:/m);
    expect(stderr).toMatch(/^::error file=a\.scenario\.yaml,line=\d+,col=\d+,title=/m);
    expect(readFileSync(join(folder, 'reports/deep/junit.xml'), 'utf8')).toMatch(/<error type="problem"/);
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toMatch(/^! a\.scenario\.yaml:/m);
  });

  test('is at least counted on stderr, if reports go to files alone', async () => {
    write('a.scenario.yaml', BROKEN);
    write('junit.xml', 'an old report, and a long one '.repeat(1000));
    const { stdout, stderr } = await scfWsTest('--reporter', 'junit', '--output', 'junit.xml');
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^0 passed, \d+ problems? in /);
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toMatch(/^<\?xml[\s\S]*<\/testsuites>\n$/);
  });
});

describe('--watch', () => {
  test('runs again when a scenario has changed or is new, and ends with Ctrl-C', async () => {
    write('a.scenario.yaml', BROKEN);
    const program = new Program(['test', '--watch'], { cwd: folder });
    onTestFinished(() => program.dispose());
    await program.says('Waiting for a change');
    expect(program.stdout.match(/^0 passed, /gm)).toHaveLength(1);
    expect(program.stdout).not.toContain('b.scenario.yaml');

    write('b.scenario.yaml', BROKEN);
    await program.says('Changed: b.scenario.yaml');
    await program.says('Waiting for a change', 2);
    expect(program.stdout.match(/^0 passed, /gm)).toHaveLength(2);
    expect(program.stdout).toMatch(/^! b\.scenario\.yaml:/m);

    rmSync(join(folder, 'b.scenario.yaml'));
    rmSync(join(folder, 'a.scenario.yaml'));
    await program.says('Cannot find a scenario in .');
    await program.says('Waiting for a change', 3);

    write('a.scenario.yaml', BROKEN);
    await program.says('Waiting for a change', 4);
    program.signal('SIGINT');
    expect((await program.ended()).exitCode).toBe(130);
  });

  test('runs again when a config or a function changes, wherever its folder is', async () => {
    write('project/tests/a.scenario.yaml', BROKEN);
    write('project/scf.yaml', 'src: ../function\n');
    write('function/scf_bootstrap', '');
    write('other/scf_bootstrap', '');
    const cwd = join(folder, 'project');
    const program = new Program(['test', '--watch', 'tests'], { cwd });
    onTestFinished(() => program.dispose());
    await program.says('Waiting for a change');
    write('function/lib/app.js', 'new');
    await program.says('Changed: ../function/lib');
    await program.says('Waiting for a change', 2);
    write('project/scf.yaml', 'src: ../other\n');
    await program.says('Changed: scf.yaml');
    await program.says('Waiting for a change', 3);
    write('other/app.js', 'new');
    await program.says('Changed: ../other');
    program.signal('SIGTERM');
    expect((await program.ended()).exitCode).toBe(143);
  });

  test('does not begin where there is nothing to run', async () => {
    expect((await scfWsTest('--watch')).exitCode).toBe(2);
  });
});
