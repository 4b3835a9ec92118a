// Start files that misbehave, each in its own way, in the whole program: what the client sees, what is reported and
// explained, that others are served meanwhile, and that nothing is left.
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import { processesThatKnow } from '../leftovers.ts';
import { fixture, packed } from '../sandbox/observed.ts';
import { Client } from './client.ts';
import { Dev, temporaryFolder } from './harness.ts';
import type { OrdinaryUser } from './ordinary-user.ts';
import { ordinaryUser } from './ordinary-user.ts';
import { until } from './until.ts';

interface Run {
  readonly name: string;
  readonly sandbox: 'process' | 'namespace';
  readonly isOrdinary?: boolean;
}

const RUNS: readonly Run[] = [
  { name: 'process', sandbox: 'process' },
  { name: 'namespace', sandbox: 'namespace' },
  { name: 'namespace, as an ordinary user', sandbox: 'namespace', isOrdinary: true },
];

/** A connection that does not open. */
interface Refused {
  readonly fixture: string;
  readonly environment?: Record<string, string>;
  readonly only?: Run['sandbox'];
  readonly status: number;
  readonly cause: InvocationReport['cause'];
  /** In the body, as the platform has it. */
  readonly words: string;
  readonly sentence: string;
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'has no start file': {
    fixture: 'empty',
    status: 443,
    cause: 'start-failed',
    words: '[./scf_bootstrap] no such file or directory',
    sentence: 'Put the start file scf_bootstrap into',
  },
  'has a start file with CRLF': {
    fixture: 'crlf',
    status: 443,
    cause: 'start-failed',
    words: '[./scf_bootstrap] no such file or directory',
    sentence: 'CRLF',
  },
  'has a start file that is not executable': {
    fixture: 'not-executable',
    status: 443,
    cause: 'start-failed',
    words: 'fork/exec /var/user/scf_bootstrap: permission denied',
    sentence: 'chmod',
  },
  'has a start file without #!': {
    fixture: 'no-shebang',
    status: 443,
    cause: 'start-failed',
    words: 'fork/exec /var/user/scf_bootstrap: exec format error',
    sentence: '#!',
  },
  'starts its server in the background and exits': {
    fixture: 'backgrounds-its-server',
    status: 443,
    cause: 'start-failed',
    words: '[./scf_bootstrap] exited with code 0',
    sentence: 'ended before anything listened on port 9000: start the server in the foreground',
  },
  'opens its port after the init timeout': {
    fixture: 'listens-late',
    environment: { LISTEN_AFTER_MS: '600000' },
    status: 446,
    cause: 'port-not-bound',
    words: 'context deadline exceeded',
    sentence: 'Nothing listened on 0.0.0.0:9000 within the init timeout of 3 s',
  },
  'closes its port before anyone has connected': {
    fixture: 'closes-its-port-at-once',
    // For the hook of the other one see the tests of that driver: here the gateway might be quicker.
    only: 'namespace',
    status: 446,
    cause: 'port-not-bound',
    words: 'context deadline exceeded',
    sentence: 'Nothing listened on 0.0.0.0:9000 within the init timeout of 3 s',
  },
  'exits instead of answering the handshake': {
    fixture: 'exits-in-the-handshake',
    status: 439,
    cause: 'process-exited',
    words: 'User process exit when running',
    sentence: "The function's process ended (code 7) instead of answering the handshake",
  },
  'takes too much memory before it listens, in a child without its environment': {
    fixture: 'uses-memory',
    environment: { HOW: 'in-a-child-with-its-environment-cleared', MB: '1000' },
    status: 434,
    cause: 'memory-exceeded',
    words: 'Task memory exceeded 128 MB',
    sentence: 'of its 128 MB: raise memorySize, or use less',
  },
  'takes too much memory before it listens, in a daemon that nothing connects with it': {
    fixture: 'uses-memory',
    environment: { HOW: 'in-a-hidden-daemon', MB: '1000' },
    only: 'namespace',
    status: 434,
    cause: 'memory-exceeded',
    words: 'Task memory exceeded 128 MB',
    sentence: 'of its 128 MB: raise memorySize, or use less',
  },
};

