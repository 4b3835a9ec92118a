// Clients, and a function, that nobody here wrote: Python's websockets, a browser, curl.
import { execFile, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { InvocationReport } from '../../src/core/invocation.ts';
import { Dev, examplesDir, temporaryFolder } from './harness.ts';
import { missingExecutable, missingPythonWebsockets, needs, PYTHON } from './parts.ts';
import { until } from './until.ts';

const CHROMIUM = '/usr/bin/chromium';
const CURL = '/usr/bin/curl';
const noPython = missingPythonWebsockets();
const noChromium = missingExecutable(CHROMIUM, 'chromium');
const noCurl = missingExecutable(CURL, 'curl');

const run = promisify(execFile);
const fileHere = (name: string): string => fileURLToPath(new URL(`foreign/${name}`, import.meta.url));

type Step = readonly [string, ...(string | number)[]];
type Report = Partial<InvocationReport>;

const folder = temporaryFolder();
let dev: Dev;

beforeAll(async () => {
  const functions = {
    'echo-node': { src: join(examplesDir, 'echo-node'), route: '/', idleTimeout: 60 },
    'echo-python': { src: join(examplesDir, 'echo-python'), idleTimeout: 60 },
  };
  writeFileSync(join(folder, 'scf.json'), JSON.stringify({ functions }));
  // The Python that has websockets comes first.
  dev = await Dev.start({ dir: folder, env: { PATH: `/usr/bin:/bin:${dirname(process.execPath)}` } });
});

afterAll(async () => {
  await dev.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the websockets package of Python', () => {
  interface Seen {
    readonly messages: readonly (string | number)[];
    readonly status: number | null;
    readonly subprotocol?: string | null;
    readonly closeCode: number | null;
    readonly closeReason: string | null;
  }

  async function play(
    path: string,
    steps: readonly Step[],
  ): Promise<{ seen: Seen; report: InvocationReport }> {
    const index = dev.reports.length;
    const { stdout } = await run(PYTHON, [fileHere('client.py'), dev.url(path), JSON.stringify(steps)], {
      timeout: 25_000,
    });
    return { seen: JSON.parse(stdout) as Seen, report: await dev.report(index) };
  }

  interface Ending {
    readonly name: string;
    readonly path?: string;
    readonly steps: readonly Step[];
    readonly seen: Partial<Seen>;
    readonly report: Report;
  }

  const endings: readonly Ending[] = [
    {
      name: 'an exchange closed with 1000 is 200',
      steps: [
        ['send', 'héllo'],
        ['receive'],
        ['ping'],
        ['send-bytes', 70_000],
        ['receive'],
        ['close', 1000, 'bye'],
      ],
      seen: { messages: ['héllo', 70_000], closeCode: 1000, closeReason: 'bye', subprotocol: 'first' },
      report: { statusCode: 200, cause: 'client-closed', closeReason: 'bye' },
    },
    {
      name: 'the same against the Python example is 200',
      path: '/echo-python',
      steps: [
        ['send', 'héllo'],
        ['receive'],
        ['ping'],
        ['send-bytes', 70_000],
        ['receive'],
        ['close', 1000, 'bye'],
      ],
      seen: { messages: ['héllo', 70_000], closeCode: 1000, closeReason: 'bye' },
      report: { statusCode: 200, cause: 'client-closed', function: 'echo-python' },
    },
    {
      name: 'closing with 1001 is 456',
      path: '/echo-python',
      steps: [['close', 1001]],
      seen: { closeCode: 1001 },
      report: { statusCode: 456, closeCode: 1001 },
    },
    {
      name: 'closing with 4000 is 456',
      steps: [['close', 4000, 'enough']],
      seen: { closeCode: 4000, closeReason: 'enough' },
      report: { statusCode: 456, closeCode: 4000, closeReason: 'enough' },
    },
    {
      name: 'cutting the connection is 456',
      steps: [['cut']],
      seen: {},
      report: { statusCode: 456, cause: 'client-lost' },
    },
    {
      name: 'the function closing with 4001 is 439',
      steps: [['send', 'close 4001'], ['wait']],
      seen: { closeCode: 4001, closeReason: 'as you asked' },
      report: { statusCode: 439, closedBy: 'function', closeCode: 4001 },
    },
    {
      name: 'the function closing with 1011 is 200',
      steps: [['send', 'close 1011'], ['wait']],
      seen: { closeCode: 1011 },
      report: { statusCode: 200, closedBy: 'function', closeCode: 1011 },
    },
    {
      name: 'the process exiting is 439, seen as 1006',
      steps: [['send', 'exit'], ['wait']],
      seen: { closeCode: 1006 },
      report: { statusCode: 439, cause: 'process-exited' },
    },
    {
      name: 'a message of 300 KB is closed with 1009',
      path: '/echo-python',
      steps: [['send-bytes', 300 * 1024], ['wait']],
      seen: { closeCode: 1009 },
      report: { statusCode: 456, cause: 'quota-exceeded', closeCode: 1009 },
    },
    {
      name: '11 messages in a second are closed with 1008',
      path: '/echo-python',
      steps: [...Array.from({ length: 11 }, (): Step => ['send', 'x']), ['wait']],
      seen: { closeCode: 1008 },
      report: { statusCode: 456, cause: 'quota-exceeded', closeCode: 1008 },
    },
  ];

  test.for(endings)('$name', async ({ path = '/', steps, seen: expectedSeen, report: expected }, context) => {
    needs(noPython, context);
    const { seen, report } = await play(path, steps);
    expect(seen).toMatchObject(expectedSeen);
    expect(report).toMatchObject(expected);
  });

  test('the ending of a Python function is its instance’s: SIGTERM ends it, and nothing is left', async context => {
    needs(noPython, context);
    const before = dev.survivors();
    const { report } = await play('/echo-python', [['send', 'x'], ['receive'], ['close', 1000]]);
    expect(report.sandbox).toMatchObject({ driver: 'process', pid: expect.any(Number) });
    expect(report.initMs).toBeGreaterThan(0);
    expect(dev.survivors()).toEqual(before);
  });
});

describe('a browser', () => {
  interface Seen {
    readonly opened: boolean;
    readonly messages: readonly (string | number)[];
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;
    readonly protocol: string | null;
  }

  interface Run {
    readonly name: string;
    readonly path: string;
    readonly steps: readonly Step[];
    readonly seen: Partial<Seen>;
    readonly report: Report;
  }

  const runs: readonly Run[] = [
    {
      name: 'exchange',
      path: '/',
      steps: [['send', 'héllo'], ['receive'], ['send-bytes', 70_000], ['receive'], ['close', 1000, 'bye']],
      seen: {
        opened: true,
        messages: ['héllo', 70_000],
        code: 1000,
        reason: 'bye',
        wasClean: true,
        protocol: 'first',
      },
      report: {
        statusCode: 200,
        cause: 'client-closed',
        closeReason: 'bye',
        up: { messages: 2, bytes: expect.any(Number) as number },
      },
    },
    {
      name: 'close-4000',
      path: '/',
      steps: [['close', 4000]],
      seen: { code: 4000, wasClean: true },
      report: { statusCode: 456, closedBy: 'client', closeCode: 4000 },
    },
    {
      name: 'close-without-code',
      path: '/',
      steps: [['close']],
      seen: { code: 1005 },
      report: { statusCode: 456, closedBy: 'client', closeCode: 1005 },
    },
    {
      name: 'function-closes-4001',
      path: '/',
      steps: [['send', 'close 4001']],
      seen: { code: 4001, reason: 'as you asked', wasClean: true },
      report: { statusCode: 439, closedBy: 'function', closeCode: 4001 },
    },
    {
      name: 'process-exits',
      path: '/',
      steps: [['send', 'exit']],
      seen: { code: 1006, wasClean: false },
      report: { statusCode: 439, cause: 'process-exited' },
    },
    {
      name: 'too-big',
      path: '/',
      steps: [['send-bytes', 300 * 1024]],
      // A browser sends it in fragments, so 128 KB in a second may be too much before 256 KB in a message are.
      seen: { code: expect.toBeOneOf([1008, 1009]) as number, wasClean: true },
      report: { statusCode: 456, cause: 'quota-exceeded', closedBy: 'platform' },
    },
    {
      name: 'too-many',
      path: '/',
      steps: Array.from({ length: 11 }, (): Step => ['send', 'x']),
      seen: { code: 1008, wasClean: true },
      report: { statusCode: 456, cause: 'quota-exceeded', closeCode: 1008 },
    },
  ];

  /** Serves the page and what it asks for; `seen` fills as the page posts, and it plays on when told to. */
  async function servePage(
    seen: Map<string, { readonly what: Seen; readonly goOn: () => void }>,
  ): Promise<Server> {
    const page = readFileSync(fileHere('page.html'));
    const server = createServer((request, response) => {
      const [, name] = /^\/seen\/(.+)$/.exec(request.url ?? '') ?? [];
      if (name !== undefined) {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        request.on('end', () => {
          seen.set(name, { what: JSON.parse(body) as Seen, goOn: () => response.end() });
        });
      } else if (request.url === '/runs') {
        response.end(
          JSON.stringify(runs.map(({ name, path, steps }) => ({ name, url: dev.url(path), steps }))),
        );
      } else {
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(page);
      }
    });
    server.listen(0, '127.0.0.1');
    await until('the page’s server', () => server.listening);
    return server;
  }

  test('connects, exchanges, and sees every end as it was meant', async context => {
    needs(noChromium, context);
    const seen = new Map<string, { what: Seen; goOn: () => void }>();
    const server = await servePage(seen);
    const profile = temporaryFolder();
    const index = dev.reports.length;
    const browser = spawn(
      CHROMIUM,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-default-apps',
        '--disable-sync',
        '--no-first-run',
        '--no-default-browser-check',
        // Nothing but this machine.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        `--user-data-dir=${profile}`,
        // Without it there is no page to look at, only a window that nobody sees.
        '--remote-debugging-port=0',
        `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      ],
      // A group of its own: a browser is many processes.
      { detached: true, stdio: 'ignore', env: { ...process.env, HOME: profile } },
    );
    onTestFinished(async () => {
      const gone = new Promise(resolve => browser.once('exit', resolve));
      if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
      await gone;
      server.closeAllConnections();
      server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    });

    for (const [i, { name, seen: expectedSeen, report: expected }] of runs.entries()) {
      const { what, goOn } = await until(`the browser to play ${name}`, () => seen.get(name) ?? null);
      expect(what, name).toMatchObject(expectedSeen);
      expect(await dev.report(index + i), name).toMatchObject(expected);
      goOn();
    }
  });
});

describe('curl', () => {
  test('plain HTTP to a WebSocket function gets 426 with a JSON body, and starts nothing', async context => {
    needs(noCurl, context);
    const index = dev.reports.length;
    const { stdout } = await run(CURL, ['-sS', '-i', '--max-time', '20', dev.url().replace('ws:', 'http:')]);
    const [head = '', body = ''] = stdout.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(head).toMatch(/^content-type: application\/json/im);
    expect(head).toMatch(/^upgrade: websocket/im);
    expect(JSON.parse(body)).toEqual({ statusCode: 426, errorMessage: expect.stringContaining('ws://') });
    expect(dev.reports).toHaveLength(index);
  });

  test('a handshake by curl opens', async context => {
    needs(noCurl, context);
    const index = dev.reports.length;
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const curl = spawn(
      CURL,
      [
        '-sS',
        '-v',
        '-N',
        '--http1.1',
        ...headers.flatMap(line => ['-H', line]),
        dev.url().replace('ws:', 'http:'),
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    onTestFinished(() => {
      curl.kill('SIGKILL');
    });
    let output = '';
    curl.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
    await until('the answer', () => output.includes('< \r\n'));
    expect(output).toMatch(/^< HTTP\/1\.1 101 /m);
    expect(output).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    curl.kill('SIGKILL');
    expect(await dev.report(index)).toMatchObject({ statusCode: 456, cause: 'client-lost' });
  });
});
