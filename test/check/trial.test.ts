// What only a started instance shows: each thing that fails in the cloud with a program that really does it, in a
// namespace as in the cloud, and what is told of those that do nothing wrong.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { FunctionReport } from '../../src/check/check-function.ts';
import { defaultConfig } from '../../src/config/defaults.ts';
import { missingExecutable, needs } from '../e2e/parts.ts';
import type { CheckedOptions, PackageFiles } from './packages.ts';
import { checked, idsOf, temporaryFolder, writePackage } from './packages.ts';

const NODE = '#!/bin/bash\n/var/lang/node20/bin/node app.js\n';
const SERVER =
  "require('http').createServer((_, answer) => answer.end()).listen(9000, '0.0.0.0', () => console.log('up'));\n";

let temporary: string;
let before: readonly string[];

beforeEach(() => {
  temporary = temporaryFolder();
  vi.stubEnv('TMPDIR', temporary);
  before = mounts();
});
afterEach(() => {
  // Whatever it found: no process, no mount, no file is left of it.
  expect(processesOf(temporary)).toEqual([]);
  expect(mounts()).toEqual(before);
  expect(readdirSync(temporary).filter(name => !name.startsWith('scf-ws-package-'))).toEqual([]);
  vi.unstubAllEnvs();
});

function mounts(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8').split('\n');
}