/** A connection that opens. */
interface Opened {
  readonly fixture: string;
  readonly environment?: Record<string, string>;
  readonly only?: Run['sandbox'];
  /** Returns when the connection is to be closed with 1000, unless it has been. */
  readonly drive: (client: Client, run: Run) => Promise<void>;
  readonly closeCode?: number;
  readonly report?: Partial<InvocationReport>;
  readonly sentence?: string;
  /** What stands in the log, with the driver that it is so for. */
  readonly says?: Readonly<Record<Run['sandbox'], readonly string[]>>;
}

const echoes = async (client: Client): Promise<void> => {
  expect(await client.ask('hello')).toBe('hello');
};

/** A message that it ends of. */
const ends = async (client: Client): Promise<void> => {
  client.send('the last');
  await client.closed();
};

const GONE = { closeCode: 1006, report: { statusCode: 439, cause: 'process-exited' } } as const;
const exit = (text: string): Partial<InvocationReport> => ({
  sandbox: expect.objectContaining({ exit: text }) as InvocationReport['sandbox'],
});

const OPENED: Readonly<Record<string, Opened>> = {
  'exits while a child goes on serving': {
    fixture: 'exits-before-its-server',
    drive: ends,
    ...GONE,
    sentence: "The function's process ended (code 0) while the connection was open",
  },
  'ignores TERM': { fixture: 'ignores-sigterm', drive: echoes, report: exit('SIGKILL') },
  'fills the temporary folder': {
    fixture: 'fills-tmp',
    async drive(client, { sandbox }) {
      const answer = await client.ask(sandbox === 'namespace' ? '600' : '20');
      expect(answer).toMatch(sandbox === 'namespace' ? /^ENOSPC after 51\d$/ : /^wrote 20$/);
      // It lives on, and the machine's own folder is untouched.
      expect(await client.ask('0')).toBe('wrote 0');
      if (sandbox === 'namespace') expect(existsSync(join(tmpdir(), 'filled'))).toBe(false);
    },
  },
  'closes its port while it is connected': {
    fixture: 'closes-its-port-later',
    async drive(client) {
      expect(await client.ask('still')).toBe('still closed');
    },
  },
  'closes its port and opens it again': {
    fixture: 'closes-its-port-at-once',
    only: 'namespace',
    environment: { LISTEN_AGAIN_AFTER_MS: '300' },
    drive: echoes,
  },
  'listens on its port twice': {
    fixture: 'listens-twice',
    drive: echoes,
    says: {
      namespace: ['same process: EADDRINUSE', 'other process: EADDRINUSE'],
      // Each process is given a port of its own.
      process: ['same process: EADDRINUSE', 'other process: listening'],
    },
  },
  'listens on its port in two processes that share it': {
    fixture: 'python-echo',
    environment: { SHARE_PORT: '1' },
    drive: echoes,
  },
  'closes its standard streams': { fixture: 'closes-its-streams', drive: echoes },
  'executes itself again': {
    fixture: 'executes-itself-again',
    async drive(client) {
      expect(await client.ask('which round?')).toBe('5');
    },
  },
  'has 200 children and leaves them': {
    fixture: 'has-many-children',
    drive: ends,
    ...GONE,
    sentence: "The function's process ended (code 0) while the connection was open",
  },
  'leaves its session and its process group': { fixture: 'leaves-its-session', drive: echoes },
  'writes 10 MB without a line end': { fixture: 'logs-one-long-line', drive: echoes },
  'writes garbage': { fixture: 'logs-garbage', drive: echoes },
  'takes too much memory': {
    fixture: 'eats-memory',
    environment: { EAT_MB: '2048' },
    drive: ends,
    closeCode: 1006,
    report: { statusCode: 434, cause: 'memory-exceeded' },
    sentence: 'of its 128 MB: raise memorySize, or use less',
  },
};

/** A path for each. */
const pathOf = (name: string): string => `/${name.replace(/\W+/g, '-')}`;

