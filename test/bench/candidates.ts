// What stands between the client and the echo server, each a process of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Started } from './processes.ts';
import { programPath, SCF_WS, start } from './processes.ts';

/** As they are called in the tables; all ratios are to `pipe`. */
export const CANDIDATES = [
  'direct',
  'pipe',
  'ws-ws',
  'http-proxy',
  'httpxy',
  'nginx',
  'haproxy',
  'scf-ws',
] as const;

export type CandidateName = (typeof CANDIDATES)[number];

export interface Candidate {
  readonly name: CandidateName;
  readonly port: number;
  readonly pid: number;
  end(): Promise<void>;
}

export interface Place {
  /** Where the echo server listens. */
  readonly echo: Started;
  /** For configs; gone after the run. */
  readonly folder: string;
}

/** A system's program is often not on the PATH of a user. */
const NGINX = '/usr/sbin/nginx';
const HAPROXY = '/usr/sbin/haproxy';

export function isInstalled(name: CandidateName): boolean {
  const version: Partial<Record<CandidateName, readonly [string, string]>> = {
    nginx: [NGINX, '-v'],
    haproxy: [HAPROXY, '-v'],
  };
  const words = version[name];
  return words === undefined || spawnSync(words[0], [words[1]], { stdio: 'ignore' }).status === 0;
}

/** Limits far above what a load reaches, so that each is metered and none is met. */
export const RAISED_LIMITS = `name: bench
idleTimeout: 7200
timeout: 7200
limits:
  message: 1GB
  bandwidth: 1000GB/s
  qps: 1000000000
`;

export async function startCandidate(name: CandidateName, { echo, folder }: Place): Promise<Candidate> {
  const target = Number(echo.line);
  const made = ({ pid, end }: Started, port: number): Candidate => ({ name, port, pid, end });
  const program = async (file: string): Promise<Candidate> => {
    const started = await start([process.execPath, programPath(`proxies/${file}.js`), String(target)]);
    return made(started, Number(started.line));
  };
  switch (name) {
    case 'direct':
      // The server's own CPU time stands where the others have the proxy's.
      return { name, port: target, pid: echo.pid, end: async () => {} };
    case 'pipe':
      return program('tcp-pipe');
    case 'ws-ws':
      return program('ws-proxy');
    case 'http-proxy':
    case 'httpxy':
      return program(name);
    case 'nginx': {
      const port = await freePort();
      const config = writeIn(folder, 'nginx.conf', nginxConfig({ port, target, folder }));
      const words = [NGINX, '-p', folder, '-e', join(folder, 'nginx-error.log'), '-c', config];
      return made(await start(words, { port }), port);
    }
    case 'haproxy': {
      const port = await freePort();
      const config = writeIn(folder, 'haproxy.cfg', haproxyConfig({ port, target }));
      return made(await start([HAPROXY, '-db', '-q', '-f', config], { port }), port);
    }
    case 'scf-ws': {
      const dir = join(folder, 'attached');
      mkdirSync(dir, { recursive: true });
      writeIn(dir, 'scf.yaml', RAISED_LIMITS);
      // A config wants one; with --attach nobody runs it.
      writeIn(dir, 'scf_bootstrap', '#!/bin/bash\n');
      const options = ['--port', '0', '--attach', `127.0.0.1:${target}`];
      const started = await start([process.execPath, ...profiling(), SCF_WS, 'dev', dir, ...options]);
      return made(started, Number(new URL(started.line).port));
    }
  }
}

/** `SCF_WS_BENCH_NODE_OPTIONS='--cpu-prof --cpu-prof-dir=…'` shows where the gateway's time goes. */
function profiling(): readonly string[] {
  return (process.env.SCF_WS_BENCH_NODE_OPTIONS ?? '').split(' ').filter(Boolean);
}

function writeIn(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Ports {
  readonly port: number;
  readonly target: number;
}

/** One process, so that its CPU time is in one place; else as its manual has it for WebSockets. */
function nginxConfig({ port, target, folder }: Ports & { folder: string }): string {
  return `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'nginx-error.log')} crit;
events { worker_connections 25000; }
http {
  access_log off;
  client_body_temp_path ${join(folder, 'nginx-body')};
  proxy_temp_path ${join(folder, 'nginx-proxy')};
  fastcgi_temp_path ${join(folder, 'nginx-fastcgi')};
  uwsgi_temp_path ${join(folder, 'nginx-uwsgi')};
  scgi_temp_path ${join(folder, 'nginx-scgi')};
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://127.0.0.1:${target};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

function haproxyConfig({ port, target }: Ports): string {
  return `global
  nbthread 1
  maxconn 9900
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend back
backend back
  server echo 127.0.0.1:${target}
`;
}
