// Tencent Cloud SCF, web functions with WebSocket: every rule as data with its source. Pure.
// Correct a value here together with its source; the README's tables are generated from this file.
import type { CloudRuntime, Fact, Platform } from './platform.ts';

const WS_DOC = 'Tencent Cloud doc 583/63406 (2024-03-21), WebSocket';
const STATUS_DOC = 'Tencent Cloud doc 583/42611 (2023-09-11), function status codes';
const QUOTA_DOC = 'Tencent Cloud doc 583/11637 (2025-10-16), quotas';
const CREATE_DOC = 'Tencent Cloud doc 583/19805, create a function';
const ENVIRONMENT_DOC = 'Tencent Cloud doc 583/30228, environment variables';
const BILLING_DOC = 'Tencent Cloud SCF billing items (mirror d6af5dc3)';
const FUNCTION_DOC = 'Tencent Cloud doc 583/56124, web functions';
const START_FILE_DOC = 'Tencent Cloud doc 583/56126 (2024-11-29), start file';

const documented = <T>(value: T, source: string): Fact<T> => ({ value, basis: 'documented', source });
const observed = <T>(value: T, source: string): Fact<T> => ({ value, basis: 'observed', source });
const assumed = <T>(value: T, source: string): Fact<T> => ({ value, basis: 'assumed', source });

const runtime = (
  folder: string,
  language: CloudRuntime['language'],
  version: string,
  ...binaries: string[]
): CloudRuntime => ({ folder, language, version, binaries });

const node = (major: string) => runtime(`node${major}`, 'node', major, 'node', 'npm', 'npx');

