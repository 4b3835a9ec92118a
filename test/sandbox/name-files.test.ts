// The files by which an instance resolves names, out of what a machine has.
import { describe, expect, test } from 'vitest';
import {
  HOST_ADDRESS,
  HOST_NAME,
  hostsFile,
  RESOLVER_ADDRESS,
  resolverFile,
} from '../../src/sandbox/name-files.ts';

const ours = `127.0.0.1 scf\n${HOST_ADDRESS} ${HOST_NAME}\n`;

describe('/etc/hosts', () => {
  test.each([
    ['what the machine has stays', '127.0.0.1 localhost\n10.0.0.1 db # the database\n', undefined],
    ['none gets the usual names', null, '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'],
    ['an empty one stays empty', '', undefined],
    ['a line without its end stays', '10.0.0.1 db', undefined],
    [
      'the machine\u2019s own line for the host goes',
      `10.0.0.1 db\n127.0.0.1 x ${HOST_NAME}\n`,
      '10.0.0.1 db\n',
    ],
    ['a mere mention of it stays', `10.0.0.1 db # not ${HOST_NAME}\n`, undefined],
  ])('%s', (_what, own, rest) => {
    expect(hostsFile(own)).toBe(ours + (rest ?? own));
  });
});

describe('/etc/resolv.conf', () => {
  test.each([
    ['a resolver elsewhere', 'nameserver 10.0.0.53\nsearch example.test\n'],
    ['several', 'nameserver 10.0.0.53\nnameserver fd00::53\n'],
    ['none', '# empty\n'],
  ])('%s is fine as it is', (_what, own) => {
    expect(resolverFile(own)).toBeNull();
  });

  test.each(['127.0.0.53', '127.0.0.1', '::1'])('a resolver at %s is reached in another way', address => {
    const own = `# by a daemon\nnameserver ${address}\noptions edns0\nsearch example.test\n`;
    const [first, ...others] = (resolverFile(own) ?? '').split('\n');
    expect(first).toBe(`nameserver ${RESOLVER_ADDRESS}`);
    expect(others).toEqual(['# by a daemon', 'options edns0', 'search example.test', '']);
  });
});
