// What the preloaded hooks promise, shown with real interpreters: this Node, this machine's python3, and whatever
// SCF_WS_TEST_INTERPRETERS lists (paths of node and python binaries, separated by ':').
// Each fixture is an unmodified app: it prints the port that it believes in and answers a connection with its pid.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from './free-port.ts';

const hooksDir = fileURLToPath(new URL('../../src/sandbox/hooks/', import.meta.url));
const fixturesDir = fileURLToPath(new URL('../fixtures/listen/', import.meta.url));
const ceilingMs = 30_000;

interface Interpreter {
  readonly name: string;
  readonly path: string;
  readonly language: 'node' | 'python';
  readonly version: readonly [major: number, minor: number];
}

interface Report {
  readonly instance: string;
  readonly pid: number;
  readonly port: number;
  readonly actualPort: number;
  readonly address: string;
}

interface App {
  readonly pid: number;
  readonly lines: string[];
  readonly errors: string[];
  readonly exited: Promise<unknown>;
}

/** A way of listening on the platform's port. */
interface Way {
  readonly file: string;
  readonly args?: readonly string[];
  /** The lines that it prints, in any order. */
  readonly prints: readonly string[];
  /** The addresses that it reports, in any order. */
  readonly addresses: readonly string[];
  /** How to ask it for its pid; null where that takes more than a line. */
  readonly speaks: 'tcp' | 'http' | null;
  readonly since?: readonly [major: number, minor: number];
  readonly module?: string;
}

const hasIpv6 = Object.values(networkInterfaces()).some(all => all?.some(({ address }) => address === '::1'));
const unspecified = hasIpv6 ? '::' : '0.0.0.0';
const both = hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
const once9000 = ['listening 9000'];

