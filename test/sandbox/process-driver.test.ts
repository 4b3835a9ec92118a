// The process driver keeps the contract, and what is its own: how it fails, and what it does to the environment.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { create } from './create-process-driver.ts';
import { describeDriver } from './driver-contract.ts';
import { fixture, Observed, writeApp } from './observed.ts';

describeDriver('process', create, {
  module: fileURLToPath(new URL('create-process-driver.ts', import.meta.url)),
  seesHiddenDaemons: false,
  addedVariables:
    /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_ALL|TZ|TMPDIR|SHELL|VIRTUAL_ENV|NODE_OPTIONS|PYTHONPATH|SCF_WS_\w+)$/,
});

describe('the process driver itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'process-driver-'));
  beforeEach(() => {
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('when the system refuses', () => {
    const driver = create();

    test.each([
      ['a temporary folder', { TMPDIR: '/no/such/folder' }],
      ['a pipe', { PATH: '/no/such/folder' }],
    ])('%s, nothing is left and the next start tries again', async (_what, environment) => {
      for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
      const run = new Observed(driver, { codeDir: fixture('echo') });
      expect(run.wasToldAtOnce).toBe(false);
      expect(await run.exited()).toMatchObject({
        kind: 'not-started',
        advice: expect.stringContaining('folder'),
      });
      expect(readdirSync(folder)).toEqual([]);
    });

    test('a program its arguments, that is an exit with its reason', async () => {
      const environment = { LONG: 'x'.repeat(1024 ** 2) };
      const run = new Observed(driver, { codeDir: fixture('echo'), environment });
      expect(await run.exited()).toMatchObject({
        kind: 'not-started',
        message: 'fork/exec /var/user/scf_bootstrap: E2BIG',
      });
      expect(run.types).toEqual(['exit']);
      // The driver itself lives on.
      const next = new Observed(driver, { codeDir: fixture('echo') });
      await next.ready();
      next.sandbox.kill();
      await next.exited();
      await driver.close();
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  test('a missing start file is asked for where it should be', async () => {
    const driver = create();
    const run = new Observed(driver, { codeDir: folder });
    expect(await run.exited()).toMatchObject({ advice: `Put the start file scf_bootstrap into ${folder}` });
    await driver.close();
  });

  test('a port that nobody listens on any more is waited for, until somebody does again', async () => {
    // What a hook reports of a server that has closed since.
    const report = `{"instance":"$SCF_WS_INSTANCE","port":9000,"actualPort":1,"address":"0.0.0.0"}`;
    const driver = create();
    const codeDir = writeApp(
      `#!/bin/bash\necho '${report.replaceAll('$SCF_WS_INSTANCE', "'$SCF_WS_INSTANCE'")}' > "$SCF_WS_PIPE"\necho closed\nread -r _ < fifo\nexec node server.cjs\n`,
      { files: { 'server.cjs': "require('../ws-server.cjs').listen();" } },
    );
    execFileSync('mkfifo', [join(codeDir, 'fifo')]);
    const run = new Observed(driver, { codeDir });
    await run.printed('closed');
    writeFileSync(join(codeDir, 'fifo'), 'go on\n');
    await run.ready();
    expect(await run.ask()).toMatch(/^\d+ $/);
    run.sandbox.kill();
    await run.exited();
    await driver.close();
  });

  describe('the environment', () => {
    async function printed(environment: Record<string, string>): Promise<Record<string, string>> {
      const driver = create();
      const run = new Observed(driver, { codeDir: fixture('prints-environment'), environment });
      await run.exited();
      await driver.close();
      return JSON.parse(run.lines[0] ?? '');
    }

    test('keeps what the function sets for its interpreters', async () => {
      const seen = await printed({ NODE_OPTIONS: '--max-old-space-size=96', PYTHONPATH: '/var/user:/opt' });
      expect(seen.NODE_OPTIONS).toMatch(/ --max-old-space-size=96$/);
      expect(seen.PYTHONPATH).toMatch(/:\/var\/user:\/opt$/);
    });

    test('has no path in it that a shell would have to quote, wherever temporary folders are', async () => {
      const parent = mkdtempSync(join(tmpdir(), 'odd '));
      vi.stubEnv('TMPDIR', parent);
      const { NODE_OPTIONS = '' } = await printed({});
      expect(NODE_OPTIONS).toMatch(/^--require [^ ]+\/node-hook\.cjs$/);
    });
  });

  test('what a program writes into the pipe of the hooks disturbs nobody', async () => {
    const driver = create();
    const codeDir = writeApp(
      '#!/bin/bash\n{ echo "not JSON"; echo "{}"; echo null; head -c 50000 /dev/zero; echo; } > "$SCF_WS_PIPE"\nexec node ok.cjs\n',
    );
    writeFileSync(join(codeDir, 'ok.cjs'), "require('../ws-server.cjs').listen();");
    const run = new Observed(driver, { codeDir });
    await run.ready();
    run.sandbox.kill();
    await run.exited();
    await driver.close();
  });

  test.runIf(process.platform === 'linux')(
    'a process beyond reach that holds the output does not hold up the exit, and no output is lost',
    async () => {
      const driver = create();
      // Its environment cleared and in a session of its own, nothing tells whose it is.
      const text = `#!/bin/bash
env -i setsid sleep 1000 &
until [ "$(cut -d ' ' -f 6 /proc/$!/stat)" = $! ]; do :; done
echo "beyond $!"
printf 'half a line'
`;
      const run = new Observed(driver, { codeDir: writeApp(text) });
      expect(await run.exited()).toEqual({ kind: 'exited', code: 0 });
      process.kill(await run.printedNumber('beyond'), 'SIGKILL');
      expect(run.lines.at(-1)).toBe('half a line');
      await driver.close();
    },
  );
});
