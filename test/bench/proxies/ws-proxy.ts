// Candidate 3: whole messages from one WebSocket to another, as most write a proxy with ws.
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const port = Number(process.argv[2]);

const options = { host: '127.0.0.1', port: 0, backlog: 4096, perMessageDeflate: false };
const server = new WebSocketServer(options, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
server.on('connection', client => {
  const target = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  target.on('open', () => client.resume());
  client.on('message', (data, binary) => target.send(data, { binary }));
  target.on('message', (data, binary) => client.send(data, { binary }));
  client.on('close', () => target.terminate());
  target.on('close', () => client.terminate());
  client.on('error', () => {});
  target.on('error', () => {});
  // Until there is someone to send to.
  client.pause();
});
