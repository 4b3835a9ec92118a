// Hands out, over the IPC channel, what stands for ports of this machine: sockets in the instance's network, bound
// but not accepted from here, so nothing of a connection passes through here and nothing stays.
'use strict';

// What the primary of a cluster makes sockets for its workers with: a server of its own would accept at once.
const { _createServerHandle: createServerHandle } = require('node:net');

const IPV4 = 4;

/** Each port is `PORT`, or `PORT:FD` if it listens already. Returns the sockets that are none of the function's. */
module.exports = function handOut(address, ports) {
  return ports.map(text => {
    const [port, fd] = text.split(':').map(Number);
    const isOpen = fd !== undefined;
    const handle = isOpen
      ? createServerHandle(null, null, IPV4, fd)
      : createServerHandle(address, port, IPV4);
    if (typeof handle === 'number') process.send({ type: 'host-port', port, error: handle });
    else process.send({ type: 'host-port', port }, handle, () => handle.close());
    return { address, port };
  });
};
