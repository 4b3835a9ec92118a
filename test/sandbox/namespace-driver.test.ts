// The namespace driver keeps the contract, and what is its own: the real port, the cloud's file system, a network
// and processes of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { builtProgram, quoted } from './built-program.ts';
import { create } from './create-namespace-driver.ts';
import { describeDriver } from './driver-contract.ts';
import type { StartOptions } from './observed.ts';
import {
  commandsIn,
  eventually,
  fixture,
  isAlive,
  namespaceOf,
  Observed,
  packed,
  pidWithin,
  processesWith,
  writeApp,
} from './observed.ts';

const folder = mkdtempSync(join(tmpdir(), 'namespace-driver-'));
chmodSync(folder, 0o755);
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const pack = (codeDir: string): string => packed(codeDir, folder);
const MB = 1024 ** 2;

describeDriver('namespace', create, {
  module: at('create-namespace-driver.ts'),
  seesHiddenDaemons: true,
  addedVariables: /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|PYTHONPATH|LD_LIBRARY_PATH|SCF_WS_MARK)$/,
  pack,
  hostPid(instanceId, pid) {
    const found = functionProcesses(instanceId).find(here => pidWithin(here) === pid);
    if (found === undefined) throw new Error(`No process of ${instanceId} sees itself as ${pid}`);
    return found;
  },
});

