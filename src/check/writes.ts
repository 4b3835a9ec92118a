// A throw-away copy of the package, and of the few places where programs like to write, in which an instance may
// write what it likes: what it has written is seen afterwards.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Guardian } from '../sandbox/guardian.ts';
import type { ExtraMounts } from '../sandbox/mounts.ts';

/** Where the cloud has them → where they are inside: what is no folder of this machine gets a place in `/run`. */
const PLACES = [
  { name: 'home', cloud: '/home/qcloud', inside: '/run/home' },
  { name: 'log', cloud: '/var/log', inside: '/var/log' },
] as const;

/** These write as they start and go on as well if they may not. */
const HARMLESS =
  /^\/home\/qcloud\/(?:\.npm|\.config|\.cache\/(?:node|corepack|pip|yarn)|\.local\/share\/pnpm|\.node_repl_history|\.java)(?:\/|$)|(?:^|\/)__pycache__\/|\.pyc$|^\.next\/(?:trace|cache)/;

export class WritableCopy {
  readonly #folder: string;
  readonly #guardian: Guardian;
  readonly #before: ReadonlyMap<string, string>;

  private constructor(folder: string, guardian: Guardian, before: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#guardian = guardian;
    this.#before = before;
  }

  static async of(codeDir: string): Promise<WritableCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'scf-ws-check-'));
    // It removes the folder whatever way the program ends.
    const guardian = new Guardian({ emulatorId: randomUUID(), folder });
    try {
      await Promise.all(PLACES.map(({ name }) => mkdir(join(folder, name))));
      // Ten times as fast as Node's own.
      await promisify(execFile)('cp', ['-a', codeDir, join(folder, 'code')]);
      return new WritableCopy(folder, guardian, await stampsOf(join(folder, 'code')));
    } catch (error) {
      await guardian.close();
      throw error;
    }
  }

  get codeDir(): string {
    return join(this.#folder, 'code');
  }

  get mounts(): ExtraMounts {
    const bound = PLACES.map(({ name, inside }) => ({
      from: join(this.#folder, name),
      at: inside,
      isWritable: true,
    }));
    return { isCodeWritable: true, bound };
  }

  /** For the instance: its home is where it can be seen. */
  readonly environment = { HOME: '/run/home' };

  /** What is new or changed: relative to the code folder, or as the cloud has it. */
  async written(): Promise<readonly string[]> {
    const after = await stampsOf(this.codeDir);
    const inCode = [...after]
      .filter(([path, stamp]) => this.#before.get(path) !== stamp)
      .map(([path]) => path);
    const elsewhere = await Promise.all(
      PLACES.map(async ({ name, cloud }) =>
        [...(await stampsOf(join(this.#folder, name))).keys()].map(path => `${cloud}/${path}`),
      ),
    );
    return [...inCode, ...elsewhere.flat()].filter(path => !HARMLESS.test(path)).sort();
  }

  async remove(): Promise<void> {
    await this.#guardian.close();
  }
}

/** Each file below a folder, with what tells that it has changed. Empty folders count as files. */
async function stampsOf(root: string): Promise<ReadonlyMap<string, string>> {
  const stamps = new Map<string, string>();
  async function visit(path: string): Promise<void> {
    const stats = await lstat(join(root, path)).catch(() => null);
    if (stats === null) return;
    const names = stats.isDirectory() ? await readdir(join(root, path)).catch(() => []) : [];
    await Promise.all(names.map(name => visit(join(path, name))));
    if (path !== '' && (names.length === 0 || !stats.isDirectory()))
      stamps.set(path, `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.isDirectory()}`);
  }
  await visit('');
  return stamps;
}
