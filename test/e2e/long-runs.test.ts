// What adds up: much output, many connections, many failed starts. Nothing of it stays in the emulator.
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture, packed } from '../sandbox/observed.ts';
import { Client } from './client.ts';
import { Dev, temporaryFolder } from './harness.ts';
import { until } from './until.ts';

const MB = 1024 ** 2;

/** A ceiling, for a machine that has other things to do. */
const CEILING_MS = 180_000;

/** A folder with these fixtures as functions, each under its own name. */
function functionsOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const functions = Object.fromEntries(
    names.map(name => [
      name,
      {
        src: packed(fixture(name), folder),
        route: `/${name}`,
        limits: { qps: 'none', bandwidth: 'none' },
        // However slow the machine is.
        idleTimeout: 3600,
        timeout: 3600,
      },
    ]),
  );
  writeFileSync(join(folder, 'scf.json'), JSON.stringify({ functions }));
  return folder;
}

describe.each(['process', 'namespace'])('under %s', sandbox => {
  test(
    '100 MB of output come whole and in order, in little memory, and no message waits for them',
    async () => {
      const dir = functionsOf('logs-100-mb');
      const stderrFile = join(dir, 'stderr');
      const dev = await Dev.start({ dir, args: ['--sandbox', sandbox], stderrFile });
      onTestFinished(() => dev.dispose());
      const client = await Client.open(dev.url('/logs-100-mb'));
      for (let i = 0; i < 100; i++) expect(await client.ask(`message ${i}`)).toBe(`message ${i}`);
      expect(statSync(stderrFile).size, 'of the output, when all messages were answered').toBeLessThan(
        100 * MB,
      );

      while (!endOf(stderrFile).includes('| line 1048576 0')) {
        const { size } = statSync(stderrFile);
        await until('more output', () => statSync(stderrFile).size > size);
      }
      client.socket.close(1000);
      const { statusCode } = await dev.report(0);
      expect(statusCode).toBe(200);
      const [, peakKB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${dev.pid}/status`, 'utf8')) ?? [];
      expect(Number(peakKB) * 1024).toBeLessThan(250 * MB);
      await dev.stop();
      const numbers = readFileSync(stderrFile, 'latin1').matchAll(/ \| line (\d{7}) 0{87}\n/g);
      let expected = 1;
      for (const [, number] of numbers) if (Number(number) === expected) expected++;
      expect(expected - 1).toBe(MB);
    },
    CEILING_MS,
  );

  test(
    '50 connections, 40 failed starts and 20 refusals leave no open file',
    async () => {
      const dir = functionsOf('echo', 'crashes-on-start', 'not-executable', 'refuses-401');
      const dev = await Dev.start({ dir, args: ['--sandbox', sandbox] });
      onTestFinished(() => dev.dispose());
      const files = (): number => readdirSync(`/proc/${dev.pid}/fd`).length;

      let reports = 0;
      async function atOnce(count: number): Promise<void> {
        const connections = Array.from({ length: count }, async () => {
          const client = await Client.open(dev.url('/echo'));
          expect(await client.ask('hello')).toBe('hello');
          client.socket.close(1000);
          await client.closed();
        });
        await Promise.all(connections);
        reports += count;
        await dev.report(reports - 1);
      }
      const refused = async (name: string, status: number): Promise<void> => {
        expect(await Client.refused(dev.url(`/${name}`))).toMatchObject({ statusCode: status });
      };

      // The first makes what all share.
      await atOnce(1);
      const before = files();
      for (let i = 0; i < 5; i++) {
        await atOnce(10);
        for (let j = 0; j < 4; j++) {
          await Promise.all([
            refused('crashes-on-start', 443),
            refused('not-executable', 443),
            refused('refuses-401', 401),
          ]);
          reports += 3;
          await dev.report(reports - 1);
        }
      }
      await until(
        () => `${before} open files; there are ${files()}`,
        () => files() <= before,
      );
      await dev.stop();
    },
    CEILING_MS,
  );
});

/** The last bytes of a file. */
function endOf(path: string): string {
  const bytes = Buffer.alloc(4096);
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  const count = readSync(file, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
  closeSync(file);
  return bytes.toString('latin1', 0, count);
}
