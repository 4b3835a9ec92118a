// Every shape of start file that real projects have, each really run by the process driver until its server is
// reached; and the plan that is made from a start file's text.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessDriver } from '../../src/sandbox/process-driver.ts';
import { planStart, runtimeFoldersIn } from '../../src/sandbox/start-file.ts';
import { create } from './create-process-driver.ts';
import { Observed, writeApp } from './observed.ts';

/** Servers as users write them: they answer with their pid, and print it with what the start file set. */
const files = {
  'app.js': `
const { createServer } = require('http');
const server = createServer((request, response) => response.end(String(process.pid)));
server.listen(process.env.PORT || 9000, '0.0.0.0', () => console.log('listening ' + process.pid));
`,
  'app.py': `
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

server = HTTPServer(("0.0.0.0", int(os.environ.get("PORT", "9000"))), Handler)
print("listening", os.getpid(), flush=True)
server.serve_forever()
`,
  'package.json': JSON.stringify({ name: 'app', private: true, scripts: { start: 'node app.js' } }),
};

interface Shape {
  readonly text: string;
  /** The name of the code folder. */
  readonly folder?: string;
  /** What it prints before the server does; `$CODE` is the code folder. */
  readonly prints?: readonly string[];
}

const bash = (text: string): string => `#!/bin/bash\n${text}\n`;

