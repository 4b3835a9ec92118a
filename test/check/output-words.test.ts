// The words by which runtimes say why they could not start.
import { describe, expect, test } from 'vitest';
import {
  missingCommand,
  missingModule,
  neighbourError,
  networkError,
  readOnlyPaths,
} from '../../src/check/output-words.ts';

test.each([
  ["Error: Cannot find module 'express'", 'node', 'express'],
  ["Error: Cannot find module '@koa/router/lib/x'", 'node', '@koa/router'],
  ["Error: Cannot find module 'lodash/fp'", 'node', 'lodash'],
  ["Error: Cannot find module './lib/x'", 'node', './lib/x'],
  ["Error: Cannot find module '/var/user/app.js'", 'node', '/var/user/app.js'],
  ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'ws' imported from /var/user/a.mjs", 'node', 'ws'],
  ["ModuleNotFoundError: No module named 'flask'", 'python', 'flask'],
  ["ModuleNotFoundError: No module named 'google.cloud'", 'python', 'google.cloud'],
  ['/usr/bin/python3: No module named uvicorn', 'python', 'uvicorn'],
])('%s', (line, language, name) => {
  expect(missingModule(['before', line, 'after'])).toEqual({ language, name });
});

test.each([
  ["Error: EROFS: read-only file system, mkdir 'logs'", 'logs'],
  ["OSError: [Errno 30] Read-only file system: '/var/user/x.db'", '/var/user/x.db'],
  ['./scf_bootstrap: line 2: app.log: Read-only file system', 'app.log'],
  ['mkdir: cannot create directory ‘x’: Read-only file system', 'x'],
  ["touch: cannot touch 'y': Read-only file system", 'y'],
  ['panic: open data/app.db: read-only file system', 'data/app.db'],
  ['java.io.FileNotFoundException: out.txt (Read-only file system)', null],
])('%s', (line, path) => {
  expect(readOnlyPaths([line, "  code: 'EROFS',", line])).toEqual([path]);
});

test.each([
  ['./scf_bootstrap: line 3: gunicorn: command not found', 'gunicorn'],
  ['./scf_bootstrap: line 3: /var/lang/php7/bin/php: No such file or directory', '/var/lang/php7/bin/php'],
  ['./scf_bootstrap: 2: php: not found', 'php'],
  ['/usr/bin/env: ‘node’: No such file or directory', 'node'],
  ['sh: 1: next: not found', 'next'],
])('%s', (line, command) => {
  expect(missingCommand(['x', line])).toBe(command);
});

describe('what it wanted to reach', () => {
  test.each([
    'Error: getaddrinfo EAI_AGAIN db.example.com',
    'Error: connect ECONNREFUSED 10.0.0.4:6379',
    'Error: connect ENETUNREACH 8.8.8.8:53',
    'socket.gaierror: [Errno -3] Temporary failure in name resolution',
    'java.net.UnknownHostException: db',
    'dial tcp: lookup db: no such host',
  ])('is elsewhere: %s', line => {
    expect(networkError([line])).toBe(line);
    expect(neighbourError([line])).toBeNull();
  });

  test.each([
    'Error: connect ECONNREFUSED 127.0.0.1:6379',
    'connect ECONNREFUSED ::1:5432',
    'dial tcp [::1]:80: connection refused',
  ])('is on its own machine: %s', line => {
    expect(neighbourError([line])).toBe(line);
    expect(networkError([line])).toBeNull();
  });
});
