// Puts files in the place of this machine's own in an instance's read-only /etc, wherever those really are.
import { readdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostsFile, resolverFile } from './name-files.ts';

/** The arguments of bubblewrap, to stand behind the mounts of `/etc` and `/run`. Writes the files into `folder`. */
export async function etcMounts(folder: string): Promise<readonly string[]> {
  const [hosts, resolver] = await Promise.all([located('/etc/hosts'), located('/etc/resolv.conf')]);
  const hostsMade = join(folder, 'hosts');
  await writeFile(hostsMade, hostsFile(hosts?.text ?? null), { mode: 0o644 });
  const inHostsPlace =
    hosts === null
      ? [...(await openedEtc()), '--ro-bind', hostsMade, '/etc/hosts', '--remount-ro', '/etc']
      : ['--ro-bind', hostsMade, hosts.path];
  if (resolver === null) return inHostsPlace;
  const made = resolverFile(resolver.text);
  if (made !== null) {
    const resolverMade = join(folder, 'resolv.conf');
    await writeFile(resolverMade, made, { mode: 0o644 });
    return [...inHostsPlace, '--ro-bind', resolverMade, resolver.path];
  }
  // An instance has a /run of its own.
  return /^\/run\//.test(resolver.path)
    ? [...inHostsPlace, '--ro-bind', resolver.path, resolver.path]
    : inHostsPlace;
}

/** Where a file really is, since nothing can be mounted on a link; null if there is none. */
async function located(file: string): Promise<{ readonly path: string; readonly text: string } | null> {
  try {
    const path = await realpath(file);
    return { path, text: await readFile(path, 'utf8') };
  } catch {
    // Missing, or a link that leads nowhere: as good as none.
    return null;
  }
}

/** An `/etc` in which a file can be made that this machine does not have: its entries are mounted one by one. */
async function openedEtc(): Promise<readonly string[]> {
  const entries = await readdir('/etc', { withFileTypes: true });
  const mounts = entries
    // A link that leads nowhere would be in the way.
    .filter(({ name }) => name !== 'hosts')
    .map(async entry => {
      const path = `/etc/${entry.name}`;
      if (entry.isSymbolicLink()) return ['--symlink', await readlink(path), path];
      return ['--ro-bind-try', path, path];
    });
  return ['--tmpfs', '/etc', ...(await Promise.all(mounts)).flat()];
}
