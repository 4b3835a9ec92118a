// The files by which names are resolved in an instance, made out of this machine's own. Pure: texts in, texts out.

/** How a function calls the machine that it runs on. */
export const HOST_NAME = 'host.scf.internal';

/** What stands for that machine in an instance: on its loopback, and none that a function would think of. */
export const HOST_ADDRESS = '127.0.0.254';

/** The instance's own name: some runtimes look it up at start (Java). */
export const INSTANCE_NAME = 'scf';

/** Where pasta passes questions on to this machine's resolver. */
export const RESOLVER_ADDRESS = '169.254.1.53';

const USUAL_HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';

/** `/etc/hosts`; `own` is this machine's, null if it has none. */
export function hostsFile(own: string | null): string {
  const others = (own ?? USUAL_HOSTS).split('\n').filter(line => {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return !names.includes(HOST_NAME);
  });
  return `127.0.0.1 ${INSTANCE_NAME}\n${HOST_ADDRESS} ${HOST_NAME}\n${others.join('\n')}`;
}

/** `/etc/resolv.conf` where this machine's names a resolver on its own loopback; null where that is fine as it is. */
export function resolverFile(own: string): string | null {
  const lines = own.split('\n');
  const resolvers = lines.flatMap(line => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  if (!resolvers.some(address => /^(?:127\.|::1$)/.test(address))) return null;
  const others = lines.filter(line => !/^\s*nameserver\b/.test(line));
  return [`nameserver ${RESOLVER_ADDRESS}`, ...others].join('\n');
}
