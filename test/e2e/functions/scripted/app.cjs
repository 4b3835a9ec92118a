// A function that does what its client tells it: each text message is a command with an argument; every other
// message is answered with itself.
const { spawn } = require('node:child_process');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '0.0.0.0', port: 9000, perMessageDeflate: true });

/** Kept, so that it stays in use. */
const memory = [];

const commands = {
  close: (socket, code, reason) => (code ? socket.close(Number(code), reason) : socket.close()),
  terminate: socket => socket.terminate(),
  reset: socket => socket._socket.resetAndDestroy(),
  exit: (_socket, code) => process.exit(Number(code)),
  'close-and-exit': (socket, code) => {
    socket.close(Number(code));
    socket._socket.end(() => process.exit(1));
  },
  throw: () => {
    throw new Error('as the client asked');
  },
  'kill-self': () => process.kill(process.pid, 'SIGKILL'),
  pid: socket => socket.send(String(process.pid)),
  environment: (socket, name) => socket.send(process.env[name] ?? ''),
  send: (socket, bytes) => socket.send(Buffer.alloc(Number(bytes), 'x')),
  tick: (socket, everyMs) => setInterval(() => socket.send('tick'), Number(everyMs)),
  ping: (socket, everyMs) => setInterval(() => socket.ping(), Number(everyMs)),
  grow: (_socket, megabytes) => memory.push(Buffer.alloc(Number(megabytes) * 1024 ** 2, 1)),
  // In a session of its own, with no stream of ours: as hard to find as can be.
  'leave-a-child': socket => {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    child.unref();
    socket.send(String(child.pid));
  },
  'ignore-sigterm': socket => {
    process.on('SIGTERM', () => {});
    socket.send('ignoring');
  },
};

server.on('connection', socket => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    const [command, ...rest] = isBinary ? [] : data.toString().split(' ');
    const run = commands[command];
    if (run) run(socket, ...rest);
    else socket.send(data, { binary: isBinary });
  });
});
