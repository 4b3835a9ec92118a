// Answers every message with itself. The close code is up to the client: send "close 4001" to let the function
// close with that code, or "exit" to let its process end.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '0.0.0.0', port: 9000 }, () => {
  console.log('listening on 0.0.0.0:9000');
});

server.on('connection', (socket, request) => {
  console.log(`pid ${process.pid} serves ${request.url} for request ${request.headers['x-scf-request-id']}`);
  // A client that breaks the protocol must not end the process.
  socket.on('error', error => console.error(String(error)));
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : data.toString();
    const [, code] = /^close (\d{4})$/.exec(text) ?? [];
    if (code) socket.close(Number(code), 'as you asked');
    else if (text === 'exit') process.exit(1);
    else socket.send(data, { binary: isBinary });
  });
});
