// The arguments for bubblewrap: what an instance sees of this machine, and what of the cloud.
import { describe, expect, test } from 'vitest';
import type { FolderEntry, MountOptions } from '../../src/sandbox/mounts.ts';
import { CODE_DIR, INSIDE, mountArguments } from '../../src/sandbox/mounts.ts';

const machine: MountOptions = {
  root: [],
  varFolder: [],
  codeDir: '/home/me/code',
  langDir: '/tmp/x/lang',
  insideDir: '/opt/scf-ws/inside',
  nodePath: '/tmp/node/bin/node',
  tmpBytes: 1000,
  etc: ['--ro-bind', '/tmp/x/hosts', '/etc/hosts'],
};

/** The operations, each with its operands. */
function operations(options: Partial<MountOptions> = {}): readonly string[] {
  const joined = mountArguments({ ...machine, ...options }).join(' ');
  return joined.split(/ (?=--)/).map(operation => operation.trim());
}

const folder = (name: string): FolderEntry => ({ name, kind: 'folder' });

describe('of this machine an instance sees', () => {
  test.each<[what: string, where: 'root' | 'varFolder', entry: FolderEntry, seen: string | null]>([
    ['a folder, read-only', 'root', folder('usr'), '--ro-bind /usr /usr'],
    ['a link as a link', 'root', { name: 'bin', kind: 'link', target: 'usr/bin' }, '--symlink usr/bin /bin'],
    ['a link that leads out of /', 'root', { name: 'a', kind: 'link', target: '/b/c' }, '--symlink /b/c /a'],
    ['no file in /', 'root', { name: 'swapfile', kind: 'file' }, null],
    ['no link to nowhere known', 'root', { name: 'odd', kind: 'link' }, null],
    ['not its /proc', 'root', folder('proc'), null],
    ['not its /dev', 'root', folder('dev'), null],
    ['not its /tmp', 'root', folder('tmp'), null],
    ['not its /run, with its sockets', 'root', folder('run'), null],
    ['its /var in parts', 'root', folder('var'), null],
    ['a folder in /var, read-only', 'varFolder', folder('lib'), '--ro-bind /var/lib /var/lib'],
    [
      'a link in /var',
      'varFolder',
      { name: 'lock', kind: 'link', target: '/run/lock' },
      '--symlink /run/lock /var/lock',
    ],
    ['no /var/user of its own', 'varFolder', folder('user'), null],
    ['no /var/lang of its own', 'varFolder', folder('lang'), null],
    ['no /var/tmp', 'varFolder', folder('tmp'), null],
    ['no /var/run', 'varFolder', { name: 'run', kind: 'link', target: '/run' }, null],
  ])('%s', (_what, where, entry, seen) => {
    const added = operations({ [where]: [entry] }).filter(operation => !operations().includes(operation));
    expect(added).toEqual(seen === null ? [] : [seen]);
  });
});

describe('of the cloud an instance sees', () => {
  test.each([
    ['the code', `--ro-bind /home/me/code ${CODE_DIR}`],
    ['the runtimes', '--ro-bind /tmp/x/lang /var/lang'],
    ['a /proc of its own', '--proc /proc'],
    ['a /dev of its own', '--dev /dev'],
    ['the code as its working folder', `--chdir ${CODE_DIR}`],
    ['names of its own', '--ro-bind /tmp/x/hosts /etc/hosts'],
    ['and what runs inside', `--ro-bind /opt/scf-ws/inside ${INSIDE}`],
    ['with its Node, wherever that is', '--ro-bind /tmp/node/bin/node /run/scf-ws-node'],
  ])('%s', (_what, operation) => {
    expect(operations()).toContain(operation);
  });
});

test('nothing but /tmp and shared memory can be written, and both have their size', () => {
  const all = operations({ root: [folder('usr'), folder('home')], varFolder: [folder('lib')] });
  expect(all.filter(operation => operation.startsWith('--bind'))).toEqual([]);
  const fresh = all.flatMap(operation => /^--tmpfs (.*)$/.exec(operation)?.slice(1) ?? []);
  const closed = all.flatMap(operation => /^--remount-ro (.*)$/.exec(operation)?.slice(1) ?? []);
  expect(fresh.filter(path => !closed.includes(path))).toEqual(['/dev/shm', '/tmp']);
  expect(closed).toContain('/');
  expect(all[all.indexOf('--tmpfs /tmp') - 1]).toBe('--size 1000');
  expect(all[all.indexOf('--tmpfs /dev/shm') - 1]).toBe(`--size ${64 * 1024 ** 2}`);
});

test.each([
  ['a folder is made before what is mounted in it', '--tmpfs /var', '--ro-bind /var/lib /var/lib'],
  ['the code comes after /var', '--tmpfs /var', `--ro-bind /home/me/code ${CODE_DIR}`],
  ['what runs inside comes after /run', '--tmpfs /run', `--ro-bind /opt/scf-ws/inside ${INSIDE}`],
  ['names come after /etc', '--ro-bind /etc /etc', '--ro-bind /tmp/x/hosts /etc/hosts'],
  ['names come before /run is closed', '--ro-bind /tmp/x/hosts /etc/hosts', '--remount-ro /run'],
  ['/var is closed when all is in it', '--ro-bind /tmp/x/lang /var/lang', '--remount-ro /var'],
  ['/run is closed when all is in it', `--ro-bind /opt/scf-ws/inside ${INSIDE}`, '--remount-ro /run'],
  ['/dev is closed when all is in it', '--tmpfs /dev/shm', '--remount-ro /dev'],
  ['/ is closed when all is in it', '--tmpfs /tmp', '--remount-ro /'],
])('%s', (_property, earlier, later) => {
  const all = operations({ root: [folder('etc')], varFolder: [folder('lib')] });
  expect(all.indexOf(earlier)).toBeGreaterThanOrEqual(0);
  expect(all.indexOf(later)).toBeGreaterThan(all.indexOf(earlier));
});

test('a path with spaces is one argument', () => {
  const spaced = mountArguments({ ...machine, codeDir: '/home/me/my code' });
  expect(spaced[spaced.indexOf(CODE_DIR) - 1]).toBe('/home/me/my code');
});

describe('for a look at what a function needs, an instance', () => {
  const looking = (extra: NonNullable<MountOptions['extra']>): readonly string[] => operations({ extra });

  test('finds folders of this machine empty, and cannot write to them', () => {
    const all = looking({ hidden: ['/usr/lib/site-packages'] });
    const at = all.indexOf('--tmpfs /usr/lib/site-packages');
    expect(at).toBeGreaterThan(0);
    expect(all.indexOf('--remount-ro /usr/lib/site-packages')).toBeGreaterThan(at);
  });

  test('has further ones, read-only or not, before all is closed', () => {
    const all = looking({
      bound: [
        { from: '/a/node_modules', at: '/var/node_modules', isWritable: false },
        { from: '/b', at: '/run/home', isWritable: true },
      ],
    });
    expect(all).toContain('--ro-bind /a/node_modules /var/node_modules');
    expect(all).toContain('--bind /b /run/home');
    expect(all.indexOf('--bind /b /run/home')).toBeLessThan(all.indexOf('--remount-ro /run'));
  });

  test('may write to its code', () => {
    expect(looking({ isCodeWritable: true })).toContain(`--bind /home/me/code ${CODE_DIR}`);
  });
});
