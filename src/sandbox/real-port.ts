// The one real port of this machine, for programs that no hook can move: is it free, and does anything listen there?
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
}

/** From `src/sandbox` and `dist/sandbox` alike. */
const { listeningSockets } = createRequire(import.meta.url)(
  '../../src/sandbox/inside/listening-sockets.cjs',
) as {
  listeningSockets: () => readonly ListeningSocket[];
};

const LOOK_EVERY_MS = 10;

/** Can a program listen on it on every address? */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0' }, () => server.close(() => resolve(true)));
  });
}

/** Tells once what listens on the port, then ends. Returns what ends it before. */
export function watchPort(port: number, onListening: (socket: ListeningSocket) => void): () => void {
  const look = process.platform === 'linux' ? lookInTable : lookByConnecting;
  let isOver = false;
  const timer = setInterval(() => {
    void look(port).then(socket => {
      if (socket === null || isOver) return;
      stop();
      onListening(socket);
    });
  }, LOOK_EVERY_MS).unref();
  function stop(): void {
    isOver = true;
    clearInterval(timer);
  }
  return stop;
}

async function lookInTable(port: number): Promise<ListeningSocket | null> {
  const sockets = listeningSockets().filter(socket => socket.port === port);
  return sockets[0] ?? null;
}

/** It cannot tell a loopback address from the others. */
function lookByConnecting(port: number): Promise<ListeningSocket | null> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ address: '0.0.0.0', port });
    });
    socket.once('error', () => resolve(null));
  });
}