function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter(name => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(folder);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

function tried(
  startFile: string,
  files: NonNullable<PackageFiles['files']>,
  options: CheckedOptions = {},
): Promise<FunctionReport> {
  return checked(writePackage(startFile, { files }), { sandbox: 'auto', ...options });
}

const node = (app: string, options?: CheckedOptions): Promise<FunctionReport> =>
  tried(NODE, { 'app.js': app }, options);

describe('a function that does all well', () => {
  test('is told with where it listens, its memory and its end, and nothing is found', async () => {
    const { findings, observations } = await node(SERVER);
    expect(findings).toEqual([]);
    const { start, notStarted, notes } = observations;
    expect(notStarted).toBeNull();
    expect(start).toMatchObject({ sandbox: 'namespace', exit: null, written: [] });
    expect(start?.listening).toEqual([{ address: '0.0.0.0', port: 9000, afterMs: expect.any(Number) }]);
    expect(start?.readyAfterMs).toBeGreaterThanOrEqual(start?.listening[0]?.afterMs ?? Infinity);
    expect(start?.memoryBytes).toBeGreaterThan(10 * 1024 ** 2);
    expect(start?.termination).toEqual({ afterMs: expect.any(Number), isKilled: false });
    expect(notes.filter(note => !note.includes('this machine runs it with'))).toEqual([]);
  });

  test('so is one that is no Node and no Python', async context => {
    needs(missingExecutable('/usr/bin/gcc', 'gcc libc6-dev'), context);
    const source = `
#include <netinet/in.h>
#include <unistd.h>
int main() {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9000) };
  bind(s, (void *)&a, sizeof a);
  listen(s, 9);
  for (;;) close(accept(s, 0, 0));
}`;
    const codeDir = writePackage('#!/bin/bash\nexec ./server\n', { files: { 'server.c': source } });
    execFileSync('gcc', ['-static', '-o', join(codeDir, 'server'), join(codeDir, 'server.c')]);
    const { findings, observations } = await checked(codeDir, { sandbox: 'auto' });
    expect(findings).toEqual([]);
    expect(observations.start?.listening).toMatchObject([{ address: '0.0.0.0', port: 9000 }]);
  });

  test('ignoring SIGTERM is told, and is no finding', async () => {
    const { assume } = defaultConfig({ dir: '.' });
    const { findings, observations } = await node(`process.on('SIGTERM', () => {});\n${SERVER}`, {
      config: { assume: { ...assume, terminateGraceMs: 100 } },
    });
    expect(findings).toEqual([]);
    expect(observations.start?.termination).toMatchObject({ isKilled: true });
  });

  test('no connection of the check keeps it from ending', async () => {
    const { observations } = await node(`
const server = require('net').createServer().listen(9000);
process.on('SIGTERM', () => server.close(() => process.exit()));`);
    expect(observations.start?.termination).toMatchObject({ isKilled: false });
  });

  test('writing to /tmp is fine', async () => {
    const { findings } = await node(`require('fs').writeFileSync('/tmp/x', '1');\n${SERVER}`);
    expect(findings).toEqual([]);
  });

  test('another start file’s guess of a port counts less than what it does', async () => {
    const { findings } = await tried('#!/bin/bash\nexport PORT=3000\nnode app.js\n', { 'app.js': SERVER });
    expect(findings).toEqual([]);
  });
});

describe('where it listens', () => {
  test.each(['127.0.0.1', '::1'])('%s is out of the platform’s reach', async address => {
    const { findings, observations } = await node(SERVER.replace('0.0.0.0', address));
    expect(findings).toMatchObject([
      {
        id: 'port-not-bound',
        level: 'error',
        statusCode: 446,
        message: `The function listens on ${address}:9000, which the platform cannot reach`,
        remedy: 'Listen on 0.0.0.0:9000',
      },
    ]);
    expect(observations.start).toMatchObject({ readyAfterMs: null, listening: [{ address, port: 9000 }] });
  });

  test('another port is told with the line that says so', async () => {
    const app = SERVER.replace('9000', 'process.env.PORT');
    const { findings } = await tried('#!/bin/bash\nexport PORT=3000\n\nnode app.js\n', { 'app.js': app });
    expect(findings).toMatchObject([
      {
        id: 'port-not-bound',
        file: 'scf_bootstrap',
        line: 4,
        statusCode: 446,
        message: 'The function listens on port 3000, and not on 9000',
      },
    ]);
  });

  test('another port first, and then the right one, is fine', async () => {
    const { findings } = await node(`require('net').createServer().listen(9100, () => {\n${SERVER}});`);
    expect(findings).toEqual([]);
  });

  test('nowhere within the init timeout', async () => {
    const { findings } = await node('setInterval(() => {}, 1000);', { config: { initTimeoutMs: 300 } });
    expect(findings).toMatchObject([
      {
        id: 'port-not-bound',
        statusCode: 446,
        message: 'Nothing listened on 0.0.0.0:9000 within the init timeout of 300 ms',
      },
    ]);
  });
});

describe('how it ends before it listens', () => {
  test('with an error, which is quoted', async () => {
    const { findings } = await node("throw new RangeError('no such stage');");
    expect(findings).toMatchObject([{ id: 'start-failed', level: 'error', statusCode: 443 }]);
    expect(findings[0]?.message).toBe(
      'The function ended (code 1) before it listened on port 9000; it said "RangeError: no such stage"',
    );
  });

  test('by handing over to what it leaves behind', async () => {
    const { findings } = await tried('#!/bin/bash\nnode app.js &\nexit 0\n', { 'app.js': SERVER });
    expect(findings).toMatchObject([{ id: 'start-failed', remedy: 'Start the server in the foreground' }]);
  });

  test('as an event function does', async () => {
    const { findings } = await tried(
      '#!/usr/bin/env python3\ndef main_handler(event, context):\n  pass\n',
      {},
    );
    expect(findings).toMatchObject([{ id: 'start-failed' }]);
    expect(findings[0]?.remedy).toContain('main_handler belongs to event functions');
  });

  test('what its text has shown already is not told twice', async () => {
    const report = await tried('#!/bin/bash\nnode index.js\n', { 'app.js': SERVER });
    expect(idsOf(report)).toEqual(['error program-missing:2']);
    expect(report.observations.start).toMatchObject({ exit: 'code 1', listening: [] });
  });

  test('for want of something else on its own machine', async () => {
    const { findings } = await node("require('net').connect(6379, '127.0.0.1');");
    expect(findings).toMatchObject([{ id: 'start-failed', level: 'error' }]);
    expect(findings[0]?.why).toContain('nothing else runs beside it');
  });

  test('for want of the network, which this machine has', async () => {
    const server = createServer().listen(0, '0.0.0.0');
    onTestFinished(() => {
      server.close();
    });
    await new Promise(resolve => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    // An address of this machine that is no loopback; without one there is nothing to reach.
    const [host] = execFileSync('hostname', ['-I'], { encoding: 'utf8' }).split(' ');
    if (!host || host === '\n') return;
    const { findings, observations } = await node(
      `require('net').connect(${port}, '${host}', () => {\n${SERVER}});`,
    );
    expect(findings).toEqual([]);
    expect(observations.start).toMatchObject({ sandbox: 'process' });
    expect(observations.notes).toContain(
      'It does not start without a network, so it was tried with the one of this machine',
    );
  });

  test('for want of a network that nobody has here', async () => {
    const { findings } = await node("require('net').connect(6379, 'redis.invalid');");
    expect(findings).toMatchObject([{ id: 'start-failed', level: 'warning' }]);
    expect(findings[0]?.why).toContain('may or may not be there in the cloud');
  });
});

describe('a module', () => {
  const wantsHello = `require('hello');\n${SERVER}`;

  test('of a folder above is named with where it is, and the rest is seen all the same', async () => {
    const codeDir = writePackage(NODE, { files: { 'app.js': wantsHello.replace('0.0.0.0', '127.0.0.1') } });
    const module = join(codeDir, '../node_modules/hello');
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, 'index.js'), '');
    const report = await checked(codeDir, { sandbox: 'auto' });
    expect(idsOf(report)).toEqual(['error module-outside', 'error port-not-bound']);
    expect(report.findings[0]?.message).toContain(module);
    expect(report.findings[0]?.remedy).toContain('npm install hello');
  });

  test('of an ES module likewise', async () => {
    const codeDir = writePackage('#!/bin/bash\nnode app.mjs\n', {
      files: {
        'app.mjs': "import 'hello';\nimport { createServer } from 'net';\ncreateServer().listen(9000);",
      },
    });
    const module = join(codeDir, '../node_modules/hello');
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, 'index.js'), '');
    const report = await checked(codeDir, { sandbox: 'auto' });
    expect(idsOf(report)).toEqual(['error module-outside']);
    expect(report.observations.start?.readyAfterMs).not.toBeNull();
  });

  test('that is nowhere, but listed', async () => {
    const { findings } = await tried(NODE, {
      'app.js': wantsHello,
      'package.json': '{"dependencies":{"hello":"1"}}',
    });
    expect(findings).toMatchObject([
      { id: 'module-missing', statusCode: 443, remedy: 'Install what it needs: npm install' },
    ]);
  });

  test('that is a link out of the package', async () => {
    const { findings } = await tried(NODE, {
      'app.js': wantsHello,
      'node_modules/hello': { link: '../../elsewhere/hello' },
    });
    expect(findings).toMatchObject([{ id: 'link-outside' }]);
    expect(findings[0]?.message).toContain('/elsewhere/hello');
  });

  test('a file of its own that is not in the package', async () => {
    const { findings } = await node(`require('./lib/secret');\n${SERVER}`);
    expect(findings).toMatchObject([{ id: 'module-missing' }]);
    expect(findings[0]?.message).toBe('It asks for the file ./lib/secret, which is not in the package');
  });

  test('of Python that this machine has for all users', async () => {
    const python = '#!/bin/bash\n/var/lang/python310/bin/python3 app.py\n';
    const { findings } = await tried(python, { 'app.py': 'import pip' });
    expect(findings).toMatchObject([{ id: 'module-outside', statusCode: 443 }]);
    expect(findings[0]?.message).toMatch(/the module pip, which this machine has .*\/pip$/);
    expect(findings[0]?.remedy).toContain('python3 -m pip install pip -t .');
  });

  test('of Python in the package is found there', async () => {
    const server = 'import hello, socket, time\ns = socket.create_server(("0.0.0.0", 9000))\ntime.sleep(60)';
    const { findings } = await tried('#!/bin/bash\npython3 app.py\n', {
      'app.py': server,
      'hello/__init__.py': '',
    });
    expect(findings).toEqual([]);
  });

  test('of Python that is nowhere', async () => {
    const { findings } = await tried('#!/bin/bash\npython3 app.py\n', {
      'app.py': 'import no_such_module_anywhere',
      'requirements.txt': 'no_such_module_anywhere==1',
    });
    expect(findings).toMatchObject([
      {
        id: 'module-missing',
        remedy: 'Install what it needs: python3 -m pip install -r requirements.txt -t .',
      },
    ]);
  });
});

