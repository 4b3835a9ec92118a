// Linux's table of TCP sockets → those that listen. Runs in an instance's own network and outside alike.
'use strict';

const { readFileSync } = require('node:fs');

/** The state LISTEN in /proc/net/tcp. */
const LISTEN = '0A';

function listeningSockets() {
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

module.exports = { listeningSockets };
