// `scf-ws check` as a user runs it: exit codes, what stands on stdout, --fix, Ctrl-C, and nothing left behind.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ended } from './harness.ts';
import { NODE_START_FILE, temporaryFolder, writeFunction } from './harness.ts';
import { until } from './until.ts';

const program = fileURLToPath(new URL('../../bin/scf-ws.js', import.meta.url));

const SERVER = "require('http').createServer((_, answer) => answer.end()).listen(9000, '0.0.0.0');\n";

let folder: string;
let temporary: string;
let dir: string;

beforeEach(() => {
  folder = temporaryFolder();
  temporary = join(folder, 'tmp');
  dir = join(folder, 'my-function');
  mkdirSync(temporary);
});
afterEach(() => {
  expect(readdirSync(temporary)).toEqual([]);
  expect(survivors()).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

/**
 * The command lines of what runs by or for this run: it has its folder in its environment, or, if it is
 * bubblewrap's, in its arguments.
 */
function survivors(): readonly string[] {
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      return `${command}${environment}`.includes(temporary) ? [command] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function start(...args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [program, 'check', ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>(resolve => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return { child, ended };
}

function check(...args: readonly string[]): Promise<Ended> {
  return start(...args).ended;
}

/** What is measured differs from run to run; what this machine is, from machine to machine. */
function steady(text: string): string {
  return text
    .replace(/\nThis machine [\s\S]*$/, '')
    .replace(/\n {2}note .*runs it with.*/g, '')
    .replace(/after [\d.]+ m?s/g, 'after … ms')
    .replace(/ends [\d.]+ m?s/, 'ends … ms')
    .replace(/\d+ of (\d+) MB/, '… of $1 MB');
}

describe('exit code 0', () => {
  test('for a function with nothing wrong, and what was seen of it', async () => {
    writeFunction(dir, { app: SERVER });
    const { exitCode, stdout, stderr } = await check('my-function');
    expect(stderr).toBe('');
    expect(steady(stdout)).toBe(`my-function  my-function

  listens  0.0.0.0:9000 after … ms
  memory   … of 128 MB at rest
  end      ends … ms after SIGTERM
  sandbox  namespace: the package read-only at /var/user, only /tmp to write, a network of its own
  package  128 B in 2 files

Found nothing that would fail in the cloud
`);
    expect(stdout).toMatch(
      /\nThis machine \(linux \w+\)\n {2}sandboxes {5}process, namespace \(bubblewrap [\d.]+\)\n {2}interpreters {2}node [\d.]+, /,
    );
    expect(exitCode).toBe(0);
  });

  test('with --no-start, when the files alone show nothing', async () => {
    writeFunction(dir, { app: 'throw new Error();' });
    const { exitCode, stdout } = await check('my-function', '--no-start');
    expect(stdout).toContain('start    not tried: --no-start was given');
    expect(stdout).toContain(
      'Found nothing in the files that would fail in the cloud; the start was not tried',
    );
    expect(exitCode).toBe(0);
  });
});

describe('exit code 1', () => {
  test('for what is wrong: what, where, why with which status, and how to mend it', async () => {
    writeFunction(dir, { app: SERVER, startFile: '#!/bin/bash\r\nnode server.js\r\n', mode: 0o644 });
    const { exitCode, stdout } = await check('my-function');
    expect(steady(stdout)).toBe(`my-function  my-function

  error    scf_bootstrap  It is not executable (mode 644)
      443  The platform answers "fork/exec /var/user/scf_bootstrap: permission denied"
     mend  chmod 755 scf_bootstrap (or --fix)

  error    scf_bootstrap:1  It has 2 lines that end with CRLF
      443  The platform answers "[./scf_bootstrap] no such file or directory"
     mend  Save it with LF: sed -i 's/\\r$//' scf_bootstrap (or --fix)

  error    scf_bootstrap:2  It starts server.js, which is not in the package
      443  The start file ends before anything listens
     mend  Correct its name: app.js is there

  start    not tried: the start file cannot be run
  package  112 B in 2 files
  note     node comes from the PATH, and which version the platform has there is not published: /var/lang/node20/bin/node would say it

3 errors
`);
    expect(exitCode).toBe(1);
  });

  test('for a config with problems, each at its place, and its function all the same', async () => {
    writeFunction(dir, { app: SERVER.replace('9000', '3000') });
    writeFileSync(join(dir, 'scf.yaml'), 'memorySize: 100\nenvironment:\n  SCF_STAGE: test\n');
    const { exitCode, stdout } = await check('my-function');
    expect(stdout).toMatch(/^ {2}error {4}my-function\/scf\.yaml:1:\d+ {2}memorySize must be/);
    expect(stdout).toMatch(
      /^ {2}error {4}my-function\/scf\.yaml:3:\d+ {2}environment\.SCF_STAGE begins with SCF_/m,
    );
    expect(stdout).toContain('The function listens on port 3000, and not on 9000');
    expect(exitCode).toBe(1);
  });

  test('for a config without a start file, and for one under another name', async () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'scf.yaml'), 'name: f\n');
    expect(await check('my-function')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('There is no start file scf_bootstrap'),
    });
    rmSync(join(dir, 'scf.yaml'));
    writeFileSync(join(dir, 'scf_bootstrap.sh'), NODE_START_FILE);
    expect(await check('my-function')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('mv scf_bootstrap.sh scf_bootstrap'),
    });
  });

  test('for a config whose src is nowhere, and what is not a config at all', async () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'scf.yaml'), 'name: f\nsrc: nowhere\n');
    const { exitCode, stdout } = await check('my-function');
    expect(stdout.match(/^ {2}error .*$/gm)).toEqual([
      expect.stringMatching(/scf\.yaml:2:\d+ {2}src of f must be a folder: .* does not exist$/),
    ]);
    expect(exitCode).toBe(1);
    writeFileSync(join(dir, 'scf.yaml'), 'name: [\n');
    expect(await check('my-function')).toMatchObject({ exitCode: 1, stderr: '' });
  });

  test('for a warning alone', async () => {
    writeFunction(dir, { app: `try { require('fs').writeFileSync('x', ''); } catch {}\n${SERVER}` });
    const { exitCode, stdout } = await check('my-function');
    expect(stdout).toMatch(/\n1 warning\n/);
    expect(exitCode).toBe(1);
  });

  test('with several functions in a config, if one has it', async () => {
    writeFunction(join(folder, 'a'), { app: SERVER });
    writeFunction(join(folder, 'b'), { app: SERVER.replace('0.0.0.0', '127.0.0.1') });
    writeFileSync(join(folder, 'scf.yaml'), 'functions:\n  first: { src: a }\n  second: { src: b }\n');
    const { exitCode, stdout } = await check('--format', 'json');
    const report = JSON.parse(stdout) as { functions: { name: string; findings: unknown[] }[] };
    expect(report.functions.map(({ name, findings }) => [name, findings.length])).toEqual([
      ['first', 0],
      ['second', 1],
    ]);
    expect(exitCode).toBe(1);
  });
});

