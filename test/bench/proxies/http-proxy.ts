// Candidate 4: http-proxy as its README has it for WebSockets.
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';

interface HttpProxy {
  ws(request: IncomingMessage, socket: Socket, head: Buffer): void;
  on(event: 'error', listener: () => void): void;
}

const { createProxyServer } = createRequire(import.meta.url)('http-proxy') as {
  createProxyServer(options: { target: string }): HttpProxy;
};

const proxy = createProxyServer({ target: `http://127.0.0.1:${process.argv[2]}` });
proxy.on('error', () => {});
const server = createServer();
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket as Socket, head));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
