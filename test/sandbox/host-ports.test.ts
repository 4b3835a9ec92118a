// Services of this machine, reached by functions at host.scf.internal: a real Redis and plain servers.
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { missingExecutable, needs } from '../e2e/parts.ts';
import { builtProgram, quoted } from './built-program.ts';
import { create as createNamespaceDriver } from './create-namespace-driver.ts';
import { create as createProcessDriver } from './create-process-driver.ts';
import { freePort } from './free-port.ts';
import { eventually, Observed, writeApp } from './observed.ts';
import type { Reached, Reaching } from './reaching-instances.ts';

const MB = 1024 ** 2;
const HOST = 'host.scf.internal';
const missingRedis = missingExecutable('/usr/bin/redis-server', 'redis-server');
const missingGcc = missingExecutable('/usr/bin/gcc', 'gcc libc6-dev');
const folder = mkdtempSync(join(tmpdir(), 'host-ports-'));
chmodSync(folder, 0o755);
const warnings: string[] = [];
const namespaces = createNamespaceDriver(message => warnings.push(message));
const processes = createProcessDriver();
const drivers = { namespace: namespaces, process: processes };
const runs: Observed[] = [];
const servers: Server[] = [];

beforeAll(() => {
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  for (const run of runs) run.sandbox.kill();
  await Promise.all(runs.splice(0).map(run => run.exited()));
  for (const server of servers.splice(0)) server.close();
  warnings.splice(0);
});
afterAll(async () => {
  await Promise.all([namespaces.close(), processes.close()]);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function start(codeDir: string, hostPorts: readonly number[], driver: keyof typeof drivers = 'namespace') {
  const run = new Observed(drivers[driver], { codeDir, network: { hostPorts, isOutbound: false } });
  runs.push(run);
  return run;
}

/** Listens on this machine's loopback. */
async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {});
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Programs that ask a Redis at once, print its answer and end. */
const ASKING: Readonly<Record<string, (port: number) => string>> = {
  Node: port =>
    writeApp('#!/bin/bash\nexec node app.cjs\n', {
      files: {
        'app.cjs': `const socket = require('net').connect(${port}, '${HOST}', () => socket.write('GET greeting\\r\\n'));
          socket.once('data', text => { console.log(String(text).split('\\r\\n')[1]); socket.end('QUIT\\r\\n'); });`,
      },
    }),
  Python: port =>
    writeApp('#!/bin/bash\nexec python3 app.py\n', {
      files: {
        'app.py': `import socket
s = socket.create_connection(("${HOST}", ${port}))
s.sendall(b"GET greeting\\r\\n")
print(s.recv(100).decode().split("\\r\\n")[1], flush=True)`,
      },
    }),
  'static C': port => {
    const codeDir = mkdtempSync(join(folder, 'static-'));
    chmodSync(codeDir, 0o755);
    const source = `
      #include <netdb.h>
      #include <stdio.h>
      #include <string.h>
      #include <sys/socket.h>
      #include <unistd.h>
      int main(void) {
        struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
        if (getaddrinfo("${HOST}", "${port}", &hints, &found)) return 2;
        int s = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(s, found->ai_addr, found->ai_addrlen)) { perror("connect"); return 3; }
        char text[100] = "";
        write(s, "GET greeting\\r\\n", 14);
        read(s, text, sizeof text - 1);
        strtok(text, "\\r\\n");
        puts(strtok(NULL, "\\r\\n"));
        return 0;
      }`;
    const target = join(codeDir, 'scf_bootstrap');
    // Its linker warns of getaddrinfo.
    execFileSync('gcc', ['-static', '-w', '-x', 'c', '-o', target, '-'], { input: source, stdio: 'pipe' });
    return codeDir;
  },
};

describe('a Redis of this machine', () => {
  let redis: ChildProcess | null = null;
  let port = 0;

  beforeAll(async () => {
    if (missingRedis !== null) return;
    port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    redis = spawn('/usr/bin/redis-server', args, { stdio: 'ignore' });
    await eventually(
      'Redis',
      () => spawnSync('/usr/bin/redis-cli', ['-p', String(port), 'ping']).status === 0,
    );
    execFileSync('/usr/bin/redis-cli', ['-p', String(port), 'set', 'greeting', 'hello']);
  });
  afterAll(async () => {
    if (redis === null) return;
    redis.kill();
    await once(redis, 'exit');
  });

  test.for([
    ['Node', 'namespace'],
    ['Python', 'namespace'],
    ['static C', 'namespace'],
    ['Node', 'process'],
    ['Python', 'process'],
  ] as const)('is reached by %s, from its first line on, under %s', async ([language, driver], context) => {
    needs(missingRedis ?? (language === 'static C' ? missingGcc : null), context);
    const run = start(ASKING[language]?.(port) ?? '', [port], driver);
    expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
    expect(run.lines).toEqual(['hello']);
    expect(warnings).toEqual([]);
  });

  /** By a program that runs as another user, or sees another machine. */
  async function reached(codeDirs: readonly string[], prefix: readonly string[]): Promise<Reached> {
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    const input: Reaching = { codeDirs, network: { hostPorts: [port], isOutbound: false } };
    const program = await builtProgram('reaching-instances.ts', folder);
    const [command = '', ...words] = [...prefix, quoted([...program, JSON.stringify(input)])];
    const { stdout, stderr } = spawnSync(command, words, {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  const needsRoot = process.getuid?.() === 0 ? null : 'only root can become another user';

  test('is reached for an ordinary user, by two instances at once', async context => {
    needs(missingRedis ?? missingGcc ?? needsRoot, context);
    const codeDirs = [ASKING['static C']?.(port) ?? '', ASKING.Python?.(port) ?? ''];
    expect(await reached(codeDirs, ['su', 'nobody', '-s', '/bin/bash', '-c'])).toMatchObject({
      isRoot: false,
      lines: [['hello'], ['hello']],
      exits: Array(2).fill({ kind: 'exited', code: 0 }),
      warnings: [],
      helpers: [],
      left: [],
      filesLeft: 0,
    });
  });

  test.for([
    ['Perl', 'mount --bind /dev/null $(realpath /usr/bin/perl)'],
    [
      '/etc/hosts',
      'mount -t tmpfs none /mnt && cp -a /etc /mnt && rm /mnt/etc/hosts && mount --bind /mnt/etc /etc',
    ],
  ])('is reached on a machine without %s', async ([, remove], context) => {
    needs(missingRedis ?? missingGcc ?? needsRoot, context);
    const codeDirs = [ASKING['static C']?.(port) ?? ''];
    const result = await reached(codeDirs, ['unshare', '--mount', '/bin/sh', '-c', `${remove} && eval "$0"`]);
    expect(result).toMatchObject({ isRoot: true, lines: [['hello']], warnings: [] });
  });
});

describe('under process, every way to name the machine leads to it', () => {
  const WAYS = {
    node: (port: number) => `
      const [dns, net, util] = ['dns', 'net', 'util'].map(require);
      const tell = way => (...got) => console.log(way, JSON.stringify(got));
      net.connect(${port}, '${HOST}').once('data', text => tell('net')(String(text)));
      net.connect({ port: ${port}, host: '${HOST.toUpperCase()}' }).once('data', text => tell('NET')(String(text)));
      dns.lookup('${HOST}', tell('lookup'));
      dns.lookup('${HOST}', { all: true }, tell('all'));
      util.promisify(dns.lookup)('${HOST}').then(tell('promisify'));
      dns.promises.lookup('${HOST}').then(tell('promises'));
      import('dns').then(esm => esm.lookup('${HOST}', tell('import')));
      dns.lookup('localhost', 4, tell('another'));
      try { dns.lookup(5); } catch ({ code }) { tell('wrong')(code); }`,
    python: (port: number) => `
import asyncio, socket
def tell(way, got): print(way, got, flush=True)
def heard(s):
    with s: return s.recv(9)
tell("create_connection", heard(socket.create_connection(("${HOST}", ${port}))))
s = socket.socket(); s.connect(("${HOST}", ${port})); tell("connect", heard(s))
s = socket.socket(); tell("connect_ex", s.connect_ex(("${HOST.toUpperCase()}", ${port}))); s.close()
tell("gethostbyname", socket.gethostbyname("${HOST}"))
tell("getaddrinfo", socket.getaddrinfo(b"${HOST}", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
tell("another", socket.gethostbyname("localhost"))
async def main():
    reader, writer = await asyncio.open_connection("${HOST}", ${port})
    tell("asyncio", await reader.read(9)); writer.close()
asyncio.run(main())`,
  };

  test.each([
    [
      'node',
      [
        'NET ["hello"]',
        'all [null,[{"address":"127.0.0.1","family":4}]]',
        'another [null,"127.0.0.1",4]',
        'import [null,"127.0.0.1",4]',
        'lookup [null,"127.0.0.1",4]',
        'net ["hello"]',
        'promises [{"address":"127.0.0.1","family":4}]',
        'promisify [{"address":"127.0.0.1","family":4}]',
        'wrong ["ERR_INVALID_ARG_TYPE"]',
      ],
    ],
    [
      'python',
      [
        'another 127.0.0.1',
        "asyncio b'hello'",
        "connect b'hello'",
        'connect_ex 0',
        "create_connection b'hello'",
        "getaddrinfo ('127.0.0.1', 80)",
        'gethostbyname 127.0.0.1',
      ],
    ],
  ] as const)('%s', async (language, expected) => {
    const port = await serve(socket => socket.end('hello'));
    const program = language === 'node' ? 'node' : 'python3';
    const files = { app: WAYS[language](port) };
    const run = start(writeApp(`#!/bin/bash\nexec ${program} app\n`, { files }), [], 'process');
    expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
    expect([...run.lines].sort()).toEqual(expected);
  });
});

describe('a service of this machine', () => {
  /** A function that does as told, by a program of Node, and prints. */
  const node = (app: string): string =>
    writeApp('#!/bin/bash\nexec node app.cjs\n', { files: { 'app.cjs': app } });

  test('that does not listen cuts the connection, and that is told', async () => {
    const port = await freePort();
    const run = start(
      node(`const socket = require('net').connect(${port}, '${HOST}');
        socket.on('error', ({ code }) => console.log(code)).on('end', () => console.log('end')).resume();`),
      [port],
    );
    await run.exited();
    expect(run.lines).toEqual(['ECONNRESET']);
    expect(warnings).toEqual([`Nothing listens on 127.0.0.1:${port} of this machine (hostPorts)`]);
  });

  test('that is not among the host ports is not reached', async () => {
    const port = await serve(socket => socket.end('reached'));
    const run = start(
      node(`require('net').connect(${port}, '${HOST}').on('error', ({ code }) => console.log(code));`),
      [await freePort()],
    );
    await run.exited();
    expect(run.lines).toEqual(['ECONNREFUSED']);
  });

  test('hears each of two instances, and each hears its own answer', async () => {
    const port = await serve(socket => {
      socket.setEncoding('utf8').on('data', text => socket.write(`you are ${text}`));
    });
    const codeDir = node(`const socket = require('net').connect(${port}, '${HOST}');
      socket.write(process.env.NAME);
      socket.on('data', text => console.log(String(text)));
      setInterval(() => {}, 1 << 30);`);
    const started = ['one', 'two'].map(NAME => {
      const network = { hostPorts: [port], isOutbound: false };
      const run = new Observed(namespaces, { codeDir, network, environment: { NAME } });
      runs.push(run);
      return run;
    });
    await Promise.all(started.map((run, i) => run.printed(`you are ${['one', 'two'][i]}`)));
  });

  test('gets 50 MB whole and answers with as many, while little is held in between', async () => {
    const size = 50 * MB;
    const block = Buffer.from(Array.from({ length: MB }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
    const expected = createHash('sha256');
    for (let sent = 0; sent < size; sent += MB) expected.update(block);
    const sum = expected.digest('hex');
    let got = '';
    let go = (): void => {};
    const answer = async (socket: Socket): Promise<void> => {
      for (let sent = 0; sent < size; sent += MB) {
        if (!socket.write(block)) await once(socket, 'drain');
      }
      socket.end();
    };
    const port = await serve(socket => {
      const hash = createHash('sha256');
      // Reads nothing until the function can send no more.
      go = () => socket.on('data', chunk => hash.update(chunk));
      socket.on('end', () => {
        got = hash.digest('hex');
        void answer(socket);
      });
    });
    const run = start(
      node(`const { createHash } = require('crypto');
        const block = Buffer.from(Array.from({ length: ${MB} }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
        const socket = require('net').connect({ port: ${port}, host: '${HOST}', allowHalfOpen: true });
        const hash = createHash('sha256');
        socket.on('data', chunk => hash.update(chunk)).on('end', () => console.log(hash.digest('hex')));
        // Nothing goes out any more.
        let last = 0;
        const look = setInterval(() => {
          const out = socket.bytesWritten - socket.writableLength;
          if (out > 0 && out === last) { clearInterval(look); console.log('out ' + out); }
          last = out;
        }, 200);
        (async () => {
          for (let sent = 0; sent < ${size}; sent += ${MB}) {
            if (!socket.write(block)) await new Promise(resolve => socket.once('drain', resolve));
          }
          socket.end();
        })();`),
      [port],
    );
    // The system's own buffers, twice, and no more than a little between them.
    expect(await run.printedNumber('out')).toBeLessThan(30 * MB);
    go();
    expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
    expect(run.lines.at(-1)).toBe(sum);
    expect(got).toBe(sum);
  });

  test('still hears a function after it has said all itself', async () => {
    const heard: string[] = [];
    const port = await serve(socket => {
      socket.end('all');
      socket.setEncoding('utf8').on('data', text => heard.push(String(text)));
    });
    const run = start(
      node(`const socket = require('net').connect({ port: ${port}, host: '${HOST}', allowHalfOpen: true });
        socket.on('data', text => console.log(String(text)));
        socket.on('end', () => { console.log('end'); setTimeout(() => socket.end('and more'), 50); });`),
      [port],
    );
    await run.exited();
    expect(run.lines).toEqual(['all', 'end']);
    await eventually('the rest', () => heard.join('') === 'and more');
  });

  test('that resets a connection resets it for the function', async () => {
    const port = await serve(socket => socket.once('data', () => socket.resetAndDestroy()));
    const run = start(
      node(`const socket = require('net').connect(${port}, '${HOST}', () => socket.write('?'));
        socket.on('error', ({ code }) => console.log(code));`),
      [port],
    );
    await run.exited();
    expect(run.lines).toEqual(['ECONNRESET']);
  });

  test('sees the connection end with its instance, of which no open file is left', async () => {
    let closed = 0;
    const port = await serve(socket => {
      socket.write('welcome');
      socket.once('close', () => closed++).resume();
      socket.once('end', () => socket.end());
    });
    const codeDir =
      node(`require('net').connect(${port}, '${HOST}').on('data', text => console.log(String(text)));
      require('http').createServer().listen(9000, '0.0.0.0');`);
    const once = async (): Promise<void> => {
      const run = start(codeDir, [port, await freePort()]);
      await Promise.all([run.printed('welcome'), run.ready()]);
      // Those that stand for host ports are none of the function's.
      expect(run.types).not.toContain('other-port');
      run.sandbox
        .connect()
        .on('error', () => {})
        .destroy();
      run.sandbox.kill();
      await run.exited();
    };
    const openFiles = (): number => readdirSync('/proc/self/fd').length;
    await once();
    await eventually('the first end', () => closed === 1);
    const before = openFiles();
    for (let i = 0; i < 5; i++) await once();
    await eventually('all ends', () => closed === 6);
    await eventually('no more open files', () => openFiles() <= before);
  });
});

test('the function’s own loopback stays its own', async () => {
  const run = start(
    writeApp('#!/bin/bash\nhostname; getent hosts scf; (: < /dev/tcp/127.0.0.1/6379) 2>&1\n'),
    [6379],
  );
  await run.exited();
  expect(run.lines.slice(0, 2)).toEqual(['scf', expect.stringMatching(/^127\.0\.0\.1\s+scf$/)]);
  expect(run.lines.join()).toMatch(/Connection refused/);
});

test('a function that listens on its loopback alone is still not reached', async () => {
  const app = "require('http').createServer().listen(9000, '127.0.0.1');";
  const run = start(writeApp('#!/bin/bash\nexec node app.cjs\n', { files: { 'app.cjs': app } }), [6379]);
  await run.until('loopback-only', () => run.types.includes('loopback-only'));
  expect(run.types).not.toContain('ready');
});
