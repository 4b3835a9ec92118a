// What instances reach beyond this machine. The machine is a network of the test's own, with a loopback, a resolver on
// it, and one cable to another network that stands for the internet: no packet leaves this host.
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingExecutable, needs } from '../e2e/parts.ts';
import { builtProgram, quoted } from './built-program.ts';
import { eventually, isAlive, readLine, writeApp } from './observed.ts';
import type { Reached, Reaching } from './reaching-instances.ts';

const missing =
  process.getuid?.() === 0
    ? (missingExecutable('/usr/bin/pasta', 'passt') ?? missingExecutable('/sbin/ip', 'iproute2'))
    : 'only root can make networks';

const folder = mkdtempSync(join(tmpdir(), 'outbound-'));
const [machine, internet] = [`scf-ws-m${process.pid}`, `scf-ws-i${process.pid}`];
const inMachine = ['ip', 'netns', 'exec', machine];
const inInternet = ['ip', 'netns', 'exec', internet];
const servers: ChildProcess[] = [];
let program: readonly string[] = [];

function run([command = '', ...words]: readonly string[]): void {
  execFileSync(command, words);
}

/** Says `word` to whoever connects, or answers every question for a name with an address of the internet. */
const SERVER = `
import socket, sys
kind, address, port, word = sys.argv[1:]
if kind == 'tcp':
    s = socket.create_server((address, int(port)))
    print('ready', flush=True)
    while True:
        c, _ = s.accept()
        c.sendall(word.encode())
        c.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((address, int(port)))
print('ready', flush=True)
while True:
    q, who = s.recvfrom(512)
    end = q.index(b'\\0', 12) + 5
    isA = q[end - 4:end - 2] == b'\\0\\1'
    answer = b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\1\\0\\4' + socket.inet_aton(word) if isA else b''
    s.sendto(q[:2] + b'\\x81\\x80\\0\\1' + (b'\\0\\1' if isA else b'\\0\\0') + b'\\0\\0\\0\\0' + q[12:end] + answer, who)
`;

