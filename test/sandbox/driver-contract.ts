// What src/sandbox/driver.ts promises, as one suite that every driver must pass. Each fixture is a small program
// that misbehaves in one way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SandboxDriver } from '../../src/sandbox/driver.ts';
import { freePort } from './free-port.ts';
import type { StartOptions } from './observed.ts';
import {
  childrenOf,
  eventually,
  fixture,
  isAlive,
  livingIn,
  Observed,
  processesWith,
  readLine,
  writeApp,
} from './observed.ts';

export interface DriverFacts {
  /** The path of a module that exports `create`, for an emulator in a process of its own. */
  readonly module: string;
  /** The variables, beside those of the request, that instances get from the driver or from the caller. */
  readonly addedVariables: RegExp;
  /** Where instances see nothing but their code folder: makes one with all that the programs need. */
  readonly pack?: (codeDir: string) => string;
  /** Whether what has left the tree in every way is still known to be of it. */
  readonly seesHiddenDaemons: boolean;
  /** Where programs see numbers of their own: this machine's number of a living process. */
  readonly hostPid?: (instanceId: string, pid: number) => number;
}

/** From here, modules are found. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const isLinux = process.platform === 'linux';
const SHELLS_OWN = /^(?:PWD|OLDPWD|SHLVL|_)$/;
const MB = 1024 ** 2;

export function describeDriver(name: string, create: () => SandboxDriver, facts: DriverFacts): void {
  describe(`the ${name} driver`, () => {
    const callersTmpdir = process.env.TMPDIR;
    const temporary = mkdtempSync(join(tmpdir(), `contract-${name}-`));
    const runs: Observed[] = [];
    const { pack = codeDir => codeDir, hostPid = (_instanceId, pid) => pid } = facts;
    let driver: SandboxDriver;

    function start(options: StartOptions, inDriver = driver): Observed {
      const run = new Observed(inDriver, { ...options, codeDir: pack(options.codeDir) });
      runs.push(run);
      return run;
    }

    async function startReady(fixtureName: string, options: Partial<StartOptions> = {}): Promise<Observed> {
      const run = start({ codeDir: fixture(fixtureName), ...options });
      await run.ready();
      return run;
    }

    /** What holds for every instance, however it ended. */
    function expectPromisesKept(run: Observed): void {
      const { types } = run;
      expect(run.wasToldAtOnce).toBe(false);
      expect(types.filter(type => type === 'exit')).toHaveLength(1);
      expect(run.told.at(-1)?.type).toBe('exit');
      expect(types.filter(type => type === 'ready' || type === 'loopback-only').length).toBeLessThan(
        2 + run.renewals,
      );
      if (run.exit?.kind === 'not-started') expect(types).toEqual(['exit']);
      else expect(run.told[0]?.type).toBe('started');
      expect(types.filter(type => type === 'started').length).toBeLessThan(2);
      const endings = run.told.filter(told => told.type === 'ending').map(({ exit }) => exit);
      expect(endings.length).toBeLessThan(2);
      for (const exit of endings) expect(exit).toEqual(run.exit);
    }

    beforeAll(() => {
      process.env.TMPDIR = temporary;
      process.env.CALLERS_SECRET = 'of the caller';
      driver = create();
    });
    afterEach(async () => {
      for (const run of runs) run.sandbox.kill();
      await Promise.all(runs.map(run => run.exited()));
      for (const run of runs) expectPromisesKept(run);
    });
    afterAll(async () => {
      await driver.close();
      for (const run of runs) expectPromisesKept(run);
      if (callersTmpdir === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = callersTmpdir;
      delete process.env.CALLERS_SECRET;
      rmSync(temporary, { recursive: true });
    });

    describe('a start file that cannot be run is an exit, in the words of the platform', () => {
      test.each<[shape: string, codeDir: () => string, message: RegExp]>([
        [
          'missing',
          () => mkdtempSync(join(tmpdir(), 'empty-')),
          /\[\.\/scf_bootstrap\] no such file or directory/,
        ],
        ['in no folder', () => '/no/such/folder', /\[\.\/scf_bootstrap\] no such file or directory/],
        ['with CRLF', () => fixture('crlf'), /\[\.\/scf_bootstrap\] no such file or directory/],
        ['not executable', () => fixture('not-executable'), /\/scf_bootstrap: permission denied/],
        ['without #!', () => fixture('no-shebang'), /\/scf_bootstrap: exec format error/],
        ['empty', () => writeApp(''), /\/scf_bootstrap: exec format error/],
        ['behind a byte order mark', () => writeApp('\uFEFF#!/bin/sh\n'), /: exec format error/],
        ['with a missing interpreter', () => fixture('missing-interpreter'), /\] no such file or directory/],
        ['with a folder as interpreter', () => writeApp('#!/usr\n'), /: permission denied/],
      ])('%s', async (_shape, codeDir, message) => {
        const exit = await start({ codeDir: codeDir() }).exited();
        expect(exit).toMatchObject({ kind: 'not-started', message: expect.stringMatching(message) });
        expect(exit).toMatchObject({ advice: expect.stringMatching(/./) });
      });
    });

    describe('readiness', () => {
      test.each(['echo', 'python-echo'])('%s is ready once it listens on its port', async program => {
        const run = await startReady(program, { environment: { INSTANCE: 'me' } });
        const pid = await run.printedNumber('listening');
        expect(await run.ask()).toBe(`${pid} me`);
      });

      test('does not come before the function listens, however late', async () => {
        const run = start({ codeDir: fixture('listens-late'), environment: { LISTEN_AFTER_MS: '300' } });
        await run.printedNumber('starting');
        expect(run.types).not.toContain('ready');
        await run.ready();
      });

      test('is told once, however often the function listens', async () => {
        const text = `#!/usr/bin/env node
          const server = require('http').createServer();
          server.once('listening', () => server.close(() => {
            server.listen(9000, '0.0.0.0', () => console.log('again'));
          }));
          server.listen(9000, '0.0.0.0');`;
        const run = start({ codeDir: writeApp(text) });
        await Promise.all([run.printed('again'), run.ready()]);
        run.sandbox.kill();
        await run.exited();
        expect(run.types.filter(type => type === 'ready')).toHaveLength(1);
      });

      test('comes again for each renewal of an instance that is kept', async () => {
        const run = await startReady('echo', { isKept: true, environment: { INSTANCE: 'kept' } });
        const first = await run.ask();
        for (const count of [2, 3]) {
          run.renew();
          await run.until('ready again', () => run.types.filter(type => type === 'ready').length === count);
          expect(await run.ask()).toBe(first);
        }
      });

      test('does not come for a loopback address, which is told instead', async () => {
        const run = start({ codeDir: fixture('listens-on-loopback') });
        await run.until('loopback-only', () => run.types.includes('loopback-only'));
        expect(run.told).toContainEqual({ type: 'loopback-only', address: '127.0.0.1' });
        expect(run.types).not.toContain('ready');
      });

      test('does not come for another port, which is told', async () => {
        const otherPort = await freePort();
        const environment = { OTHER_PORT: String(otherPort) };
        const run = start({ codeDir: fixture('listens-on-other-port'), environment });
        await run.until('other-port', () => run.types.includes('other-port'));
        expect(run.told).toContainEqual({ type: 'other-port', port: otherPort });
        expect(run.types).not.toContain('ready');
      });

      test('does not come for a program that listens on nothing', async () => {
        const run = start({ codeDir: fixture('never-listens') });
        await run.printedNumber('running');
        run.sandbox.terminate();
        await run.exited();
        expect(run.types).toEqual(['started', 'output', 'exit']);
      });
    });

    describe('an end by itself', () => {
      test('tells the exit code and, before it, the output', async () => {
        const run = start({ codeDir: fixture('crashes-on-start') });
        expect(await run.exited()).toEqual({ kind: 'exited', code: 1 });
        expect(run.told).toContainEqual({
          type: 'output',
          stream: 'stderr',
          line: 'Error: no such table: users',
        });
      });

      test('is an exit with 0 for a program that forgets to listen', async () => {
        const run = start({ codeDir: fixture('exits-cleanly-on-start') });
        expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
      });

      test('tells the signal that ended it', async () => {
        const run = start({ codeDir: writeApp('#!/bin/bash\nkill -SEGV $$\n') });
        expect(await run.exited()).toEqual({ kind: 'signaled', signal: 'SIGSEGV' });
      });
    });

    describe('output', () => {
      test('comes complete and in order, much of it just before the end', async () => {
        const count = 20_000;
        const run = start({ codeDir: writeApp(`#!/bin/bash\nseq -f 'line %.0f of many' ${count}\n`) });
        await run.exited();
        expect(run.lines).toEqual(Array.from({ length: count }, (_, i) => `line ${i + 1} of many`));
      });

      test('comes without line ends, the last line even if it has none', async () => {
        const run = start({
          codeDir: writeApp("#!/bin/bash\nprintf 'one\\n\\ntwo\\r\\nlast \\xe2\\x82\\xac'\n"),
        });
        await run.exited();
        expect(run.lines).toEqual(['one', '', 'two', 'last €']);
      });

      test.runIf(isLinux)('comes complete even if the program ends while the emulator is busy', async () => {
        const run = await startReady('slow-sigterm');
        const pid = hostPid(run.instanceId, await run.printedNumber('listening'));
        expect(isAlive(pid)).toBe(true);
        run.sandbox.terminate();
        await run.printed('tidying up');
        // Nothing is read or noticed until this is over.
        while (isAlive(pid));
        await run.exited();
        expect(run.lines.at(-1)).toBe('tidied up');
      });

      test('in a flood does not keep an instance from being killed', async () => {
        const run = start({ codeDir: writeApp('#!/bin/bash\nyes & exec yes\n') });
        await run.until('much output', () => run.told.length > 10_000);
        run.sandbox.kill();
        expect(await run.exited()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
      });
    });

    test('a program sees the environment that it was given, and of the caller only what is documented', async () => {
      const environment = { STAGE: 'test', QUOTED: `a "b" 'c' $HOME`, EMPTY: '' };
      const run = start({ codeDir: fixture('prints-environment'), environment });
      await run.exited();
      const seen = JSON.parse(run.lines[0] ?? '');
      expect(seen).toMatchObject(environment);
      const more = Object.keys(seen).filter(
        variable => !(variable in environment || SHELLS_OWN.test(variable)),
      );
      expect(more.filter(variable => !facts.addedVariables.test(variable))).toEqual([]);
    });

    test('twenty instances listen on one port at once, and each is reached', async () => {
      const started = Array.from({ length: 20 }, (_, i) =>
        start({ codeDir: fixture('echo'), environment: { INSTANCE: `i-${i}` } }),
      );
      await Promise.all(started.map(run => run.ready()));
      const answers = await Promise.all(started.map(run => run.ask()));
      const printed = await Promise.all(started.map(run => run.printedNumber('listening')));
      expect(answers).toEqual(printed.map((pid, i) => `${pid} i-${i}`));
    });

    describe('terminate', () => {
      test('reaches a program that its shell has not replaced itself by, which may finish', async () => {
        const run = await startReady('slow-sigterm');
        run.sandbox.terminate();
        await run.exited();
        expect(run.lines.slice(-2)).toEqual(['tidying up', 'tidied up']);
      });

      test('reaches a program that has left the process group', async () => {
        const trapper = `const { listen } = require('../ws-server.cjs');
          process.on('SIGTERM', () => { console.log('asked'); setTimeout(() => { console.log('done'); process.exit(); }, 100); });
          listen();`;
        const run = start({
          codeDir: writeApp('#!/bin/bash\nset -m\nnode trapper.cjs &\nwait\n', {
            files: { 'trapper.cjs': trapper },
          }),
        });
        await run.ready();
        run.sandbox.terminate();
        await run.exited();
        expect(run.lines.slice(-2)).toEqual(['asked', 'done']);
      });

      test('does not end a program that ignores it; kill does', async () => {
        const run = await startReady('ignores-sigterm');
        run.sandbox.terminate();
        await run.printed('ignoring SIGTERM');
        expect(await run.ask()).toMatch(/^\d+ $/);
        run.sandbox.kill();
        expect(await run.exited()).toEqual({ kind: 'signaled', signal: 'SIGKILL' });
      });

      test('is cut short by kill', async () => {
        const run = await startReady('slow-sigterm');
        run.sandbox.terminate();
        await run.printed('tidying up');
        run.sandbox.kill();
        await run.exited();
        expect(run.lines.at(-1)).toBe('tidying up');
      });

      test('signals nobody after the exit, when the numbers may be those of others; nor does kill', async () => {
        const run = await startReady('echo');
        run.sandbox.kill();
        await run.exited();
        const signalled = vi.spyOn(process, 'kill');
        run.sandbox.terminate();
        run.sandbox.kill();
        expect(signalled).not.toHaveBeenCalled();
        signalled.mockRestore();
      });

      test.each(['terminate', 'kill'] as const)('right after the start, %s is still an exit', async how => {
        const atOnce = start({ codeDir: fixture('echo') });
        atOnce.sandbox[how]();
        const whenItRuns = start({ codeDir: fixture('echo') });
        await whenItRuns.until('started', () => whenItRuns.types.includes('started'));
        whenItRuns.sandbox[how]();
        expect(await atOnce.exited()).toMatchObject({ kind: 'not-started' });
        const signal = how === 'kill' ? 'SIGKILL' : 'SIGTERM';
        expect(await whenItRuns.exited()).toEqual({ kind: 'signaled', signal });
      });
    });

    describe('at the exit nothing of the tree is left', () => {
      const endings: Record<string, (run: Observed) => void> = {
        'that is killed': run => run.sandbox.kill(),
        'that is terminated': run => run.sandbox.terminate(),
        'whose leader is killed by someone else': run => process.kill(run.sandbox.pid ?? 0, 'SIGKILL'),
      };
      for (const [fixtureName, word] of [
        ['forks-a-child', 'child'],
        ['daemonizes', 'daemon'],
      ] as const) {
        test.each(Object.keys(endings))(`of ${fixtureName} %s`, async how => {
          const run = await startReady(fixtureName);
          const printed = [await run.printedNumber(word), await run.printedNumber('listening')];
          const pids = printed.map(pid => hostPid(run.instanceId, pid));
          expect(pids.every(isAlive)).toBe(true);
          let left: readonly number[] = pids;
          run.atExit = () => {
            left = pids.filter(isAlive);
          };
          endings[how]?.(run);
          await run.exited();
          expect(left).toEqual([]);
        });
      }

      test.each([
        ['in its group', 'sleep 1000 &'],
        ['in a session of its own', 'setsid sleep 1000 < /dev/null > /dev/null 2>&1 &'],
        ['with its environment cleared', 'env -i sleep 1000 &'],
        ['that is stopped', 'sleep 1000 & kill -STOP $!'],
      ])('whose leader ends just after it has started a child %s', async (_kind, command) => {
        // Its namespace, so that a child is known even by a number of its own.
        const text = `#!/bin/bash\nin=$(readlink /proc/self/ns/pid)\n${command}\necho "child $! $in"\nexit 3\n`;
        const codeDir = writeApp(text);
        // It takes luck to end at the worst moment.
        for (let attempt = 0; attempt < 15; attempt++) {
          const run = start({ codeDir });
          const left: boolean[] = [];
          run.atExit = () => {
            const [, pid, namespace] = /^child (\d+) (.*)$/.exec(run.lines[0] ?? '') ?? [];
            const hasChild = namespace ? livingIn(namespace, Number(pid)) !== null : isAlive(Number(pid));
            left.push(pid === undefined || hasChild);
          };
          expect(await run.exited()).toEqual({ kind: 'exited', code: 3 });
          expect(left).toEqual([false]);
        }
      });

      test('but another instance is, even one whose name begins alike or is the same elsewhere', async () => {
        const elsewhere = create();
        const run = await startReady('echo', { instanceId: 'i-1' });
        const alike = await startReady('echo', { instanceId: 'i-10', environment: { INSTANCE: 'alike' } });
        const options = { codeDir: fixture('echo'), instanceId: 'i-1', environment: { INSTANCE: 'same' } };
        const same = start(options, elsewhere);
        await same.ready();
        run.sandbox.kill();
        await run.exited();
        expect(await alike.ask()).toBe(`${await alike.printedNumber('listening')} alike`);
        expect(await same.ask()).toBe(`${await same.printedNumber('listening')} same`);
        same.sandbox.kill();
        await same.exited();
        await elsewhere.close();
      });
    });

    // Other systems do not tell the memory of a tree.
    describe.runIf(isLinux)(
      'the most memory that the tree had at once is told within 10 % when it is',
      () => {
        test.each([
          'in-node',
          'in-python',
          'in-two-children',
          'in-a-child-with-its-environment-cleared',
          'shared-by-forks',
          'for-a-moment',
          'for-a-moment-beside-another',
          ...(facts.seesHiddenDaemons ? ['in-a-hidden-daemon'] : []),
        ])('%s', async how => {
          const run = start({ codeDir: fixture('uses-memory'), environment: { HOW: how, MB: '60' } });
          if (how === 'for-a-moment-beside-another') {
            const pid = await run.printedNumber('waiting');
            const looks = () => run.told.filter(({ type }) => type === 'memory').length;
            const before = looks();
            await run.until('a look at the other', () => looks() > before);
            process.kill(hostPid(run.instanceId, pid), 'SIGUSR1');
          }
          const usedBytes = await run.printedNumber('used');
          expect(usedBytes).toBeGreaterThan(60 * MB);
          run.sandbox.terminate();
          await run.exited();
          const peak = run.sandbox.peakMemoryBytes ?? 0;
          expect(peak / usedBytes, `${peak} told, ${usedBytes} used`).toBeGreaterThan(0.9);
          expect(peak / usedBytes, `${peak} told, ${usedBytes} used`).toBeLessThan(1.1);
        });
      },
    );

    test.runIf(isLinux)('a connection that nobody has taken is closed at the exit', async () => {
      const files = (): number => readdirSync('/proc/self/fd').length;
      // The first makes what all share.
      const first = await startReady('echo');
      first.sandbox.kill();
      await first.exited();
      const before = files();
      const started = Array.from({ length: 5 }, () => start({ codeDir: fixture('echo') }));
      await Promise.all(started.map(run => run.ready()));
      for (const run of started) run.sandbox.kill();
      await Promise.all(started.map(run => run.exited()));
      await eventually('no more open files', () => files() <= before);
    });

    test.runIf(isLinux)('close leaves no process and no file', async () => {
      const before = { children: childrenOf(process.pid), files: readdirSync(temporary) };
      const own = create();
      const run = start({ codeDir: fixture('echo') }, own);
      await run.ready();
      run.sandbox.kill();
      await run.exited();
      await own.close();
      expect({ children: childrenOf(process.pid), files: readdirSync(temporary) }).toEqual(before);
    });

    test('close of a driver that never started anything, or only failed to, leaves nothing either', async () => {
      const files = readdirSync(temporary);
      await create().close();
      const own = create();
      await start({ codeDir: fixture('crlf') }, own).exited();
      await own.close();
      expect(readdirSync(temporary)).toEqual(files);
    });

    test.runIf(isLinux)('of an emulator that is killed, nothing is left', async () => {
      const own = mkdtempSync(join(tmpdir(), 'killed-'));
      const script = fileURLToPath(new URL('emulator-to-kill.ts', import.meta.url));
      const programs = ['echo', 'forks-a-child', 'daemonizes', 'ignores-sigterm', 'python-echo'];
      const codeDirs = programs.map(program => pack(fixture(program)));
      const load = "const { runnerImport } = await import('vite'); await runnerImport(process.argv[1])";
      const emulator = spawn(
        process.execPath,
        ['--input-type=module', '-e', load, script, facts.module, ...codeDirs],
        { cwd: root, env: { ...process.env, TMPDIR: own }, stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const told: { instanceId: string; pid: number; lines: string[] }[] = JSON.parse(
        await readLine(emulator.stdout),
      );
      const printed = told.flatMap(({ instanceId, lines }) =>
        lines.flatMap(line => {
          const [, pid] = /^(?:child|daemon|listening) (\d+)$/.exec(line) ?? [];
          return pid === undefined ? [] : [hostPid(instanceId, Number(pid))];
        }),
      );
      expect(new Set(printed).size).toBe(programs.length + 2);
      const pids = new Set([...told.map(({ pid }) => pid), ...printed]);
      expect([...pids].filter(pid => !isAlive(pid))).toEqual([]);
      expect(readdirSync(own)).not.toEqual([]);

      emulator.kill('SIGKILL');
      await once(emulator, 'exit');
      await eventually('the end of all processes', () => ![...pids].some(isAlive));
      await eventually('the end of all that knows the folder', () => processesWith(own).length === 0);
      expect(readdirSync(own)).toEqual([]);
    });
  });
}
