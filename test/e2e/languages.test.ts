// Servers in languages that no hook can enter, chosen a sandbox for by `auto`: ten at once on the real port, the code
// read-only, /tmp their own; as the one who runs the tests and as an ordinary user.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import { Dev, temporaryFolder } from './harness.ts';
import type { OrdinaryUser } from './ordinary-user.ts';
import { ordinaryUser } from './ordinary-user.ts';
import { missingExecutable, needs } from './parts.ts';

const sources = fileURLToPath(new URL('../fixtures/languages/', import.meta.url));

interface Language {
  readonly name: string;
  readonly missing: string | null;
  /** Makes the code folder. */
  readonly build: (codeDir: string) => void;
}

/** The smallest heap that it starts quickly with. */
const JAVA = '/var/lang/java11/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx32m Server';

const LANGUAGES: readonly Language[] = [
  {
    name: 'java',
    missing: missingExecutable('/usr/bin/javac', 'default-jdk-headless'),
    build(codeDir) {
      execFileSync('/usr/bin/javac', ['-d', codeDir, join(sources, 'java/Server.java')]);
      writeStartFile(codeDir, `#!/bin/bash\nexec ${JAVA}\n`);
    },
  },
  {
    name: 'php',
    missing: missingExecutable('/usr/bin/php', 'php-cli'),
    build(codeDir) {
      cpSync(join(sources, 'php/server.php'), join(codeDir, 'server.php'));
      writeStartFile(codeDir, '#!/bin/bash\nexec /var/lang/php80/bin/php server.php\n');
    },
  },
  {
    name: 'static-c',
    missing: missingExecutable('/usr/bin/gcc', 'gcc libc6-dev'),
    build(codeDir) {
      const target = join(codeDir, 'scf_bootstrap');
      execFileSync('/usr/bin/gcc', ['-static', '-O1', '-o', target, join(sources, 'c/server.c')]);
    },
  },
];

function writeStartFile(codeDir: string, text: string): void {
  writeFileSync(join(codeDir, 'scf_bootstrap'), text, { mode: 0o755 });
}

const folder = temporaryFolder();
let user: OrdinaryUser | null = null;

beforeAll(() => {
  chmodSync(folder, 0o755);
  user = ordinaryUser(folder);
  for (const { name, missing, build } of LANGUAGES) {
    if (missing !== null) continue;
    const codeDir = join(folder, name);
    mkdirSync(codeDir);
    build(codeDir);
    writeFileSync(join(codeDir, 'scf.yaml'), 'memorySize: 256\nidleTimeout: 3600\ntimeout: 3600\n');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['whoever runs this', 'an ordinary user'])('as %s', who => {
  test.for(LANGUAGES)(
    'ten instances of a server in $name are served at once',
    async ({ name, missing }, context) => {
      needs(missing, context);
      const isOrdinary = who === 'an ordinary user';
      if (isOrdinary) needs(user === null ? 'only root can become another user' : null, context);
      const dev = await Dev.start({ dir: join(folder, name), ...(isOrdinary && user !== null && { user }) });
      try {
        const clients = await Promise.all(Array.from({ length: 10 }, () => Client.open(dev.url())));
        for (const [index, client] of clients.entries()) {
          expect(await client.ask(`hello ${index}`)).toBe(`hello ${index}`);
          expect(await client.ask('x'.repeat(1000))).toBe('x'.repeat(1000));
          expect(await client.ask('write /var/user/new')).toMatch(/Read-only file system/);
          expect(await client.ask(`write /tmp/new`)).toBe('written');
        }
        for (const client of clients) client.socket.close(1000);
        await dev.report(clients.length - 1);
        for (const report of dev.reports) {
          expect(report).toMatchObject({ statusCode: 200, sandbox: { driver: 'namespace' } });
          expect(report.memUsageMB).toBeGreaterThan(0);
        }
        expect(dev.stderr).toContain(`${name} runs in the namespace sandbox`);
        await dev.stop();
      } finally {
        dev.dispose();
      }
    },
  );
});