async function serve(where: readonly string[], words: readonly string[]): Promise<void> {
  const [command = '', ...prefix] = [...where, '/usr/bin/python3', '-c', SERVER, ...words];
  const server = spawn(command, prefix, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  await readLine(server.stdout);
}

beforeAll(async () => {
  if (missing !== null) return;
  chmodSync(folder, 0o755);
  for (const words of [
    ['netns', 'add', machine],
    ['netns', 'add', internet],
    ['-n', machine, 'link', 'set', 'lo', 'up'],
    ['-n', internet, 'link', 'set', 'lo', 'up'],
    ['link', 'add', 'out', 'netns', machine, 'type', 'veth', 'peer', 'name', 'in', 'netns', internet],
    ['-n', machine, 'address', 'add', '198.51.100.2/24', 'dev', 'out'],
    ['-n', internet, 'address', 'add', '198.51.100.1/24', 'dev', 'in'],
    ['-n', internet, 'address', 'add', '203.0.113.7/32', 'dev', 'lo'],
    ['-n', machine, 'link', 'set', 'out', 'up'],
    ['-n', internet, 'link', 'set', 'in', 'up'],
    ['-n', machine, 'route', 'add', 'default', 'via', '198.51.100.1'],
  ]) {
    run(['ip', ...words]);
  }
  await serve(inInternet, ['tcp', '203.0.113.7', '80', 'internet']);
  await serve(inMachine, ['udp', '127.0.0.53', '53', '203.0.113.7']);
  await serve(inMachine, ['tcp', '127.0.0.1', '7777', 'loopback']);
  await serve(inMachine, ['tcp', '127.0.0.1', '7778', 'host port']);
  await serve(inInternet, ['tcp', '198.51.100.1', '7779', 'gateway']);
  program = await builtProgram('reaching-instances.ts', folder);
});

afterAll(async () => {
  for (const server of servers) {
    server.kill();
    await once(server, 'exit');
  }
  if (missing === null) for (const name of [machine, internet]) run(['ip', 'netns', 'delete', name]);
  rmSync(folder, { recursive: true, force: true });
});

/** The machine's files: its resolver is on its loopback, and anyone may open the device that pasta needs. */
function onMachine(user: string, input: Reaching): readonly string[] {
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.53\n');
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const device = join(folder, 'dev');
  const command = quoted([...program, JSON.stringify(input)]);
  const shell = `
    mount --bind '${resolver}' "$(realpath /etc/resolv.conf)"
    mkdir -p '${device}' && mount -t tmpfs -o mode=755 none '${device}' && mknod -m 666 '${device}/tun' c 10 200
    mkdir -p /dev/net && touch /dev/net/tun && mount --bind '${device}/tun' /dev/net/tun
    exec setpriv --reuid ${user} --regid ${user} --clear-groups ${command}`;
  return [...inMachine, 'unshare', '--mount', '/bin/sh', '-ec', shell];
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/sbin' };

function reached(user: string, input: Reaching): Reached {
  const [command = '', ...words] = onMachine(user, input);
  const { stdout, stderr } = spawnSync(command, words, { cwd: '/', env, encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Connects at once, and prints what it hears from each place. */
const PROBE = `
import socket
for host, port in [('service.test', 80), ('203.0.113.7', 80), ('198.51.100.1', 7779),
                   ('198.51.100.1', 7777), ('198.51.100.2', 7777), ('127.0.0.1', 7777),
                   ('host.scf.internal', 7777), ('host.scf.internal', 7778)]:
    try:
        print(host, port, socket.create_connection((host, port), 2).recv(99).decode(), flush=True)
    except OSError as error:
        print(host, port, type(error).__name__, flush=True)
`;

const probing = (): string => {
  const codeDir = writeApp('#!/bin/sh\nexec /usr/bin/python3 probe.py\n', { files: { 'probe.py': PROBE } });
  return moved(codeDir);
};

const serving = (): string => {
  const app = "require('http').createServer().listen(9000, '0.0.0.0');";
  return moved(writeApp('#!/bin/bash\nexec node app.cjs\n', { files: { 'app.cjs': app } }));
};

/** Where other users can read it. */
function moved(codeDir: string): string {
  const copy = mkdtempSync(join(folder, 'app-'));
  execFileSync('cp', ['-r', `${codeDir}/.`, copy]);
  rmSync(join(codeDir, '..'), { recursive: true });
  return copy;
}

describe.for([
  ['root', '0'],
  ['an ordinary user', '65534'],
])('for %s', ([, user = '']) => {
  test('a function reaches, from its first line on, what the machine reaches, but not its loopback', context => {
    needs(missing, context);
    const network = { hostPorts: [7778], isOutbound: true };
    const result = reached(user, { codeDirs: [probing(), probing()], network });
    const lines = [
      'service.test 80 internet',
      '203.0.113.7 80 internet',
      '198.51.100.1 7779 gateway',
      // Pasta of 2023 answers a refusal in a way that is not heard.
      expect.stringMatching(/^198.51.100.1 7777 (?:ConnectionRefusedError|TimeoutError)$/),
      '198.51.100.2 7777 ConnectionRefusedError',
      '127.0.0.1 7777 ConnectionRefusedError',
      'host.scf.internal 7777 ConnectionRefusedError',
      'host.scf.internal 7778 host port',
    ];
    expect(result).toMatchObject({
      isRoot: user === '0',
      lines: [lines, lines],
      warnings: [],
      left: [],
      filesLeft: 0,
    });
  });

  test('nothing is let in, and nothing is left', context => {
    needs(missing, context);
    const network = { hostPorts: [], isOutbound: true };
    const result = reached(user, { codeDirs: [serving(), serving()], network });
    expect(result.helpers).toHaveLength(2);
    expect(result).toMatchObject({ newPorts: [], left: [], filesLeft: 0, warnings: [] });
  });

  test('nothing is left of an emulator that is killed', async context => {
    needs(missing, context);
    const network = { hostPorts: [7778], isOutbound: true };
    const [command = '', ...words] = onMachine(user, { codeDirs: [serving()], network, stays: true });
    const emulator = spawn(command, words, { cwd: '/', env, stdio: ['ignore', 'pipe', 'inherit'] });
    const { helpers }: Reached = JSON.parse(await readLine(emulator.stdout));
    expect(helpers).toHaveLength(1);
    expect(helpers.every(isAlive)).toBe(true);
    emulator.kill('SIGKILL');
    await once(emulator, 'exit');
    await eventually('the end of pasta', () => !helpers.some(isAlive));
  });
});

test('without a way out a function runs all the same, and that is told', context => {
  needs(missing, context);
  const codeDir = moved(writeApp('#!/bin/bash\necho runs; (: < /dev/tcp/203.0.113.7/80) 2>&1\n'));
  run(['ip', '-n', machine, 'route', 'delete', 'default']);
  try {
    const result = reached('0', { codeDirs: [codeDir], network: { hostPorts: [], isOutbound: true } });
    expect(result.lines[0]?.[0]).toBe('runs');
    expect(result.lines.join()).toMatch(/Network is unreachable/);
    expect(new Set(result.warnings)).toEqual(
      new Set([expect.stringMatching(/reach no network but their own: this machine has no way out itself/)]),
    );
  } finally {
    run(['ip', '-n', machine, 'route', 'add', 'default', 'via', '198.51.100.1']);
  }
});

test('a function with network: none has none', context => {
  needs(missing, context);
  const codeDir = moved(writeApp('#!/bin/bash\n(: < /dev/tcp/203.0.113.7/80) 2>&1\n'));
  const result = reached('0', { codeDirs: [codeDir], network: { hostPorts: [], isOutbound: false } });
  expect(result.lines.join()).toMatch(/Network is unreachable/);
  expect(result).toMatchObject({ warnings: [], helpers: [] });
});
