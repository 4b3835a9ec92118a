// Preloaded into the user's Node process (NODE_OPTIONS=--require): gives a server that asks for the function's port
// a free one and tells the emulator which, so that any number of instances can "listen on 9000" at once.
// It must never disturb the app: no output, no exception, no hold on the event loop, no syntax newer than Node 10.
'use strict';

const fs = require('fs');
const net = require('net');

const { SCF_WS_PORT, SCF_WS_PIPE, SCF_WS_INSTANCE } = process.env;
const platformPort = Number(SCF_WS_PORT);

// Taken now, because apps replace these later (mocks, monkey patches).
const { openSync, writeSync, closeSync } = fs;
const { O_WRONLY, O_NONBLOCK } = fs.constants;
const { _createServerHandle: createServerHandle } = net;

/** The open handles that stand for the platform's port; all of them have the port `actualPort`. */
const open = new Set();
let actualPort = 0;
/** The real names of handles that say the platform's port themselves. */
const disguised = new WeakMap();

function portToBind() {
  // The same port again while it is open, so that listening twice meets the usual EADDRINUSE.
  if (open.size > 0) return actualPort;
  // One that is free in IPv6 and IPv4, since an app may bind both; a plain bind to 0 looks at its own family only.
  const probe = createServerHandle(null, 0, 4, undefined, 0);
  if (typeof probe === 'number') return 0;
  const { port } = nameOf(probe);
  probe.close();
  return port;
}

function nameOf(handle) {
  const name = {};
  // The stand-in handle of a cluster worker does not always have one.
  if (typeof handle.getsockname === 'function') handle.getsockname(name);
  return disguised.get(handle) || name;
}

function adopt(handle) {
  const { close } = handle;
  open.add(handle);
  actualPort = nameOf(handle).port || actualPort;
  // Not the server's 'close' event: that one waits for the last connection.
  handle.close = function (...args) {
    open.delete(handle);
    return close.apply(this, args);
  };
}

function disguise(handle) {
  const { getsockname } = handle;
  if (typeof getsockname !== 'function') return;
  disguised.set(handle, nameOf(handle));
  handle.getsockname = function (name) {
    const error = getsockname.call(this, name);
    name.port = platformPort;
    return error;
  };
}

function report(handle, port) {
  const { port: actual, address } = nameOf(handle);
  if (!actual) return;
  try {
    // Opened for each message: a descriptor that stays open would be inherited, or closed by an app that tidies up.
    const pipe = openSync(SCF_WS_PIPE, O_WRONLY | O_NONBLOCK);
    const message = { instance: SCF_WS_INSTANCE, pid: process.pid, port, actualPort: actual, address };
    try {
      writeSync(pipe, `${JSON.stringify(message)}\n`);
    } finally {
      closeSync(pipe);
    }
  } catch (_) {
    // The emulator has gone, which is no business of the app.
  }
}

// The runtime has made the error and emits it in the next tick; it names the port that was tried.
function nameAskedPortInError(server, triedPort) {
  const own = Object.getOwnPropertyDescriptor(server, 'emit');
  const { emit } = server;
  server.emit = function (event, error, ...rest) {
    if (event === 'error' && error) {
      if (own) Object.defineProperty(server, 'emit', own);
      else delete server.emit;
      const tried = `${error.address}:${triedPort}`;
      const asked = `${error.address}:${platformPort}`;
      error.stack = String(error.stack).replace(tried, asked);
      error.message = String(error.message).replace(tried, asked);
      error.port = platformPort;
    }
    return emit.call(this, event, error, ...rest);
  };
}

function install() {
  const { _listen2: listen, address } = net.Server.prototype;

  // Every `listen` on a port ends here, after the name lookup and, in a cluster worker, with the primary's handle.
  // It binds synchronously, which `listen` does not, and Node keeps its name for the sake of those who wrap it.
  net.Server.prototype._listen2 = function (host, port, ...rest) {
    const tried = port === platformPort && !this._handle ? portToBind() : port;
    const result = listen.call(this, host, tried, ...rest);
    if (this._handle && port > 0) {
      if (port === platformPort) adopt(this._handle);
      report(this._handle, port);
    } else if (tried !== port) {
      nameAskedPortInError(this, tried);
    }
    return result;
  };

  net.Server.prototype.address = function () {
    const name = address.call(this);
    if (open.has(this._handle)) name.port = platformPort;
    return name;
  };

  // A cluster worker takes a handle from its primary only if that says the port that was asked for.
  const cluster = process.send ? require('cluster') : {};
  if (cluster.isWorker && cluster._getServer) {
    const { _getServer: getServer } = cluster;
    cluster._getServer = function (server, query, callback) {
      return getServer.call(this, server, query, (error, handle, ...rest) => {
        if (handle && query.port === platformPort) disguise(handle);
        callback(error, handle, ...rest);
      });
    };
  }

  // What the primary of a cluster calls when its workers share the socket itself (SCHED_NONE).
  net._createServerHandle = (host, port, ...rest) => {
    const handle = createServerHandle(host, port === platformPort ? portToBind() : port, ...rest);
    if (port === platformPort && typeof handle === 'object') adopt(handle);
    return handle;
  };
}

/** The name by which functions reach the machine that they run on. */
const HOST_NAME = 'host.scf.internal';

// The cloud's libraries ask `dns.lookup` for the address of every name that is connected to.
function nameHost() {
  const dns = require('dns');
  const address = name => (typeof name === 'string' && name.toLowerCase() === HOST_NAME ? '127.0.0.1' : name);
  const { lookup: original } = dns;
  dns.lookup = function lookup(name, options, callback) {
    return original.call(this, address(name), options, callback);
  };
  // What `util.promisify` goes by.
  Object.defineProperties(dns.lookup, Object.getOwnPropertyDescriptors(original));
  const patch = promises => {
    const { lookup: originalPromise } = promises;
    promises.lookup = function lookup(name, options) {
      return originalPromise.call(this, address(name), options);
    };
  };
  // Node 10 warns of who looks at it.
  if (Number(process.versions.node.split('.')[0]) > 10) patch(dns.promises);
}

if (platformPort > 0 && SCF_WS_PIPE && SCF_WS_INSTANCE) {
  install();
  nameHost();
}
