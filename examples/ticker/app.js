// Pushes a number every second, until told to be quiet: made for watching timeouts happen.
// A ticking connection never is idle, so it ends with 433 (execution timeout); after "quiet" it ends with 455 (idle).
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '0.0.0.0', port: 9000 });

server.on('connection', socket => {
  let count = 0;
  // A client that breaks the protocol must not end the process.
  socket.on('error', error => console.error(String(error)));
  const timer = setInterval(() => socket.send(String(++count)), 1000);
  socket.on('message', data => {
    if (data.toString() === 'quiet') clearInterval(timer);
  });
  socket.on('close', () => clearInterval(timer));
});
