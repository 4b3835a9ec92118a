// Every shape of start file that real projects have, and what their text and the files beside them show before
// anything is started.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's.
import { describe, expect, test } from 'vitest';
import type { Content, PackageFiles } from './packages.ts';
import { checked, elf, idsOf, writePackage } from './packages.ts';

interface Shape extends PackageFiles {
  readonly text: Content;
  readonly finds?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const app = { 'app.js': '' };
const py = { 'app.py': '' };
const manifest = {
  'package.json': '{"scripts":{"start":"node app.js","serve":"node app.js"}}',
  'app.js': '',
};
const X86_64 = 62;
const ARM64 = 183;

const sh = (...lines: string[]): string => ['#!/bin/bash', ...lines, ''].join('\n');

const SHAPES: Readonly<Record<string, Shape>> = {
  // Sound ones: nothing may be found.
  'an absolute node': { text: sh('/var/lang/node18/bin/node app.js'), files: app },
  'an absolute node, PORT exported': {
    text: sh('export PORT=9000', '/var/lang/node12/bin/node app.js'),
    files: app,
  },
  'PORT before the command': { text: sh('PORT=9000 exec /var/lang/node20/bin/node ./app.js'), files: app },
  'a bare node': { text: sh('node app.js'), files: app },
  'a bare python3': { text: sh('python3 -u app.py'), files: py },
  'python3.9 with options': { text: sh('/var/lang/python39/bin/python3.9 -u -W ignore app.py'), files: py },
  'npm start': { text: sh('npm start'), files: manifest },
  'npm run of another script': { text: sh('/var/lang/node16/bin/npm run serve'), files: manifest },
  'npm start without a script but with server.js': {
    text: sh('npm start'),
    files: { 'package.json': '{}', 'server.js': '' },
  },
  'npx of what is installed': {
    text: sh('npx next start -p 9000'),
    files: { 'node_modules/.bin/next': '' },
  },
  'exec, strictly': { text: sh('set -euo pipefail', 'exec /var/lang/node20/bin/node app.js'), files: app },
  'cd /var/user': { text: sh('cd /var/user || exit 1', 'node app.js'), files: app },
  'cd to the folder of $0': { text: sh('cd "$(dirname "$0")"', 'node app.js'), files: app },
  'a folder below': { text: sh('cd server && node app.js'), files: { 'server/app.js': '' } },
  'SCRIPT_DIR by $0': {
    text: sh('SCRIPT_DIR=$(cd "$(dirname "$0")" && pwd)', 'cd /', 'node "$SCRIPT_DIR/app.js"'),
    files: app,
  },
  'DIR by BASH_SOURCE': {
    text: sh('DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"', 'exec node "$DIR/app.js"'),
    files: app,
  },
  'the first interpreter that is there': {
    text: sh(
      'if [ -x /var/lang/python39/bin/python3.9 ]; then',
      '  exec /var/lang/python39/bin/python3.9 app.py',
      'elif [ -x /opt/python3 ]; then',
      '  exec /opt/python3 nothing.py',
      'else',
      '  PY=python3',
      'fi',
      '$PY app.py',
    ),
    files: py,
  },
  'a function that is called': {
    text: sh('main() {', '  exec node other.js', '}', 'main "$@"'),
    files: app,
  },
  'a runtime first on the PATH': {
    text: sh('export PATH="/var/lang/node18/bin:$PATH"', 'node app.js'),
    files: app,
  },
  'a command of its own on the PATH': {
    text: sh('export PATH="/var/user/node_modules/.bin:$PATH"', 'next start -p 9000'),
    files: { 'node_modules/.bin/next': '' },
  },
  'a copy of the code to /tmp': {
    text: sh('cp -r /var/user/. /tmp/app', 'cd /tmp/app && node app.js'),
    files: app,
  },
  'a program copied to /tmp': {
    text: sh('cp ./main /tmp/', 'chmod +x /tmp/main', '/tmp/main'),
    files: { main: elf(X86_64) },
  },
  'a program of its own': {
    text: sh('./main'),
    files: { main: elf(X86_64, '/lib64/ld-linux-x86-64.so.2') },
    modes: { main: 0o755 },
  },
  'a program in place of a script': { text: elf(X86_64) },
  '#!/bin/sh': { text: '#!/bin/sh\nnode app.js\n', files: app },
  '#!/usr/bin/env bash and a space': { text: '#!/usr/bin/env bash \nnode app.js\n', files: app },
  '#! with the cloud’s node, then JavaScript': {
    text: "#!/var/lang/node12/bin/node\nrequire('./app.js')\n",
    files: app,
  },
  '#!/usr/bin/env python3, then Python with CRLF below': { text: '#!/usr/bin/env python3\nimport app\r\n' },
  'no final newline': { text: '#!/bin/bash\nnode app.js', files: app },
  'php -S': {
    text: sh('/var/lang/php80/bin/php -c /var/runtime/php8 -S 0.0.0.0:9000 public/index.php'),
    files: { 'public/index.php': '' },
  },
  'artisan serve on every address': {
    text: sh('/var/lang/php7/bin/php artisan serve --host 0.0.0.0 --port 9000'),
    files: { artisan: '' },
  },
  'java -jar': {
    text: sh('/var/lang/java11/bin/java -Xmx64m -Dserver.port=9000 -jar target/app.jar'),
    files: { 'target/app.jar': '' },
  },
  'uvicorn as a module': {
    text: sh('/var/lang/python310/bin/python3.10 -m uvicorn main:app --host 0.0.0.0 --port 9000'),
  },
  'flask as a module': {
    text: sh('/var/lang/python310/bin/python3 -m flask --app web run --host=0.0.0.0 --port 9000'),
  },
  'Python within the script': {
    text: sh("python3 -u -c '", 'import nothing', 'open("missing.py")', "'"),
  },
  'a here-document': { text: sh('cat > /tmp/x.js <<EOF', 'node missing.js', 'EOF', 'node /tmp/x.js') },
  'migrations first': {
    text: sh('python3 manage.py migrate --noinput', 'python3 manage.py runserver 0.0.0.0:9000'),
    files: { 'manage.py': '' },
  },
  'output to /tmp': { text: sh('node app.js > /tmp/log 2>&1'), files: app },
  'an archive behind a script': { text: '#!/bin/bash\nexit 0\n\0\r\n\x1f' },

  // The file itself.
  'mode 644': {
    text: sh('node app.js'),
    files: app,
    modes: { scf_bootstrap: 0o644 },
    finds: ['error start-file-mode'],
  },
  'mode 744': {
    text: sh('node app.js'),
    files: app,
    modes: { scf_bootstrap: 0o744 },
    finds: ['warning start-file-mode'],
  },
  CRLF: { text: '#!/bin/bash\r\nnode app.js\r\n', files: app, finds: ['error line-ends:1'] },
  'CRLF below the first line': {
    text: '#!/bin/bash\nnode app.js\r\n',
    files: app,
    finds: ['error line-ends:2'],
  },
  'CRLF behind #! with a node': {
    text: '#!/var/lang/node18/bin/node\r\nrequire("http")\r\n',
    finds: ['error line-ends:1'],
  },
  'a byte order mark': {
    text: '\uFEFF#!/bin/bash\nnode app.js\n',
    files: app,
    finds: ['error byte-order-mark:1'],
  },
  'mode, mark and CRLF at once': {
    text: '\uFEFF#!/bin/bash\r\nnode app.js\r\n',
    files: app,
    modes: { scf_bootstrap: 0o600 },
    finds: ['error byte-order-mark:1', 'error line-ends:1', 'error start-file-mode'],
  },
  'no first line': { text: '/var/lang/python3/bin/python3 app.py', files: py, finds: ['error first-line:1'] },
  'a blank line above #!': {
    text: '\n#!/bin/bash\nnode app.js\n',
    files: app,
    finds: ['error first-line:1'],
  },
  'an empty file': { text: '', finds: ['error first-line:1'] },
  'an unknown interpreter': { text: '#!/usr/local/bin/node\n', finds: ['error first-line:1'] },
  'an interpreter that may be there': { text: '#!/usr/bin/python3\n', finds: ['warning first-line:1'] },
  'env with an option': {
    text: '#!/usr/bin/env bash -e\nnode app.js\n',
    files: app,
    finds: ['error first-line:1'],
  },
  'env alone': { text: '#!/usr/bin/env\nnode app.js\n', files: app, finds: ['error first-line:1'] },
  'a program for another processor in its place': { text: elf(ARM64), finds: ['error program-binary'] },

  // What it starts.
  'a runtime that the platform does not have': {
    text: sh('export PORT=9000', 'exec /var/lang/node22/bin/node app.js'),
    files: app,
    finds: ['error unknown-runtime:3'],
  },
  'such a runtime, only if it is there': {
    text: sh(
      'if [ -x /var/lang/node22/bin/node ]; then exec /var/lang/node22/bin/node app.js; fi',
      'node app.js',
    ),
    files: app,
    finds: ['warning unknown-runtime:2'],
  },
  'such a runtime in the first line': {
    text: '#!/var/lang/node9/bin/node\n',
    finds: ['error unknown-runtime:1'],
  },
  'a program that the runtime does not have': {
    text: sh('/var/lang/node18/bin/yarn start'),
    finds: ['warning unknown-runtime:2'],
  },
  'a wrong name': {
    text: sh('/var/lang/node18/bin/node index.js'),
    files: app,
    finds: ['error program-missing:2'],
  },
  'a build that was not run': {
    text: sh('node dist/main.js'),
    files: app,
    finds: ['error program-missing:2'],
  },
  'a place of another cloud': {
    text: sh('/var/lang/python3/bin/python3 /var/task/app.py'),
    files: py,
    finds: ['error program-missing:2'],
  },
  'a folder that is not there': {
    text: sh('cd backend && exec node app.js'),
    files: app,
    finds: ['error program-missing:2', 'error program-missing:2'],
  },
  'no package.json': { text: sh('npm start'), files: app, finds: ['error program-missing:2'] },
  'no such script': { text: sh('npm run prod'), files: manifest, finds: ['error program-missing:2'] },
  'npx of what is not installed': { text: sh('npx next start -p 9000'), finds: ['error program-missing:2'] },
  'an npm script whose program is not installed': {
    text: sh('npm start'),
    files: { 'package.json': '{"scripts":{"start":"NODE_ENV=production next start -p 9000"}}' },
    finds: ['error program-missing:2'],
  },
  'an npm script whose program is installed': {
    text: sh('npm start'),
    files: { 'package.json': '{"scripts":{"start":"next start -p 9000"}}', 'node_modules/.bin/next': '' },
  },
  'no artisan': {
    text: sh('php artisan serve --host 0.0.0.0 --port 9000'),
    finds: ['error program-missing:2'],
  },
  'no jar': { text: sh('/var/lang/java8/bin/java -jar app.jar'), finds: ['error program-missing:2'] },
  'a program without the run bit': {
    text: sh('./main'),
    files: { main: elf(X86_64) },
    finds: ['error program-mode:2'],
  },
  'a program for another processor': {
    text: sh('cp main /tmp && /tmp/main'),
    files: { main: elf(ARM64) },
    finds: ['error program-binary:2'],
  },
  'a program for macOS': {
    text: sh('exec ./main'),
    files: { main: Buffer.concat([Buffer.from('cffaedfe0c000001', 'hex'), Buffer.alloc(64)]) },
    modes: { main: 0o755 },
    finds: ['error program-binary:2'],
  },
  'a program of Alpine Linux': {
    text: sh('./main'),
    files: { main: elf(X86_64, '/lib/ld-musl-x86_64.so.1') },
    modes: { main: 0o755 },
    finds: ['warning program-binary:2'],
  },
  gunicorn: { text: sh('gunicorn -b 0.0.0.0:9000 app:app'), files: py, finds: ['error unknown-command:2'] },
  yarn: { text: sh('yarn start'), files: manifest, finds: ['warning unknown-command:2'] },
  'a link that leads out': {
    text: sh('venv/bin/python app.py'),
    files: { ...py, 'venv/bin/python': { link: '/usr/bin/env' } },
    finds: ['error link-outside:2'],
  },
  'a virtual environment': {
    text: sh('source venv/bin/activate', 'python app.py'),
    files: { ...py, 'venv/bin/activate': '' },
    finds: ['error virtual-environment:2'],
  },
  'output into the package': {
    text: sh('nohup node app.js >> logs/app.log 2>&1 &', 'wait'),
    files: app,
    finds: ['error writes-outside-tmp:2'],
  },
  'modules for another Python': {
    text: sh('/var/lang/python39/bin/python3.9 app.py'),
    files: { ...py, 'numpy/core.cpython-311-x86_64-linux-gnu.so': '' },
    finds: ['warning binary-module'],
  },
  'modules for another system': {
    text: sh('/var/lang/python310/bin/python3 app.py'),
    files: { ...py, 'lxml/etree.cpython-310-darwin.so': '' },
    finds: ['warning binary-module'],
  },
  'modules for its Python among others': {
    text: sh('/var/lang/python39/bin/python3.9 app.py'),
    files: {
      ...py,
      'a.cpython-311-x86_64-linux-gnu.so': '',
      'a.cpython-39-x86_64-linux-gnu.so': '',
      'b.abi3.so': '',
    },
  },

  // Where it would listen.
  'another PORT': {
    text: sh('export PORT=3000', 'npm start'),
    files: manifest,
    finds: ['warning port-not-bound:3'],
  },
  'another PORT unless it is set': {
    text: sh('export PORT="${PORT:-8080}"', 'exec node app.js'),
    files: app,
    finds: ['warning port-not-bound:3'],
  },
  'the same with PORT in the config': {
    text: sh('export PORT="${PORT:-8080}"', 'exec node app.js'),
    files: app,
    environment: { PORT: '9000' },
  },
  'runserver with a port alone': {
    text: sh('python3 manage.py runserver 9000'),
    files: { 'manage.py': '' },
    finds: ['error port-not-bound:2'],
  },
  'artisan serve': {
    text: sh('php artisan serve --port=9000'),
    files: { artisan: '' },
    finds: ['error port-not-bound:2'],
  },
  'php -S on the loopback': { text: sh('php -S localhost:9000'), finds: ['error port-not-bound:2'] },
  'flask run': { text: sh('python3 -m flask run -p 9000'), finds: ['error port-not-bound:2'] },
  'uvicorn on another port': {
    text: sh('python3 -m uvicorn main:app --host 0.0.0.0 --port 8000'),
    finds: ['error port-not-bound:2'],
  },
  'gunicorn bound to another port': {
    text: sh('python3 -m gunicorn --bind=0.0.0.0:8000 app:app'),
    finds: ['error port-not-bound:2'],
  },
};

describe('a start file with', () => {
  test.each(Object.keys(SHAPES))('%s', async name => {
    const { text = '', files, modes, finds = [], environment = {} } = SHAPES[name] ?? {};
    const codeDir = writePackage(text, { ...(files && { files }), ...(modes && { modes }) });
    const report = await checked(codeDir, { config: { environment } });
    expect(idsOf(report), JSON.stringify(report.findings, null, 1)).toEqual(finds);
    for (const finding of report.findings) {
      expect(finding.statusCode).toBe(finding.id === 'port-not-bound' ? 446 : 443);
      expect(finding.message).toMatch(/^\S.{10,}[^.]$/);
      expect(finding.why).toMatch(/^\S.{10,}[^.]$/);
      expect(finding.remedy.length).toBeGreaterThan(5);
    }
  });
});

describe('where there is no start file', () => {
  test.each<[what: string, files: Readonly<Record<string, Content>>, said: string]>([
    ['nothing like it', { 'app.js': '' }, 'There is no start file scf_bootstrap'],
    ['one with an ending', { 'scf_bootstrap.sh': '' }, 'There is no scf_bootstrap, but scf_bootstrap.sh'],
    ['one in capitals', { SCF_BOOTSTRAP: '' }, 'There is no scf_bootstrap, but SCF_BOOTSTRAP'],
    ['the name of custom runtimes', { bootstrap: '' }, 'There is no scf_bootstrap, but bootstrap'],
    ['a slip of the pen', { scf_boostrap: '' }, 'There is no scf_bootstrap, but scf_boostrap'],
    [
      'one a folder down',
      { 'src/scf_bootstrap': '' },
      'The start file is in src, not at the top of the package',
    ],
    ['a folder of that name', { 'scf_bootstrap/app.js': '' }, 'scf_bootstrap is not a file'],
    ['a link to nothing', { scf_bootstrap: { link: 'nowhere' } }, 'scf_bootstrap is a link to nothing'],
  ])('%s', async (_what, files, said) => {
    const report = await checked(writePackage(null, { files }));
    expect(report.findings).toMatchObject([{ id: 'start-file-missing', statusCode: 443, message: said }]);
    expect(report.observations.notStarted).toEqual({ cause: 'there is no start file', remedy: null });
  });
});

test('a wrong name is told with what is there', async () => {
  const files = { 'server.js': '', 'index.js': '', 'notes.txt': '' };
  const report = await checked(writePackage(sh('node serve.js'), { files }));
  expect(report.findings).toMatchObject([{ line: 2, remedy: 'Did you mean server.js?' }]);
  const far = await checked(writePackage(sh('node bot.js'), { files }));
  expect(far.findings).toMatchObject([{ remedy: 'Correct its name: index.js, server.js are there' }]);
});

test('interpreters that come from the PATH are noted, and are no finding', async () => {
  const { findings, observations } = await checked(writePackage(sh('python3 app.py'), { files: py }));
  expect(findings).toEqual([]);
  expect(observations.notes).toEqual([
    'python3 comes from the PATH, and which version the platform has there is not published: /var/lang/python311/bin/python3 would say it',
  ]);
});

test('a package that is too large is told with what fills it', async () => {
  const codeDir = writePackage(sh('node app.js'), {
    files: { ...app, 'node_modules/big.bin': '', 'small.bin': 'x' },
  });
  const { truncate } = await import('node:fs/promises');
  // Nothing is stored of it, but that is what it has.
  await truncate(`${codeDir}/node_modules/big.bin`, 501 * 1024 ** 2);
  const { findings, observations } = await checked(codeDir);
  expect(findings).toMatchObject([{ id: 'package-size', level: 'error', statusCode: null }]);
  expect(findings[0]?.message).toMatch(/^The package has 501 MB \(node_modules 501 MB, /);
  expect(observations.package.files).toBe(4);
});
