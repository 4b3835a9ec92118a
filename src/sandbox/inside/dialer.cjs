// Runs inside an instance's own network, in the emulator's Node: tells what listens there, and connects from there.
// A connected socket goes out over the IPC channel, so no byte of a connection passes through here. It must be
// gone before the connection begins: it is none of the function's processes. Only where the instance is kept for
// another connection does it stay, and waits to be told to connect again.
'use strict';

const { connect } = require('node:net');
const { listeningSockets } = require('./listening-sockets.cjs');
const handOut = require('./host-ports.cjs');

/** Such a look reads two small files; a start is never slowed down by more than this. */
const LOOK_EVERY_MS = 3;

const [hostAddress, ...hostPorts] = process.argv.slice(2);
const told = new Set(handOut(hostAddress, hostPorts).map(socket => JSON.stringify(socket)));
let timer = setInterval(look, LOOK_EVERY_MS);

function look() {
  for (const socket of listeningSockets()) {
    const key = JSON.stringify(socket);
    if (!told.has(key)) process.send({ type: 'listening', ...socket });
    told.add(key);
  }
}

process.on('message', ({ port, isKept }) => {
  clearInterval(timer);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.once('connect', () => {
    process.send({ type: 'connected' }, socket, () => {
      if (!isKept) process.exit();
    });
  });
  socket.once('error', () => {
    // It has stopped listening since; it may begin again, elsewhere too.
    for (const key of told) if (JSON.parse(key).port === port) told.delete(key);
    timer = setInterval(look, LOOK_EVERY_MS);
  });
});

// Without the emulator there is no one to dial for.
process.on('disconnect', () => process.exit());