describe('writing outside of /tmp', () => {
  test('ends it: told with the paths, and the rest is seen where it may write', async () => {
    const app = `require('fs').mkdirSync('logs');\nrequire('fs').writeFileSync('logs/a', '');\n${SERVER}`;
    const report = await node(app);
    expect(report.findings).toMatchObject([
      {
        id: 'writes-outside-tmp',
        level: 'error',
        statusCode: 443,
        message: 'It writes outside of /tmp: logs, logs/a',
      },
    ]);
    expect(report.observations.start?.readyAfterMs).not.toBeNull();
  });

  test('that it survives is a warning: in the package, at home, in the log', async () => {
    const files = { 'app.js': '', 'data.json': '{}', 'kept.txt': 'as it is' };
    const app = `
for (const path of ['data.json', 'new/deep.txt', process.env.HOME + '/.rc', '/var/log/app.log']) {
  try {
    require('fs').mkdirSync(require('path').dirname(path), { recursive: true });
    require('fs').writeFileSync(path, String(Math.random()));
  } catch {}
}
${SERVER}`;
    const codeDir = writePackage(NODE, { files: { ...files, 'app.js': app } });
    const report = await checked(codeDir, { sandbox: 'auto' });
    expect(idsOf(report)).toEqual(['warning writes-outside-tmp']);
    expect(report.observations.start?.written).toEqual([
      '/home/qcloud/.rc',
      '/var/log/app.log',
      'data.json',
      'new/deep.txt',
    ]);
    expect(readFileSync(join(codeDir, 'data.json'), 'utf8')).toBe('{}');
    expect(readdirSync(codeDir).sort()).toEqual(['app.js', 'data.json', 'kept.txt', 'scf_bootstrap']);
  });

  test('of which the program does not say that it was that', async () => {
    const app = `try { require('fs').writeFileSync('a', ''); } catch { throw new Error('no database'); }\n${SERVER}`;
    const { findings, observations } = await node(app);
    expect(findings).toMatchObject([
      { id: 'writes-outside-tmp', level: 'error', message: 'It writes outside of /tmp: a' },
    ]);
    expect(observations.notes).toContain('The rest was seen where it may write');
  });

  test('what npm writes of its own is not the function’s', async () => {
    const { findings } = await tried('#!/bin/bash\nnpm start\n', {
      'app.js': SERVER,
      'package.json': '{"scripts":{"start":"node app.js"}}',
    });
    expect(findings).toEqual([]);
  });
});

