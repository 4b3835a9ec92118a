// Candidate 5: httpxy as its README has it for WebSockets.
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createProxyServer } from 'httpxy';

const proxy = createProxyServer({});
const target = `http://127.0.0.1:${process.argv[2]}`;
const server = createServer();
server.on('upgrade', (request, socket, head) => {
  proxy.ws(request, socket as Socket, { target }, head).catch(() => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