/** The program with all these functions, and one that is well. */
async function startWith(
  folder: string,
  run: Run,
  user: OrdinaryUser | null,
  args: readonly string[] = [],
): Promise<Dev> {
  const codeDirs = join(folder, 'code');
  mkdirSync(join(codeDirs, 'empty'), { recursive: true });
  writeFileSync(join(codeDirs, 'empty/scf_bootstrap'), '');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  if (user !== null) chmodSync(temporary, 0o777);
  const entry = (name: string, { fixture: program, environment = {} }: Refused | Opened): unknown => ({
    src: program === 'empty' ? join(codeDirs, program) : packed(fixture(program), codeDirs),
    route: pathOf(name),
    initTimeout: program === 'listens-late' || program === 'closes-its-port-at-once' ? 3 : 60,
    limits: { qps: 'none' },
    // However slow the machine is.
    idleTimeout: 3600,
    timeout: 3600,
    // Under `process` that is where a function finds the machine's.
    environment: { ...environment, ...(run.sandbox === 'process' && { TMPDIR: temporary }) },
  });
  const functions = Object.fromEntries(
    Object.entries({ ...REFUSED, ...OPENED, healthy: { fixture: 'echo', drive: echoes } }).map(
      ([name, what]) => [name.replace(/\W+/g, '-'), entry(name, what)],
    ),
  );
  writeFileSync(join(folder, 'scf.json'), JSON.stringify({ functions }));
  const dev = await Dev.start({
    dir: folder,
    args: ['--sandbox', run.sandbox, ...args],
    ...(user !== null && { user }),
  });
  rmSync(join(codeDirs, 'empty/scf_bootstrap'));
  return dev;
}

for (const run of RUNS) {
  describe(`under ${run.name}, a function that`, () => {
    const folder = temporaryFolder();
    let dev: Dev | null = null;
    const running = (): Dev => {
      if (dev === null) throw new Error('There is no ordinary user for it');
      return dev;
    };

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      const user = run.isOrdinary ? ordinaryUser(folder) : null;
      if (run.isOrdinary && user === null) return;
      dev = await startWith(folder, run, user);
    });
    afterAll(async () => {
      await dev?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Somebody else is served. */
    async function expectHealth(): Promise<void> {
      const client = await Client.open(running().url(pathOf('healthy')));
      await echoes(client);
      client.socket.close(1000);
      await client.closed();
    }

    async function expectTold(name: string, sentence: string | undefined): Promise<InvocationReport> {
      const report = await running().reportOf(name.replace(/\W+/g, '-'));
      const id = report.requestId;
      expect(processesThatKnow(id)).toEqual([]);
      const explanations = (): readonly string[] =>
        running()
          .stderr.split('\n')
          .filter(line => line.includes(`${id.slice(0, 8)} `) && line.includes(' → '));
      if (sentence === undefined) expect(explanations()).toEqual([]);
      else {
        await until('the explanation', () => explanations().length > 0);
        expect(explanations()).toEqual([expect.stringContaining(sentence)]);
      }
      return report;
    }

    const canRun = !run.isOrdinary || process.getuid?.() === 0 || process.env.CI === 'true';
    const isFor = ([, { only = run.sandbox }]: readonly [string, Refused | Opened]): boolean =>
      only === run.sandbox;

    test.runIf(canRun).concurrent.for(Object.entries(REFUSED).filter(isFor))(
      '%s',
      async ([name, { status, cause, words, sentence }]) => {
        const refusal = Client.refused(running().url(pathOf(name)));
        await expectHealth();
        const { statusCode, body } = await refusal;
        expect(statusCode).toBe(status);
        expect(JSON.parse(body)).toEqual({ errorMessage: words, statusCode, requestId: expect.any(String) });
        expect(await expectTold(name, sentence)).toMatchObject({ statusCode, cause, closeCode: null });
      },
    );

    test.runIf(canRun).concurrent.for(Object.entries(OPENED).filter(isFor))('%s', async ([name, what]) => {
      const { drive, closeCode = 1000, report = {}, sentence, says } = what;
      const client = new Client(running().url(pathOf(name)));
      await expectHealth();
      await client.opened();
      const driven = drive(client, run);
      await expectHealth();
      await driven;
      if (!client.isClosed) client.socket.close(1000);
      expect((await client.closed()).code).toBe(closeCode);
      const told = await expectTold(name, sentence);
      expect(told).toMatchObject({ statusCode: 200, cause: 'client-closed', ...report });
      if (told.statusCode === 200) expect(told.memUsageMB).toBeLessThan(128);
      for (const words of says?.[run.sandbox] ?? []) await running().saysOnStderr(`| ${words}\n`);
    });
  });
}