export const tencentScf: Platform = {
  id: 'tencent-scf',
  title: 'Tencent Cloud SCF (web function, WebSocket)',
  idleTimeoutS: {
    range: documented({ min: 10, max: 7200 }, WS_DOC),
    default: documented(15, 'Tencent Cloud SDK, WSParams.IdleTimeOut'),
  },
  executionTimeoutS: {
    range: assumed(
      { min: 1, max: null },
      `${WS_DOC}: at least the idle timeout; ${QUOTA_DOC} says 1–900 s, which an idle timeout of 7200 s contradicts, so no upper end is enforced`,
    ),
    default: assumed(
      60,
      `${CREATE_DOC} says 3 s, which is below the shortest idle timeout that a WebSocket function may have`,
    ),
  },
  initTimeoutS: {
    range: documented({ min: 3, max: 300 }, CREATE_DOC),
    default: documented(60, CREATE_DOC),
  },
  memoryMB: {
    range: documented({ min: 128, max: 3072 }, CREATE_DOC),
    default: documented(128, CREATE_DOC),
    alsoMB: [64],
    stepMB: 128,
  },
  port: documented(9000, START_FILE_DOC),
  startFile: documented('scf_bootstrap', START_FILE_DOC),
  limits: {
    messageBytes: documented(256 * 1024, `${WS_DOC}: each request or response packet`),
    bytesPerSecond: documented(128 * 1024, `${WS_DOC}: each connection`),
    messagesPerSecond: documented(10, `${WS_DOC}: each connection`),
    rateWindowMs: assumed(1000, 'no window is published; the strictest: any second, wherever it begins'),
    rateDirection: assumed('client to function', 'the direction that counts is not published'),
  },
  environment: {
    maxBytes: documented(4096, ENVIRONMENT_DOC),
    keyPattern: documented('^[a-zA-Z][a-zA-Z0-9_]*$', ENVIRONMENT_DOC),
    reservedPrefixes: documented(
      ['SCF_', 'QCLOUD_', 'TENCENTCLOUD_', 'TECENTCLOUD_'],
      `${ENVIRONMENT_DOC}; the last stands there misspelt, the third is its evident meaning`,
    ),
  },
  assumptions: {
    controlFramesResetIdle: assumed(
      false,
      `${WS_DOC} speaks of messages; RFC 6455 calls only data frames messages`,
    ),
    timeoutCloseCode: assumed(null, 'not published; without a close frame the client sees 1006'),
    messageTooBigCloseCode: assumed(1009, 'not published; RFC 6455 §7.4.1'),
    rateExceededCloseCode: assumed(1008, 'not published; RFC 6455 §7.4.1'),
    closeGraceMs: assumed(5000, 'not published'),
    terminateGraceMs: assumed(2000, 'not published; whether an instance gets SIGTERM at all is unknown'),
  },
  status: {
    closedBy: {
      client: {
        success: documented([1000, 1010], WS_DOC),
        successStatus: documented(200, WS_DOC),
        otherCode: documented(456, WS_DOC),
        unclear: { codes: [1011], status: assumed(456, `${WS_DOC} names 1011 as the server's`) },
        noCode: assumed(456, `${WS_DOC} says "other than 1000", and no code (1005) is other than 1000`),
        lost: assumed(456, `${WS_DOC} says "other than 1000", and 1006 is other than 1000`),
      },
      function: {
        success: documented([1000, 1011], WS_DOC),
        successStatus: documented(200, WS_DOC),
        otherCode: documented(439, WS_DOC),
        unclear: { codes: [1010], status: assumed(439, `${WS_DOC} names 1010 as the client's`) },
        noCode: assumed(439, `${WS_DOC} says "other than 1000", and no code (1005) is other than 1000`),
        lost: assumed(439, `${WS_DOC} says "other than 1000", and 1006 is other than 1000`),
      },
    },
    quotaBrokenBy: {
      client: assumed(456, 'not published; as if the client had closed with the code of the quota'),
      function: assumed(439, 'not published; as if the function had closed with the code of the quota'),
    },
    byCause: {
      'process-exited': documented(439, `${STATUS_DOC}: User process exit when running`),
      'idle-timeout': documented(455, WS_DOC),
      'execution-timeout': documented(433, WS_DOC),
      'memory-exceeded': documented(434, STATUS_DOC),
      'port-not-bound': documented(446, `${STATUS_DOC}; seen as the HTTP answer too`),
      'start-failed': observed(443, `answers of deployed functions; ${STATUS_DOC} has 405 and 445 for it`),
      'concurrency-exceeded': documented(432, STATUS_DOC),
      'upgrade-refused': assumed(200, 'the function did answer; what it answered is passed on'),
      'emulator-stopped': assumed(null, 'no such thing on the platform'),
    },
  },
  errorMessages: {
    'start-failed': observed(
      '{startFileError}',
      'answers of deployed functions for a missing or CRLF start file',
    ),
    'port-not-bound': observed('context deadline exceeded', 'answer of a deployed function'),
    'execution-timeout': observed(
      'Invoking task timed out after {executionTimeoutS} seconds',
      'answers and logs of deployed functions',
    ),
    'memory-exceeded': observed('Task memory exceeded {memoryMB} MB', 'answer of a deployed function'),
    'process-exited': documented('User process exit when running', STATUS_DOC),
    'concurrency-exceeded': documented(
      'Function [ {name} ] concurrency exceeded reserved quota {reservedMB} MB',
      `${STATUS_DOC}, 432`,
    ),
  },
  requestHeaders: documented(
    {
      'X-Scf-Request-Id': '{requestId}',
      'X-Scf-Memory': '{memoryMB}',
      // Milliseconds, as seen in real requests.
      'X-Scf-Timeout': '{executionTimeoutMs}',
      'X-Scf-Version': '$LATEST',
      'X-Scf-Name': '{name}',
      'X-Scf-Namespace': 'default',
      'X-Scf-Region': 'ap-guangzhou',
      'X-Scf-Appid': '1250000000',
      'X-Scf-Uin': '100000000001',
    },
    `${FUNCTION_DOC}; region and account are placeholders`,
  ),
  reservedHeaderPrefix: documented('x-scf-', FUNCTION_DOC),
  variables: documented(
    {
      TENCENTCLOUD_RUNENV: 'SCF',
      USER_CODE_ROOT: '{codeDir}/',
      _SCF_SERVER_PORT: '28902',
      SCF_FUNCTIONNAME: '{name}',
      SCF_FUNCTIONVERSION: '$LATEST',
      TENCENTCLOUD_REGION: 'ap-guangzhou',
      TENCENTCLOUD_APPID: '1250000000',
      TENCENTCLOUD_UIN: '100000000001',
      TENCENTCLOUD_TZ: 'UTC',
      PYTHONDONTWRITEBYTECODE: 'x',
      NODE_PATH: '{codeDir}:{codeDir}/node_modules',
    },
    `${ENVIRONMENT_DOC}; region and account are placeholders, and the credentials that stand there too are left out`,
  ),
  fileSystem: {
    variables: documented(
      {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/home/qcloud',
        USER: 'qcloud',
        LOGNAME: 'qcloud',
        SHELL: '/bin/bash',
        LANG: 'en_US.UTF8',
        PYTHONPATH: '/var/user:/opt',
        LD_LIBRARY_PATH: '/var/user:/opt',
      },
      `${ENVIRONMENT_DOC}; without the folders of runtimes that are not used`,
    ),
    tmpBytes: documented(512 * 1024 ** 2, QUOTA_DOC),
  },
  packageBytes: documented(500 * 1024 ** 2, `${QUOTA_DOC}; taken to be its size when unpacked`),
  processor: assumed('x86-64', 'not published; the usual one of the CentOS 7.6 that the docs name'),
  shells: assumed(
    ['/bin/bash', '/bin/sh', '/usr/bin/env', '/usr/bin/bash', '/usr/bin/sh'],
    `${START_FILE_DOC} names /bin/bash only; public start files have others too, which CentOS 7.6, the system that the docs name, has`,
  ),
  prices: documented({ currency: 'CNY', perGBs: 0.00011108, perTenThousandInvocations: 0.0133 }, BILLING_DOC),
  runtimes: documented(
    [
      ...['10', '12', '14', '16', '18', '20'].map(node),
      runtime('python2', 'python', '2.7', 'python', 'python2'),
      runtime('python3', 'python', '3.6', 'python3', 'python'),
      runtime('python37', 'python', '3.7', 'python3', 'python3.7', 'python'),
      runtime('python39', 'python', '3.9', 'python3', 'python3.9', 'python'),
      runtime('python310', 'python', '3.10', 'python3', 'python3.10', 'python'),
      runtime('python311', 'python', '3.11', 'python3', 'python3.11', 'python'),
      runtime('php5', 'php', '5', 'php'),
      runtime('php7', 'php', '7.2', 'php'),
      runtime('php74', 'php', '7.4', 'php'),
      runtime('php80', 'php', '8.0', 'php'),
      runtime('java8', 'java', '8', 'java'),
      runtime('java11', 'java', '11', 'java'),
      runtime('go1', 'go', '1', 'go'),
    ],
    `${START_FILE_DOC}; python311 is seen in public start files only`,
  ),
};
