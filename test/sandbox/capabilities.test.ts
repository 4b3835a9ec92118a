// What this machine can do is tried, and what it cannot is explained with something to paste.
import { describe, expect, test } from 'vitest';
import { explainRefusal, tryOutbound } from '../../src/sandbox/capabilities.ts';
import { explainPasta } from '../../src/sandbox/outbound.ts';
import { canBeHooked } from '../../src/sandbox/start-file.ts';

describe('a refusal is told by its cause, with the remedy', () => {
  const free = { appArmor: false, userNamespaces: false };
  test.each([
    [
      'Ubuntu’s AppArmor',
      'bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted\n',
      { ...free, appArmor: true },
      /AppArmor .*RTM_NEWADDR/,
      /apparmor_parser -r/,
    ],
    [
      'Debian’s switch',
      'bwrap: No permissions to create new namespace\n',
      { ...free, userNamespaces: true },
      /ordinary users .*No permissions/,
      /sysctl -w kernel\.unprivileged_userns_clone=1/,
    ],
    [
      'a container',
      'bwrap: Creating new namespace failed: Operation not permitted\n',
      free,
      /Creating new namespace failed/,
      /--privileged/,
    ],
  ])('%s', (_name, stderr, restrictions, cause, remedy) => {
    expect(explainRefusal(stderr, restrictions)).toMatchObject({
      isAble: false,
      cause: expect.stringMatching(cause),
      remedy: expect.stringMatching(remedy),
    });
  });
});

describe('no way out is told by its cause, with the remedy', () => {
  const noLog = 'Failed to send 46 bytes to syslog\n';
  test.each([
    ['no device', `${noLog}Failed to open tun socket in namespace\n${noLog}`, /\/dev\/net\/tun/, /chmod 666/],
    [
      'no default route',
      'No external routable interface for IPv6\nExternal interface not usable\n',
      /no way out itself \(External interface not usable\)/,
      /Connect it/,
    ],
    [
      'something else',
      'No external routable interface for IPv6\nCouldn\u2019t switch to pasta namespaces\n',
      /pasta failed \(Couldn\u2019t switch to pasta namespaces\)/,
      /pasta --config-net true/,
    ],
    ['not a word', noLog, /did not say why/, /pasta --config-net true/],
  ])('%s', (_name, stderr, cause, remedy) => {
    expect(explainPasta(stderr)).toEqual({
      cause: expect.stringMatching(cause),
      remedy: expect.stringMatching(remedy),
    });
  });

  test('a machine without pasta', async () => {
    expect(await tryOutbound('/no/such/folder')).toEqual({
      isAble: false,
      cause: 'pasta is not installed',
      remedy: expect.stringMatching(/apt-get install passt/),
    });
  });
});

describe('auto: what a hook can listen for', () => {
  test.each([
    ['#!/bin/bash\n/var/lang/node20/bin/node app.js', true],
    ['#!/bin/bash\nnpm start', true],
    ['#!/bin/bash\nexport PORT=9000\nexec python3 -u app.py', true],
    ['#!/var/lang/node12/bin/node\nrequire("./app")', true],
    ['#!/usr/bin/env python3\nprint(1)', true],
    ['#!/bin/bash\n/var/lang/python39/bin/python3.9 -m uvicorn app:app', true],
    ['#!/bin/bash\nPYTHONUNBUFFERED=1 python3 app.py', true],
    ['#!/bin/bash\npython3 -I app.py', false],
    ['#!/bin/bash\npython3 -u -E app.py', false],
    ['#!/bin/bash\n./server', false],
    ['#!/bin/bash\ncp ./binary /tmp/ && chmod +x /tmp/binary && /tmp/binary', false],
    ['#!/bin/bash\n/var/lang/php7/bin/php -S 0.0.0.0:9000 index.php', false],
    ['#!/bin/bash\n/var/lang/java11/bin/java -jar app.jar', false],
    ['#!/bin/bash\n# not node any more\n./server', false],
    ['\x7fELF\x02\x01\x01', false],
  ])('%j: %s', (text, isHooked) => {
    expect(canBeHooked(Buffer.from(text, 'latin1'))).toBe(isHooked);
  });
});
