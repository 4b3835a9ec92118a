// Notes by WebSocket: each connection has a list of its own, for as long as it lasts.
// One connection is one instance, so what is kept in variables here is seen by nobody else.
import { WebSocketServer } from 'ws';

/** For a client that does not speak JSON. The platform counts every code but 1000 and 1011 as a failure (439). */
const BAD_REQUEST = 4400;

const server = new WebSocketServer({ host: '0.0.0.0', port: 9000, maxPayload: 64 * 1024 });

server.on('connection', socket => {
  const notes = [];
  const answer = value => socket.send(JSON.stringify(value));
  // A client that breaks the protocol must not end the process.
  socket.on('error', error => console.error(String(error)));
  socket.on('message', data => {
    const request = parse(data);
    switch (request?.do) {
      case 'add':
        notes.push({ text: String(request.text), at: Date.now() });
        answer({ added: notes.length });
        break;
      case 'list':
        answer({ notes });
        break;
      // Pings do not count as messages for the idle timeout; this does.
      case 'stay':
        answer({ staying: true });
        break;
      case 'leave':
        socket.close(1000, `${notes.length} notes forgotten`);
        break;
      default:
        socket.close(BAD_REQUEST, 'send such as {"do":"add","text":"milk"}');
    }
  });
});

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    // Not JSON is as bad as JSON that asks for nothing.
    return null;
  }
}
