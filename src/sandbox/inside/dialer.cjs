// Runs inside an instance's own network, in the emulator's Node: tells what listens there, and connects from there.
// A connected socket goes out over the IPC channel, so no byte of a connection passes through here. It must be
// gone before the connection begins: it is none of the function's processes.
'use strict';

const { readFileSync } = require('node:fs');
const { connect } = require('node:net');
const handOut = require('./host-ports.cjs');

/** Such a look reads two small files; a start is never slowed down by more than this. */
const LOOK_EVERY_MS = 3;

/** The state LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

function listening() {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file => {
    const [, ...lines] = textOf(file).split('\n');
    return lines
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTEN)
      .map(([, local]) => socketAddress(local));
  });
}

function textOf(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // A kernel without IPv6 has no tcp6.
    return '';
  }
}

/** `0100007F:2328` → 127.0.0.1:9000. Each group of four bytes stands in the order of the processor, lowest first. */
function socketAddress(local) {
  const [hex, port] = local.split(':');
  const bytes = Buffer.from(hex, 'hex');
  for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  return { address: bytes.length === 4 ? bytes.join('.') : ipv6(bytes), port: Number.parseInt(port, 16) };
}

/** Only the addresses that matter get their usual short form. */
function ipv6(bytes) {
  const text = bytes.toString('hex');
  if (/^0+$/.test(text)) return '::';
  if (/^0{31}1$/.test(text)) return '::1';
  const [, v4] = /^0{20}ffff(.{8})$/.exec(text) ?? [];
  return v4 ? `::ffff:${Buffer.from(v4, 'hex').join('.')}` : text.match(/.{4}/g).join(':');
}

const [hostAddress, ...hostPorts] = process.argv.slice(2);
const told = new Set(handOut(hostAddress, hostPorts).map(socket => JSON.stringify(socket)));
let timer = setInterval(look, LOOK_EVERY_MS);

function look() {
  for (const socket of listening()) {
    const key = JSON.stringify(socket);
    if (!told.has(key)) process.send({ type: 'listening', ...socket });
    told.add(key);
  }
}

process.on('message', ({ port }) => {
  clearInterval(timer);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.once('connect', () => process.send({ type: 'connected' }, socket, () => process.exit()));
  socket.once('error', () => {
    // It has stopped listening since; it may begin again, elsewhere too.
    for (const key of told) if (JSON.parse(key).port === port) told.delete(key);
    timer = setInterval(look, LOOK_EVERY_MS);
  });
});

// Without the emulator there is no one to dial for.
process.on('disconnect', () => process.exit());