describe('memory at rest', () => {
  const using = (megabytes: number): string =>
    `globalThis.kept = Buffer.alloc(${megabytes} * 1024 ** 2, 1);\n${SERVER}`;

  test.each([
    ['more than memorySize', 200, 'error'],
    ['nearly all of it', 80, 'warning'],
  ])('%s', async (_what, megabytes, level) => {
    const { findings } = await node(using(megabytes));
    expect(findings).toMatchObject([{ id: 'memory-exceeded', level, statusCode: 434 }]);
    expect(findings[0]?.message).toMatch(
      /^At rest it uses \d+ MB of its 128 MB$|^At rest it uses [\d.]+ MB of its 128 MB$/,
    );
  });
});

describe('where it cannot be tried', () => {
  test('a runtime that this machine does not have is no finding', async () => {
    const path = process.env.PATH?.split(':').filter(folder => !/pyenv/.test(folder)) ?? [];
    const report = await tried(
      '#!/bin/bash\n/var/lang/go1/bin/go run .\n',
      {},
      {
        callerEnvironment: { ...process.env, PATH: path.filter(folder => !folder.includes('go')).join(':') },
      },
    );
    expect(report.findings).toEqual([]);
    expect(report.observations.notStarted?.cause).toContain('this machine has no go');
  });

  test('without namespaces, what is no Node and no Python', async () => {
    const namespaces = Promise.resolve({ isAble: false, cause: 'it is too old', remedy: 'Buy one' } as const);
    const report = await tried('#!/bin/bash\nphp -S 0.0.0.0:9000\n', {}, { namespaces });
    expect(report.findings).toEqual([]);
    expect(report.observations.notStarted).toMatchObject({ remedy: 'Buy one' });
    expect(report.observations.notStarted?.cause).toMatch(/neither Node nor Python.*it is too old$/);
  });

  test('without namespaces, Node is tried among processes', async () => {
    const namespaces = Promise.resolve({ isAble: false, cause: 'it is too old', remedy: 'Buy one' } as const);
    const report = await tried(NODE, { 'app.js': SERVER.replace('0.0.0.0', '127.0.0.1') }, { namespaces });
    expect(idsOf(report)).toEqual(['error port-not-bound']);
    expect(report.observations.start).toMatchObject({
      sandbox: 'process',
      listening: [{ address: '127.0.0.1', port: 9000 }],
      written: null,
    });
  });

  test('and there, modules of folders above are within reach: what package.json lists of them is told', async () => {
    const codeDir = writePackage(NODE, {
      files: {
        'app.js': `require('hello');\n${SERVER}`,
        'package.json': '{"dependencies":{"hello":"1","x":"1"}}',
      },
    });
    const module = join(codeDir, '../node_modules/hello');
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, 'index.js'), '');
    const report = await checked(codeDir, { sandbox: 'process' });
    expect(idsOf(report)).toEqual(['warning module-outside']);
    expect(report.findings[0]?.message).toContain(
      `It lists hello, which this machine has outside of the code folder: ${module}`,
    );
  });
});

test('an end of the check ends the instance at once', async () => {
  const ending = new AbortController();
  const checking = node('setInterval(() => {}, 1000);', { signal: ending.signal });
  setTimeout(() => ending.abort(), 100);
  const { observations } = await checking;
  expect(observations.start?.readyAfterMs ?? null).toBeNull();
});
