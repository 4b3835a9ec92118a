// Candidate 2, the measure of all others: bytes from one socket to another, with Node's own pipe().
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

const port = Number(process.argv[2]);

const server = createServer({ noDelay: true }, client => {
  const target = connect({ host: '127.0.0.1', port, noDelay: true });
  client.pipe(target).pipe(client);
  client.on('error', () => target.destroy());
  target.on('error', () => client.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