const shapes: Readonly<Record<string, Shape>> = {
  'an absolute node': { text: bash('/var/lang/node18/bin/node app.js') },
  'an absolute node after export PORT': { text: bash('export PORT=9000\n/var/lang/node12/bin/node app.js') },
  'an absolute npm': { text: bash('/var/lang/node16/bin/npm start --update-notifier=false') },
  'an absolute python3': { text: bash('/var/lang/python3/bin/python3 -u app.py') },
  'an absolute python3.9': { text: bash('/var/lang/python39/bin/python3.9 -u app.py') },
  'an absolute python310': { text: bash('/var/lang/python310/bin/python3.10 app.py') },
  'a bare node': { text: bash('node app.js') },
  'a bare python3': { text: bash('python3 -u app.py') },
  'npm start': { text: bash('npm start --update-notifier=false') },
  'exec node': { text: bash('exec node app.js') },
  'exec of an absolute python': { text: bash('exec /var/lang/python39/bin/python3.9 app.py') },
  'a runtime first on PATH': {
    text: bash('export PATH="/var/lang/node18/bin:$PATH"\ncommand -v node\nnode app.js'),
    prints: ['$LANG/node18/bin/node'],
  },
  'cd /var/user': {
    text: bash('cd /\ncd /var/user || exit 9\npwd\nnode app.js'),
    prints: ['$CODE'],
  },
  'cd /var/user/ with a slash': { text: bash('cd /var/user/ && node /var/user/app.js') },
  'the folder of $0': {
    text: bash(
      'SCRIPT_DIR=$(cd "$(dirname "$0")" && pwd)\ncd /\necho "$SCRIPT_DIR"\nnode "$SCRIPT_DIR/app.js"',
    ),
    prints: ['$CODE'],
  },
  'the folder of BASH_SOURCE, strictly': {
    text: bash(
      'set -euo pipefail\nDIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"\ncd /\necho "$DIR"\nnode "$DIR/app.js"',
    ),
    prints: ['$CODE'],
  },
  'the folder of BASH_SOURCE without an index': {
    text: bash('set -u\ncd "${BASH_SOURCE%/*}"\ncd "$(dirname "$BASH_SOURCE")"\nnode app.js'),
  },
  'main only if it is not sourced': {
    text: bash(
      'main() {\n  exec node app.js\n}\nif [[ "${BASH_SOURCE[0]}" == "${0}" ]]; then\n  main "$@"\nfi',
    ),
  },
  'the first python that is there': {
    text: bash(
      'if [ -f /var/lang/python39/bin/python3.9 ]; then\n  echo cloud\n  PY=/var/lang/python39/bin/python3.9\nelse\n  echo other\n  PY=python3\nfi\n$PY app.py',
    ),
    prints: ['cloud'],
  },
  'a copy of the code, run from there': {
    text: bash(
      'COPY=$(mktemp -d "${TMPDIR:-/tmp}/code-XXXXXX")\ncp -r /var/user/. "$COPY"\ncd "$COPY" && node app.js',
    ),
  },
  '#!/bin/sh': { text: '#!/bin/sh\nexport PORT=9000\n/var/lang/node18/bin/node app.js\n' },
  '#!/usr/bin/env bash and a space': { text: '#!/usr/bin/env bash \n/var/lang/node18/bin/node app.js\n' },
  '#! and a space': { text: '#! /bin/bash\nnode app.js\n' },
  '#!/bin/bash -e': { text: '#!/bin/bash -e\nnode app.js\n' },
  '#!/bin/sh -': { text: '#!/bin/sh -\nnode app.js\n' },
  '#! with the cloud’s node, then JavaScript': {
    text: `#!/var/lang/node12/bin/node\n${files['app.js']}`,
  },
  '#! with node by env, then JavaScript': { text: `#!/usr/bin/env node\n${files['app.js']}` },
  '#! with the cloud’s python, then Python': {
    text: `#!/var/lang/python39/bin/python3.9\n${files['app.py']}`,
  },
  'no final newline': { text: '#!/bin/bash\n/var/lang/node18/bin/node app.js' },
  'NODE_OPTIONS set anew': {
    text: bash('export NODE_OPTIONS="--max-old-space-size=96"\nnode app.js'),
  },
  'NODE_OPTIONS unset, an absolute node': {
    text: bash('unset NODE_OPTIONS\n/var/lang/node18/bin/node app.js'),
  },
  'PYTHONPATH set anew': { text: bash('export PYTHONPATH=/var/user:/opt\npython3 app.py') },
  'PYTHONPATH set anew, an absolute python': {
    text: bash('PYTHONPATH=/var/user/lib /var/lang/python39/bin/python3.9 app.py'),
  },
  'a folder with spaces and quotes': {
    text: bash('cd /var/user && /var/lang/node18/bin/node /var/user/app.js'),
    folder: `it's "my" $code`,
  },
  'a folder with spaces, found by $0': {
    text: bash('set -e\nHERE="$(cd "$(dirname "$0")" && pwd)"\necho "$HERE"\nexec python3 "$HERE/app.py"'),
    folder: 'my code',
    prints: ['$CODE'],
  },
  'bash -e, strictly': { text: '#!/bin/bash -e\nset -euo pipefail\nnode app.js 2>&1 | cat\n' },
  'a server in the background, and wait': {
    text: bash('node app.js &\nSERVER=$!\ntrap "kill $SERVER" TERM\nwait $SERVER'),
  },
  'more text than fits an argument': { text: bash(`${'# notes\n'.repeat(20_000)}node app.js`) },
  'a shell script with an archive behind it': {
    text: bash('node app.js\nexit 0\n\0\x1f\x00 no text'),
  },
};