/** The living processes that bear the mark of an instance. */
function functionProcesses(instanceId: string): readonly number[] {
  return processesWith(`/${instanceId}\0`).filter(pid => processesWith('SCF_WS_MARK=').includes(pid));
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the namespace driver itself', () => {
  const driver = create();
  const runs: Observed[] = [];
  beforeAll(() => {
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(async () => {
    for (const run of runs) run.sandbox.kill();
    await Promise.all(runs.splice(0).map(run => run.exited()));
  });
  afterAll(async () => {
    await driver.close();
    vi.unstubAllEnvs();
  });

  test.each([
    ['bubblewrap', { PATH: '/no/such/folder' }, /Cannot start bubblewrap: bwrap is not on the PATH/],
    ['a temporary folder', { TMPDIR: '/no/such/folder' }, /no such file/],
  ])('without %s, a start is an exit that says so', async (_what, environment, message) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const own = create();
    const run = new Observed(own, { codeDir: pack(fixture('echo')) });
    const exit = await run.exited().finally(() => {
      vi.unstubAllEnvs();
      vi.stubEnv('TMPDIR', folder);
    });
    expect(exit).toMatchObject({ kind: 'not-started', message: expect.stringMatching(message) });
    await own.close();
  });

  function start(
    startFile: string,
    options: Partial<StartOptions> & { files?: Record<string, string> } = {},
  ) {
    const { files = {}, ...others } = options;
    const run = new Observed(driver, { codeDir: writeApp(startFile, { files }), ...others });
    runs.push(run);
    return run;
  }

  /** All that a shell prints. */
  async function printed(commands: string, options: Partial<StartOptions> = {}): Promise<readonly string[]> {
    const run = start(`#!/bin/bash\n${commands}\n`, options);
    await run.exited();
    return run.lines;
  }

  describe('the real port 9000', () => {
    // Where nothing may be skipped, it fails for want of a compiler.
    test.runIf(existsSync('/usr/bin/cc') || process.env.CI === 'true')(
      'is reached in a compiled program that is the start file',
      async () => {
        const codeDir = mkdtempSync(join(folder, 'compiled-'));
        const source = `
        #include <netinet/in.h>
        #include <sys/socket.h>
        #include <unistd.h>
        int main(void) {
          struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9000) };
          int server = socket(AF_INET, SOCK_STREAM, 0);
          if (bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 5)) return 1;
          for (;;) {
            char request[4096];
            int one = accept(server, 0, 0);
            if (read(one, request, sizeof request) > 0) write(one, "HTTP/1.1 200 OK\\r\\n\\r\\ncompiled", 27);
            close(one);
          }
        }`;
        execFileSync('cc', ['-x', 'c', '-o', join(codeDir, 'scf_bootstrap'), '-'], { input: source });
        const run = new Observed(driver, { codeDir });
        runs.push(run);
        await run.ready();
        expect(await run.ask()).toBe('compiled');
      },
    );

    test('is reached in a Python that no hook can enter', async () => {
      const server = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"isolated")
http.server.HTTPServer(("0.0.0.0", 9000), Handler).serve_forever()
`;
      const run = start('#!/bin/bash\nexec python3 -I server.py\n', { files: { 'server.py': server } });
      await run.ready();
      expect(await run.ask()).toBe('isolated');
    });
  });

  describe('the file system', () => {
    test('has the code read-only at /var/user, where programs start', async () => {
      const [where, ...errors] = await printed(
        'pwd; touch new; echo more >> scf_bootstrap; touch /var/new /usr/new',
      );
      expect(where).toBe('/var/user');
      expect(errors).toHaveLength(4);
      for (const error of errors) expect(error).toMatch(/Read-only file system/);
    });

    test('has a /tmp that is empty and writable, of 512 MB, for each instance anew', async () => {
      const text = 'ls -A /tmp; echo mine > /tmp/file && cat /tmp/file; stat -f -c "%b %S" /tmp';
      for (const _ of [1, 2]) {
        const [mine, size = ''] = await printed(text);
        expect(mine).toBe('mine');
        const [blocks = 0, blockBytes = 0] = size.split(' ').map(Number);
        expect(blocks * blockBytes).toBe(512 * MB);
      }
    });

    test('has shared memory of 64 MB, and a /dev where nothing can be made', async () => {
      const text = 'stat -f -c "%b %S" /dev/shm; touch /dev/new; echo discarded > /dev/null';
      const [size = '', error, ...more] = await printed(text);
      const [blocks = 0, blockBytes = 0] = size.split(' ').map(Number);
      expect(blocks * blockBytes).toBe(64 * MB);
      expect(error).toMatch(/Read-only file system/);
      expect(more).toEqual([]);
    });

    test('has the interpreters of the cloud under /var/lang', async () => {
      const lines = await printed('/var/lang/node20/bin/node -p "6 * 7"');
      expect(lines).toEqual(['42']);
    });

    test('has an interpreter in the code folder', async () => {
      const files = { 'run.sh': '' };
      const codeDir = writeApp('#!/var/user/interpreter\n', { files });
      cpSync('/bin/cat', join(codeDir, 'interpreter'));
      const run = new Observed(driver, { codeDir });
      runs.push(run);
      expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
      expect(run.lines).toEqual(['#!/var/user/interpreter']);
    });
  });

  test('the environment is the given one and the cloud’s, the mark, and nothing else', async () => {
    const environment = { STAGE: 'test', PATH: '/usr/bin:/bin', NODE_OPTIONS: '--no-warnings' };
    const [json = ''] = await printed(
      "exec python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'",
      {
        environment,
      },
    );
    const seen: Record<string, string> = JSON.parse(json);
    expect(seen).toMatchObject({ ...environment, HOME: '/home/qcloud', LANG: 'en_US.UTF8' });
    const more = Object.keys(seen).filter(name => !(name in environment) && /^(?:NODE|SCF_WS)_/.test(name));
    expect(more).toEqual(['SCF_WS_MARK']);
  });

  test.each([143, 130 + 9, 255, 126])('an exit with %i is no signal', async code => {
    const run = start(`#!/bin/bash\nexit ${code}\n`);
    expect(await run.exited()).toEqual({ kind: 'exited', code });
  });

  test('terminate reaches a process whose environment is cleared, and lets it finish', async () => {
    const run = start(`#!/bin/bash
env -i /bin/bash -c 'trap "sleep 0.1; echo done; exit" TERM; echo trapped; while :; do sleep 0.01; done'`);
    await run.printed('trapped');
    run.sandbox.terminate();
    await run.exited();
    expect(run.lines.at(-1)).toBe('done');
  });

  test('this machine’s loopback is not reachable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const lines = await printed(`(: < /dev/tcp/127.0.0.1/${port}) 2>&1 && echo reached`);
    server.close();
    expect(lines.join()).toMatch(/Connection refused/);
    expect(lines).not.toContain('reached');
  });

  test('the dialer is gone when the connection is open, and never was a process of the function', async () => {
    const run = new Observed(driver, { codeDir: pack(fixture('echo')) });
    runs.push(run);
    await run.ready();
    const pid = await run.printedNumber('listening');
    expect(functionProcesses(run.instanceId).map(pidWithin)).toEqual([pid]);
    const [server = 0] = functionProcesses(run.instanceId);
    const [, rss] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server}/status`, 'latin1')) ?? [];
    expect(run.sandbox.peakMemoryBytes).toBeLessThanOrEqual(Number(rss) * 1024);
    const network = namespaceOf(server, 'net') ?? '';
    expect(commandsIn(network)).toContainEqual(['node', 'server.cjs', '']);
    await eventually('the end of the dialer', () =>
      commandsIn(network).every(([, program = '']) => !program.endsWith('/dialer.cjs')),
    );
    expect(await run.ask()).toBe(`${pid} `);
  });

  test('an ordinary user needs no rights beyond their own', async ({ skip }) => {
    const canSwitch = process.getuid?.() === 0 && spawnSync('su', ['--version']).status === 0;
    // Where nothing may be skipped, it fails for want of su.
    if (!canSwitch && process.env.CI !== 'true') skip('only root with su can become another user');
    const program = await builtProgram('one-instance.ts', folder);
    const codeDir = pack(fixture('echo'));
    const temporary = mkdtempSync(join(folder, 'tmp-of-nobody-'));
    chmodSync(temporary, 0o777);
    const command = quoted([...program, codeDir]);
    const { stdout, stderr } = spawnSync('su', ['nobody', '-s', '/bin/bash', '-c', command], {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', TMPDIR: temporary },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      isRoot: false,
      answer: expect.stringMatching(/^\d+ nobody$/),
      exit: { kind: 'signaled', signal: 'SIGTERM' },
      left: [],
    });
  });

  test('an instance leaves no mount, no process and no open file of the emulator', async () => {
    const once = async (): Promise<void> => {
      const run = new Observed(driver, { codeDir: pack(fixture('forks-a-child')) });
      await run.ready();
      run.sandbox
        .connect()
        .on('error', () => {})
        .destroy();
      run.sandbox.kill();
      await run.exited();
      expect(isAlive(run.sandbox.pid ?? 0)).toBe(false);
    };
    const held = () => ({
      mounts: readFileSync('/proc/self/mounts', 'utf8'),
      files: readdirSync('/proc/self/fd').length,
    });
    // The first makes what all share.
    await once();
    const before = held();
    for (let i = 0; i < 5; i++) await once();
    await eventually('no more open files', () => held().files <= before.files);
    expect(held().mounts).toBe(before.mounts);
  });
});