describe('exit code 2, with one message on stderr', () => {
  test.each([
    ['a folder that does not exist', ['nowhere'], 'there is no such folder'],
    ['a folder without a function', ['.'], 'neither scf.yaml nor scf_bootstrap is there'],
    ['a config file that does not exist', ['-c', 'other.yaml'], 'other.yaml'],
    ['a format that there is not', ['--format', 'xml'], '--format'],
    ['a time that is none', ['--init-timeout', 'soon'], '--init-timeout'],
  ])('%s', async (_what, args, said) => {
    const { exitCode, stdout, stderr } = await check(...args);
    expect(stderr).toContain(said);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

test('--fix mends what is safe, checks again and says so; then there is nothing to mend', async () => {
  writeFunction(dir, { app: SERVER, startFile: '#!/bin/bash\r\nnode app.js\r\n', mode: 0o644 });
  const first = await check('my-function', '--fix');
  expect(first.stdout).toContain(
    'mended   scf_bootstrap: mode 644 → 755\n  mended   scf_bootstrap: CRLF → LF\n',
  );
  expect(first.stdout).toContain('listens  0.0.0.0:9000');
  expect(first.exitCode).toBe(0);
  expect(readFileSync(join(dir, 'scf_bootstrap'), 'utf8')).toBe('#!/bin/bash\nnode app.js\n');
  expect(statSync(join(dir, 'scf_bootstrap')).mode & 0o777).toBe(0o755);
  const second = await check('my-function', '--fix');
  expect(second.stdout).not.toContain('mended');
  expect(second.exitCode).toBe(0);
});

test('--format json has the keys that the README names', async () => {
  writeFunction(dir, { app: SERVER, startFile: '#!/bin/bash\nexec /var/lang/node22/bin/node app.js\n' });
  const { exitCode, stdout, stderr } = await check('my-function', '--format', 'json');
  expect(stderr).toBe('');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    errors: 1,
    warnings: 0,
    config: [],
    functions: [
      {
        name: 'my-function',
        codeDir: dir,
        findings: [
          {
            id: 'unknown-runtime',
            level: 'error',
            file: 'scf_bootstrap',
            line: 2,
            column: null,
            message: expect.any(String),
            why: expect.any(String),
            statusCode: 443,
            remedy: expect.any(String),
            fixable: false,
          },
        ],
        fixed: [],
        observations: {
          packageBytes: expect.any(Number),
          packageFiles: 2,
          memoryMB: 128,
          start: {
            sandbox: 'namespace',
            readyAfterMs: null,
            listening: [],
            exit: 'code 127',
            said: expect.stringContaining('No such file or directory'),
            sigterm: null,
            written: [],
          },
          notStarted: null,
          notes: [],
        },
      },
    ],
    machine: {
      system: expect.stringMatching(/^linux /),
      sandboxes: { process: { able: true }, namespace: { able: true, bubblewrap: expect.any(String) } },
      interpreters: expect.arrayContaining([
        { language: 'node', path: expect.any(String), version: expect.any(String) },
      ]),
    },
  });
});

test('--sandbox process tries it among the processes of this machine', async () => {
  writeFunction(dir, { app: SERVER });
  const { exitCode, stdout } = await check('my-function', '--sandbox', 'process');
  expect(stdout).toContain('sandbox  process: your files and network');
  expect(stdout).toContain('listens  0.0.0.0:9000');
  expect(exitCode).toBe(0);
});

test('--init-timeout bounds the wait', async () => {
  writeFunction(dir, { app: 'setInterval(() => {}, 1000);' });
  const { exitCode, stdout } = await check('my-function', '--init-timeout', '400ms');
  expect(stdout).toContain('Nothing listened on 0.0.0.0:9000 within the init timeout of 400 ms');
  expect(exitCode).toBe(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it and its instance with exit code %i', async (signal, code) => {
  const up = join(folder, 'up');
  writeFunction(dir, { app: `require('fs').writeFileSync('${up}', '');\nsetInterval(() => {}, 1000);` });
  // Among processes it can write where this test sees it.
  const { child, ended } = start('my-function', '--sandbox', 'process');
  await until('the instance', () => readdirSync(folder).includes('up'));
  child.kill(signal);
  const { exitCode, stdout } = await ended;
  expect(exitCode).toBe(code);
  expect(stdout).toBe('');
});

test('so does it while instances in namespaces run, and a copy of the package exists', async () => {
  writeFunction(dir, { app: 'setInterval(() => {}, 1000);' });
  const { child, ended } = start('my-function');
  await until('the copy', () => readdirSync(temporary).some(name => name.startsWith('scf-ws-check-')));
  child.kill('SIGINT');
  expect((await ended).exitCode).toBe(130);
});

test('kill -9 leaves nothing either', async () => {
  writeFunction(dir, { app: 'setInterval(() => {}, 1000);' });
  const { child, ended } = start('my-function');
  await until('the instance', () => survivors().some(command => command.includes('--unshare-net')));
  child.kill('SIGKILL');
  await ended;
  await until('the files to be gone', () => readdirSync(temporary).length === 0);
  await until('the processes to be gone', () => survivors().length === 0);
});