describe('a start file reaches the function with', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'start-file-'));
  const callersTmpdir = process.env.TMPDIR;
  const warnings: string[] = [];
  let driver: ProcessDriver;
  let run: Observed | null = null;

  beforeAll(() => {
    process.env.TMPDIR = temporary;
    driver = create(message => warnings.push(message));
  });
  afterEach(async () => {
    run?.sandbox.kill();
    await run?.exited();
  });
  afterAll(async () => {
    await driver.close();
    if (callersTmpdir === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = callersTmpdir;
    rmSync(temporary, { recursive: true });
  });

  test.each(Object.keys(shapes))('%s', async name => {
    const { text = '', folder = 'app', prints = [] } = shapes[name] ?? {};
    const codeDir = writeApp(text, { name: folder, files });
    run = new Observed(driver, { codeDir, environment: { NPM_CONFIG_UPDATE_NOTIFIER: 'false' } });
    await Promise.race([run.ready(), run.exited()]);
    expect(run.types, run.lines.join('\n')).toContain('ready');
    expect(await run.ask()).toBe(String(await run.printedNumber('listening')));
    const printed = run.lines.map(line => line.replace(/^.*\/lang(?=\/)/, '$LANG').replace(codeDir, '$CODE'));
    expect(printed.slice(0, prints.length)).toEqual(prints);
  });

  test('a runtime that differs from the cloud’s, warned of once however often it is started', async () => {
    const codeDir = writeApp(bash('/var/lang/node10/bin/node --version; node --version'));
    warnings.length = 0;
    for (let round = 0; round < 2; round++) {
      const both = [new Observed(driver, { codeDir }), new Observed(driver, { codeDir })];
      await Promise.all(both.map(each => each.exited()));
      expect(both[0]?.lines).toEqual([process.version, process.version]);
    }
    expect(warnings).toEqual([
      `The start file asks for node 10 (/var/lang/node10); this machine runs it with ${process.versions.node}`,
    ]);
  });

  test('a runtime that the cloud does not have, warned of once, and then not found as in the cloud', async () => {
    const codeDir = writeApp(bash('/var/lang/node9/bin/node app.js'), { files });
    warnings.length = 0;
    for (let round = 0; round < 2; round++) {
      expect(await new Observed(driver, { codeDir }).exited()).toEqual({ kind: 'exited', code: 127 });
    }
    expect(warnings).toEqual([
      'The start file uses /var/lang/node9, which the platform is not known to have',
    ]);
  });
});