const ways: Record<Interpreter['language'], readonly Way[]> = {
  node: [
    { file: 'node-port.cjs', prints: once9000, addresses: [unspecified], speaks: 'tcp' },
    { file: 'node-port-string.cjs', prints: once9000, addresses: [unspecified], speaks: 'tcp' },
    { file: 'node-port-host-backlog.cjs', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
    { file: 'node-options.cjs', prints: once9000, addresses: ['127.0.0.1'], speaks: 'tcp' },
    { file: 'node-http.cjs', prints: once9000, addresses: ['0.0.0.0'], speaks: 'http' },
    { file: 'node-http2.cjs', prints: once9000, addresses: ['0.0.0.0'], speaks: null },
    { file: 'node-esm.mjs', prints: once9000, addresses: [unspecified], speaks: 'http', since: [14, 0] },
    // The primary and each worker report.
    {
      file: 'node-cluster.cjs',
      prints: ['listening 9000', 'listening 9000'],
      addresses: ['0.0.0.0', '0.0.0.0', '0.0.0.0'],
      speaks: 'tcp',
    },
    {
      file: 'node-cluster.cjs',
      args: ['shared'],
      prints: ['listening 9000', 'listening 9000'],
      addresses: ['0.0.0.0', '0.0.0.0'],
      speaks: 'tcp',
    },
    {
      file: 'node-worker-thread.cjs',
      prints: once9000,
      addresses: [unspecified],
      speaks: 'tcp',
      since: [12, 0],
    },
  ],
  python: [
    { file: 'python-http-server.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'http' },
    { file: 'python-socketserver.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
    {
      file: 'python-asyncio.py',
      prints: [hasIpv6 ? 'listening 9000 9000' : 'listening 9000'],
      addresses: both,
      speaks: 'tcp',
    },
    {
      file: 'python-asyncio.py',
      args: ['127.0.0.1'],
      prints: once9000,
      addresses: ['127.0.0.1'],
      speaks: 'tcp',
    },
    { file: 'python-uvloop.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp', module: 'uvloop' },
    {
      file: 'python-uvloop-own-socket.py',
      prints: once9000,
      addresses: ['0.0.0.0'],
      speaks: 'tcp',
      module: 'uvloop',
    },
    {
      file: 'python-websockets.py',
      prints: once9000,
      addresses: ['0.0.0.0'],
      speaks: null,
      since: [3, 7],
      module: 'websockets',
    },
    { file: 'python-thread.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
    { file: 'python-fork.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
    { file: 'python-inherited-socket.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
    { file: 'python-subclass.py', prints: once9000, addresses: ['0.0.0.0'], speaks: 'tcp' },
  ],
};

function findInterpreters(): Interpreter[] {
  const extra = (process.env.SCF_WS_TEST_INTERPRETERS ?? '').split(':').filter(path => path !== '');
  return [process.execPath, 'python3', ...extra].flatMap(path => {
    const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const match = /^(v|Python )(\d+)\.(\d+)\.\d+/.exec(`${stdout ?? ''}${stderr ?? ''}`);
    if (match === null) return [];
    const language = match[1] === 'v' ? 'node' : 'python';
    return [{ name: match[0], path, language, version: [Number(match[2]), Number(match[3])] }];
  });
}

function isAtLeast(version: Interpreter['version'], wanted: Interpreter['version']): boolean {
  return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}

function canRun({ path, version }: Interpreter, { since, module }: Way): boolean {
  if (since !== undefined && !isAtLeast(version, since)) return false;
  return module === undefined || spawnSync(path, ['-c', `import ${module}`]).status === 0;
}

const changes = new EventEmitter();
let folder: string;
let pipePath: string;
let pipe: Socket;
let pipeFd: number;
let pipeLines: string[];
let leaders: number[];

function collectLines(from: NodeJS.ReadableStream, into: string[]): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    into.push(...lines);
    changes.emit('change');
  });
}

async function until(isSo: () => boolean, what: () => unknown): Promise<void> {
  const signal = AbortSignal.timeout(ceilingMs);
  while (!isSo()) {
    await once(changes, 'change', { signal }).catch(() => {
      throw new Error(`Waited in vain: ${JSON.stringify(what())}`);
    });
  }
}

function reportsOf(instance: string): Report[] {
  return pipeLines.map((line): Report => JSON.parse(line)).filter(report => report.instance === instance);
}

/** Everything that was reported before this call has been read when it returns. */
async function drainReports(): Promise<void> {
  const mark = JSON.stringify({ instance: `mark ${pipeLines.length}` });
  writeSync(pipeFd, `${mark}\n`);
  await until(
    () => pipeLines.includes(mark),
    () => pipeLines,
  );
}

function start(
  interpreter: Interpreter,
  args: readonly string[],
  instance: string,
  environment: NodeJS.ProcessEnv = {},
): App {
  const child = spawn(interpreter.path, args, {
    cwd: folder,
    // A group of its own, so that the children of the app end with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_OPTIONS: `--require ${join(hooksDir, 'node-hook.cjs')}`,
      PYTHONPATH: join(hooksDir, 'python'),
      PYTHONDONTWRITEBYTECODE: '1',
      SCF_WS_PORT: '9000',
      SCF_WS_PIPE: pipePath,
      SCF_WS_INSTANCE: instance,
      ...environment,
    },
  });
  if (child.pid === undefined) throw new Error(`Cannot start ${interpreter.path}`);
  const app: App = { pid: child.pid, lines: [], errors: [], exited: once(child, 'close') };
  leaders.push(app.pid);
  collectLines(child.stdout, app.lines);
  collectLines(child.stderr, app.errors);
  return app;
}

function fixture(name: string): string {
  return join(fixturesDir, name);
}

async function untilPrinted(app: App, count: number): Promise<void> {
  await until(
    () => app.lines.length >= count,
    () => app,
  );
}

async function ask(port: number, speaks: 'tcp' | 'http'): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  if (speaks === 'http') socket.write('GET / HTTP/1.0\r\n\r\n');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe.skipIf(process.platform === 'win32')('hooks', { timeout: 2 * ceilingMs }, () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scf-ws-hooks-'));
    pipePath = join(folder, 'reports');
    execFileSync('mkfifo', [pipePath]);
    pipeFd = openSync(pipePath, constants.O_RDWR | constants.O_NONBLOCK);
    pipe = new Socket({ fd: pipeFd });
    pipeLines = [];
    leaders = [];
    collectLines(pipe, pipeLines);
  });

  afterEach(() => {
    for (const pid of leaders) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
    pipe.destroy();
    rmSync(folder, { recursive: true });
  });

  describe.each(findInterpreters())('$language $name', interpreter => {
    const { language, version } = interpreter;
    const extension = language === 'node' ? 'cjs' : 'py';
    const isHooked = language === 'node' || isAtLeast(version, [3, 6]);

    test.each([
      ['no port', { SCF_WS_PORT: undefined }],
      ['no pipe', { SCF_WS_PIPE: undefined }],
      ['no instance', { SCF_WS_INSTANCE: undefined }],
      ...(isHooked ? [] : [['an interpreter that is too old', {}] as const]),
    ] as const)('with %s the hook does nothing', async (_, missing) => {
      const port = await freePort();
      const environment = { SCF_WS_PORT: String(port), ...missing };
      const app = start(
        interpreter,
        [fixture(`${language}-given-port.${extension}`), String(port)],
        'a',
        environment,
      );
      await untilPrinted(app, 1);
      expect(app.lines).toEqual([`listening ${port}`]);
      expect(await ask(port, 'tcp')).toBe(String(app.pid));
      await drainReports();
      expect(reportsOf('a')).toEqual([]);
      expect(app.errors).toEqual([]);
    });

    if (language === 'python')
      test("a sitecustomize of the user's own still runs", async () => {
        const own = join(folder, 'own');
        mkdirSync(own);
        writeFileSync(join(own, 'sitecustomize.py'), 'import sys; sys.stdout.write("mine\\n")');
        const path = `${join(hooksDir, 'python')}:${own}`;
        const code = 'import sys, sitecustomize; sys.stdout.write(sitecustomize.__file__ + "\\n")';
        const app = start(interpreter, ['-c', code], 'a', { PYTHONPATH: path });
        await app.exited;
        expect(app.lines).toEqual(['mine', expect.stringContaining(own)]);
        expect(app.errors).toEqual([]);
      });

    if (!isHooked) return;

    const possibleWays = ways[language].filter(way => canRun(interpreter, way));
    test.each(possibleWays.map(way => ({ ...way, command: [way.file, ...(way.args ?? [])].join(' ') })))(
      'two of $command listen on 9000 at once and both believe it',
      async ({ file, args = [], prints, addresses, speaks }) => {
        const instances = ['one', 'the "other"'];
        const apps = instances.map(instance => start(interpreter, [fixture(file), ...args], instance));
        await until(
          () =>
            apps.every(app => app.lines.length >= prints.length) &&
            instances.every(instance => reportsOf(instance).length >= addresses.length),
          () => [apps, pipeLines],
        );
        await drainReports();
        const actualPorts = new Set<number>();
        for (const [index, app] of apps.entries()) {
          const reports = reportsOf(instances[index] ?? '');
          expect(app.lines).toEqual(prints);
          expect(reports.map(report => report.address).sort()).toEqual([...addresses].sort());
          for (const report of reports) {
            expect(report.port).toBe(9000);
            expect(report.actualPort).not.toBe(9000);
          }
          const [first] = reports;
          if (first === undefined) throw new Error('No report');
          expect(new Set(reports.map(report => report.actualPort))).toEqual(new Set([first.actualPort]));
          actualPorts.add(first.actualPort);
          if (speaks !== null) expect(await ask(first.actualPort, speaks)).toContain(String(app.pid));
          expect(app.errors).toEqual([]);
        }
        expect(actualPorts.size).toBe(2);
      },
    );

    test('a second listen on 9000 meets EADDRINUSE, and works after the first has closed', async () => {
      const app = start(interpreter, [fixture(`${language}-twice.${extension}`)], 'a');
      await untilPrinted(app, 2);
      expect(app.lines).toEqual([
        language === 'node' ? 'EADDRINUSE 9000 true' : 'EADDRINUSE',
        'listening 9000',
      ]);
      await drainReports();
      const last = reportsOf('a').at(-1);
      expect(reportsOf('a')).toHaveLength(2);
      expect(await ask(last?.actualPort ?? 0, 'tcp')).toBe(String(app.pid));
      expect(app.errors).toEqual([]);
    });

    test.runIf(hasIpv6)('IPv6 beside IPv4 on 9000 gets the same real port', async () => {
      const app = start(interpreter, [fixture(`${language}-both-families.${extension}`)], 'a');
      await untilPrinted(app, 1);
      expect(app.lines).toEqual(['listening 9000 9000']);
      await drainReports();
      const reports = reportsOf('a');
      expect(reports.map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
      expect(new Set(reports.map(({ actualPort }) => actualPort)).size).toBe(1);
    });

    test('another port is left alone and reported', async () => {
      const port = await freePort();
      const app = start(interpreter, [fixture(`${language}-given-port.${extension}`), String(port)], 'a');
      await untilPrinted(app, 1);
      expect(app.lines).toEqual([`listening ${port}`]);
      await drainReports();
      const expected = { instance: 'a', pid: app.pid, port, actualPort: port, address: '127.0.0.1' };
      expect(reportsOf('a')).toEqual([expected]);
    });

    test('neither port 0 nor a Unix socket is reported', async () => {
      const args = [fixture(`${language}-any-port-and-unix.${extension}`), join(folder, 'unix')];
      const app = start(interpreter, args, 'a');
      await untilPrinted(app, 1);
      expect(app.lines).toEqual([language === 'node' ? 'listening true true' : 'listening True True']);
      await drainReports();
      expect(reportsOf('a')).toEqual([]);
      expect(app.errors).toEqual([]);
    });

    test.each(['without a reader', 'missing'])('a pipe %s does not disturb the app', async kind => {
      const elsewhere = join(folder, 'elsewhere');
      if (kind === 'without a reader') execFileSync('mkfifo', [elsewhere]);
      const file = language === 'node' ? 'node-port.cjs' : 'python-subclass.py';
      const app = start(interpreter, [fixture(file)], 'a', { SCF_WS_PIPE: elsewhere });
      await untilPrinted(app, 1);
      expect(app.lines).toEqual(['listening 9000']);
      expect(app.errors).toEqual([]);
    });

    test('a process that does not listen ends at once', async () => {
      const code = language === 'node' ? 'console.log("done")' : 'print("done")';
      const app = start(interpreter, [language === 'node' ? '-e' : '-c', code], 'a');
      await app.exited;
      expect([app.lines, app.errors]).toEqual([['done'], []]);
    });

    if (language === 'node')
      test('of two that listen on 9000 in the same tick, one meets EADDRINUSE', async () => {
        const app = start(interpreter, [fixture('node-same-tick.cjs')], 'a');
        await untilPrinted(app, 2);
        expect(app.lines.toSorted()).toEqual(['EADDRINUSE 9000', 'listening 9000']);
      });

    if (language === 'node')
      test('an unhandled bind error ends the app and names 9000', async () => {
        const app = start(interpreter, [fixture('node-unbindable.cjs')], 'a');
        await app.exited;
        expect(app.errors.join('\n')).toMatch(/Error: listen EADDRNOTAVAIL.* 192\.0\.2\.1:9000\n/);
      });
  });
});
