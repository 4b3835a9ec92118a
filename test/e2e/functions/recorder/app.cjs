// A server of plain TCP that knows nothing of HTTP or WebSocket: it plays the part that a file gives it for the
// path that is asked for, and writes down every byte that it gets and how the connection ends.
const { readFileSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:net');
const { join } = require('node:path');

// Node's own environment says where the parts are; DIRECT_PORT is for running it without a gateway before it.
const { PARTS = '', RECORDS = '', DIRECT_PORT } = process.env;

let open = 0;
let isAsked = false;
// What is seen last must be written down, too: it ends when the connection has.
process.on('SIGTERM', () => {
  isAsked = true;
  if (open === 0) process.exit();
});

const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
  open++;
  let bytes = Buffer.alloc(0);
  let part = null;
  let isPlayed = false;
  let record = '';

  function look() {
    const headEnd = bytes.indexOf('\r\n\r\n') + 4;
    if (headEnd < 4) return;
    if (part === null) {
      const [, name] = /^\S+ \/([\w-]+)/.exec(bytes.toString('latin1'));
      part = JSON.parse(readFileSync(join(PARTS, `${name}.json`), 'utf8'));
      record = join(RECORDS, `${name}.json`);
      socket.write(Buffer.from(part.answer, 'hex'));
    }
    if (!isPlayed && bytes.length - headEnd >= part.upBytes) {
      isPlayed = true;
      socket.write(Buffer.from(part.down, 'hex'), () => {
        if (part.end === 'fin') socket.end();
        if (part.end === 'reset') socket.resetAndDestroy();
      });
    }
  }

  function ended(end) {
    if (open > 0 && record !== '')
      writeFileSync(record, JSON.stringify({ bytes: bytes.toString('hex'), end }));
    record = '';
    socket.end();
  }

  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk]);
    look();
  });
  socket.on('end', () => ended('fin'));
  socket.on('error', () => ended('reset'));
  socket.on('close', () => {
    ended(part?.end === 'reset' ? 'own reset' : 'closed');
    open--;
    if (isAsked) process.exit();
  });
});
server.listen(DIRECT_PORT ?? 9000, '0.0.0.0', () => process.stdout.write(`${server.address().port}\n`));