describe('the plan of a start file', () => {
  const folders = { langDir: '/local/lang', userDir: '/home/me/app' };
  const plan = (text: string | Uint8Array, isExecutable = true) => {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    return planStart({ name: 'scf_bootstrap', bytes, isExecutable }, folders);
  };
  const shellText = (text: string): string | undefined => {
    const planned = plan(`#!/bin/bash\n${text}`);
    return planned.kind === 'run' ? planned.args[1]?.slice('#!/bin/bash\n'.length) : undefined;
  };

  test('a shell gets the text, and $0 is the start file', () => {
    expect(plan('#!/bin/bash\nnode app.js\n')).toEqual({
      kind: 'run',
      command: '/bin/bash',
      args: ['-c', '#!/bin/bash\nnode app.js\n', './scf_bootstrap'],
    });
  });

  test.each<[firstLine: string, command: string, args: readonly string[]]>([
    ['#!/bin/sh', '/bin/sh', ['-c']],
    ['#!  /bin/bash', '/bin/bash', ['-c']],
    ['#!/bin/bash -eu', '/bin/bash', ['-eu', '-c']],
    ['#!/bin/sh -', '/bin/sh', ['-c']],
    ['#!/usr/bin/env bash ', '/usr/bin/env', ['bash', '-c']],
    ['#!/usr/bin/env\tdash', '/usr/bin/env', ['dash', '-c']],
    ['#!/usr/bin/env node', '/usr/bin/env', ['node', './scf_bootstrap']],
    ['#!/var/lang/node12/bin/node', '/local/lang/node12/bin/node', ['./scf_bootstrap']],
    // The kernel passes all the rest of the line as one.
    ['#!/usr/bin/perl -w -T', '/usr/bin/perl', ['-w -T', './scf_bootstrap']],
  ])('%j is run as the kernel would', (firstLine, command, args) => {
    const text = `${firstLine}\ntrue\n`;
    const all = args.at(-1) === '-c' ? [...args, text, './scf_bootstrap'] : args;
    expect(plan(text)).toMatchObject({ command, args: all.map(arg => expect.stringContaining(arg.trim())) });
    expect(plan(text)).toMatchObject({ args: { length: all.length } });
  });

  test.each([
    ['/var/lang/node18/bin/node', '/local/lang/node18/bin/node'],
    ['PATH=/var/lang/node18/bin:$PATH', 'PATH=/local/lang/node18/bin:$PATH'],
    ['cd /var/user', 'cd /home/me/app'],
    ['cd /var/user/', 'cd /home/me/app/'],
    ['cd "/var/user";', 'cd "/home/me/app";'],
    ['A=/var/user:/opt', 'A=/home/me/app:/opt'],
    // What only begins alike is something else.
    ['cd /var/users', 'cd /var/users'],
    ['cd /var/user-data', 'cd /var/user-data'],
    ['ls /var/language', 'ls /var/language'],
  ])('%s becomes %s', (cloud, local) => {
    expect(shellText(cloud)).toBe(local);
  });

  test('paths with $& in them are put in as they are', () => {
    const odd = { langDir: '/l', userDir: '/$&/$1' };
    const bytes = Buffer.from('#!/bin/sh\ncd /var/user');
    const planned = planStart({ name: 'scf_bootstrap', bytes, isExecutable: true }, odd);
    expect(planned).toMatchObject({ args: ['-c', '#!/bin/sh\ncd /$&/$1', './scf_bootstrap'] });
  });

  test.each([
    ['${BASH_SOURCE[0]}', '${0}'],
    ['${BASH_SOURCE}', '${0}'],
    ['$BASH_SOURCE', '$0'],
    ['${BASH_SOURCE[0]:-$0}', '${0:-$0}'],
    ['${BASH_SOURCE[0]%/*}', '${0%/*}'],
    ['${BASH_SOURCE[1]}', '${BASH_SOURCE[1]}'],
    ['${#BASH_SOURCE[@]}', '${#BASH_SOURCE[@]}'],
    ['$BASH_SOURCES', '$BASH_SOURCES'],
  ])('%s, which is empty in a text, becomes %s', (inFile, inText) => {
    expect(shellText(`cd ${inFile}`)).toBe(`cd ${inText}`);
  });

  test('an executable is run as it is', () => {
    const elf = Buffer.concat([Buffer.from('7f454c46', 'hex'), Buffer.alloc(60)]);
    expect(plan(elf)).toEqual({ kind: 'run', command: './scf_bootstrap', args: [] });
  });

  test('an archive behind a script leaves the file to its interpreter', () => {
    expect(plan('#!/bin/bash\nexit\n\0')).toEqual({
      kind: 'run',
      command: '/bin/bash',
      args: ['./scf_bootstrap'],
    });
  });

  test.each<[trouble: string, text: string, isExecutable: boolean, advice: RegExp]>([
    ['not executable', '#!/bin/bash\n', false, /chmod 755 scf_bootstrap/],
    ['CRLF', '#!/bin/bash\r\nnode app.js\r\n', true, /CRLF/],
    ['no #!', 'node app.js\n', true, /#!\/bin\/bash/],
    ['a byte order mark', '\uFEFF#!/bin/bash\n', true, /byte order mark/],
    ['an empty file', '', true, /#!\/bin\/bash/],
  ])('%s cannot be run, with advice', (_trouble, text, isExecutable, advice) => {
    expect(plan(text, isExecutable)).toMatchObject({
      kind: 'cannot-run',
      advice: expect.stringMatching(advice),
    });
  });
});

test.each<[text: string, folders: readonly string[]]>([
  ['/var/lang/node18/bin/node app.js', ['node18']],
  ['/var/lang/node18/bin/npm ci && /var/lang/node18/bin/node app.js', ['node18']],
  ['PATH=/var/lang/node18/bin:/var/lang/python3/bin', ['node18', 'python3']],
  ['ls /var/lang', []],
  ['ls /var/language/x', []],
  ['node app.js', []],
])('%j names the runtimes %j', (text, folders) => {
  expect(runtimeFoldersIn(text)).toEqual(folders);
});
