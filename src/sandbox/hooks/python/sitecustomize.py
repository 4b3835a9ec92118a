"""Preloaded into the user's Python process (PYTHONPATH): gives a server that asks for the function's port a free one
and tells the emulator which, so that any number of instances can "listen on 9000" at once.
It must never disturb the app: no output, no error of its own, no slow import at start, no syntax newer than Python 2.7.
"""
import errno
import os
import sys

# Taken now, because libraries replace these later (eventlet).
_open, _write, _close = os.open, os.write, os.close
_environ = os.environ

# Tells child processes, which may inherit the socket, that this port stands for the platform's.
_INHERITED = "SCF_WS_ACTUAL_PORT"

# The name by which functions reach the machine that they run on.
_HOST_NAME = "host.scf.internal"


def _host_address(name):
    """This machine's loopback for its name; whatever else it is stays as it is."""
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return "127.0.0.1" if isinstance(text, str) and text.lower() == _HOST_NAME else name


class _Hook(object):
    def __init__(self, platform_port, pipe, instance):
        self.platform_port = platform_port
        self.pipe = pipe
        self.instance = instance
        self.actual_ports = set()
        if _environ.get(_INHERITED, "").isdigit():
            self.actual_ports.add(int(_environ[_INHERITED]))
        self.asked_ports = {}

    def install(self):
        import _socket

        self.low_level = _socket
        self.base = base = _socket.socket
        self.families = (_socket.AF_INET, getattr(_socket, "AF_INET6", None))
        self.stream = _socket.SOCK_STREAM

        def bind(sock, address):
            asked = self.tcp_port(sock, address)
            if asked == self.platform_port:
                self.bind_platform_port(sock, address)
            else:
                base.bind(sock, address)
            if asked:
                self.remember(sock, asked)

        def listen(sock, *backlog):
            base.listen(sock, *backlog)
            self.report(sock)

        def getsockname(sock):
            return self.as_asked(sock, base.getsockname(sock))

        def connect(sock, address):
            return base.connect(sock, self.named(address))

        def connect_ex(sock, address):
            return base.connect_ex(sock, self.named(address))

        if "socket" in sys.modules:
            owner = sys.modules["socket"].socket
        else:
            # The class below socket.socket: gevent and eventlet derive their own from it, and `import socket` would
            # cost every process some milliseconds. Empty slots, because socket.socket adds __weakref__.
            owner = _socket.socket = type("socket", (base,), {"__slots__": (), "__module__": "_socket"})
        for method in (bind, listen, getsockname, connect, connect_ex):
            setattr(owner, method.__name__, method)
        self.name_host()
        sys.meta_path.insert(0, _UvloopFinder(self))

    def name_host(self):
        """The functions that every name goes through; `socket` takes them over as they are here."""

        def patched(original):
            def resolve(host, *rest, **options):
                return original(_host_address(host), *rest, **options)

            resolve.__name__ = original.__name__
            return resolve

        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            resolve = patched(getattr(self.low_level, name))
            setattr(self.low_level, name, resolve)
            if name != "getaddrinfo" and "socket" in sys.modules:
                setattr(sys.modules["socket"], name, resolve)

    @staticmethod
    def named(address):
        if isinstance(address, tuple) and address:
            return (_host_address(address[0]),) + address[1:]
        return address

    def tcp_port(self, sock, address):
        """The port in the address of a TCP socket, else None."""
        # Python 3.6 keeps SOCK_NONBLOCK and SOCK_CLOEXEC in the type.
        if sock.family not in self.families or sock.type & 15 != self.stream:
            return None
        if not isinstance(address, tuple) or len(address) < 2 or not isinstance(address[1], int):
            return None
        return address[1]

    def bind_platform_port(self, sock, address):
        open_port = self.open_port()
        for tries_left in (4, 3, 2, 1, 0):
            try:
                self.base.bind(sock, (address[0], open_port or self.free_port()) + address[2:])
                break
            except OSError as error:
                if open_port or error.errno != errno.EADDRINUSE or not tries_left:
                    raise
        actual = self.base.getsockname(sock)[1]
        self.actual_ports.add(actual)
        _environ[_INHERITED] = str(actual)

    def open_port(self):
        """The port bound before, if still open: to bind it again must meet the usual EADDRINUSE."""
        for sock, port in list(self.asked_ports.items()):
            if port == self.platform_port and sock.fileno() != -1:
                return self.base.getsockname(sock)[1]
        return 0

    def free_port(self):
        """A port free in IPv6 and IPv4: asyncio binds both, and a plain bind to 0 looks at its own family only."""
        try:
            probe = self.base(self.low_level.AF_INET6, self.stream)
            try:
                probe.setsockopt(self.low_level.IPPROTO_IPV6, self.low_level.IPV6_V6ONLY, 0)
                probe.bind(("::", 0))
                return probe.getsockname()[1]
            finally:
                probe.close()
        except (AttributeError, OSError):
            return 0  # No IPv6 here.

    def remember(self, sock, port):
        if not self.asked_ports:
            from weakref import WeakKeyDictionary

            self.asked_ports = WeakKeyDictionary()
        try:
            self.asked_ports[sock] = port
        except TypeError:
            pass  # A class of the app's own that cannot be a key.

    def as_asked(self, sock, address):
        if self.tcp_port(sock, address) in self.actual_ports:
            return (address[0], self.platform_port) + address[2:]
        return address

    def report(self, sock):
        try:
            address = self.base.getsockname(sock)
            actual = self.tcp_port(sock, address)
            asked = self.platform_port if actual in self.actual_ports else self.asked_ports.get(sock)
            if actual is None or asked is None:
                return
            # By hand, because `import json` is slow and might find a file of the app's instead.
            message = '{"instance":"%s","pid":%d,"port":%d,"actualPort":%d,"address":"%s"}\n' % (
                self.instance.replace("\\", "\\\\").replace('"', '\\"'),
                os.getpid(),
                asked,
                actual,
                address[0],
            )
            # Opened for each message: a descriptor that stays open would be inherited, or closed by an app that
            # tidies up.
            pipe = _open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
            try:
                _write(pipe, message.encode("utf-8"))
            finally:
                _close(pipe)
        except Exception:
            pass  # The emulator has gone, which is no business of the app.

    def install_in_uvloop(self, uvloop):
        """uvloop binds in C, but it takes a socket that Python has bound."""
        original = uvloop.Loop.create_server
        pseudo_socket = uvloop.loop.PseudoSocket
        pseudo_getsockname = pseudo_socket.getsockname

        def create_server(loop, protocol_factory, host=None, port=None, **options):
            if port and options.get("sock") is None:
                options["sock"] = _bound_socket(host, port, options)
                host = port = None
            sock = options.get("sock")
            if sock is not None:
                sock.listen(options.get("backlog", 100))
            return original(loop, protocol_factory, host, port, **options)

        def getsockname(sock):
            return self.as_asked(sock, pseudo_getsockname(sock))

        original_connect, original_getaddrinfo = uvloop.Loop.create_connection, uvloop.Loop.getaddrinfo

        def create_connection(loop, protocol_factory, host=None, port=None, **options):
            named = _host_address(host)
            if named is not host and options.get("ssl") and options.get("server_hostname") is None:
                options["server_hostname"] = host
            return original_connect(loop, protocol_factory, named, port, **options)

        def getaddrinfo(loop, host, *rest, **options):
            return original_getaddrinfo(loop, _host_address(host), *rest, **options)

        uvloop.Loop.create_server = create_server
        uvloop.Loop.create_connection = create_connection
        uvloop.Loop.getaddrinfo = getaddrinfo
        pseudo_socket.getsockname = getsockname


def _bound_socket(host, port, options):
    """The socket that loop.create_server would make for these options, which are taken out."""
    import socket

    family, flags = options.pop("family", 0), options.pop("flags", socket.AI_PASSIVE)
    reuse_address, reuse_port = options.pop("reuse_address", None), options.pop("reuse_port", None)
    found = []
    for one in [host] if host is None or isinstance(host, str) else host:
        found += socket.getaddrinfo(one or None, port, family, socket.SOCK_STREAM, 0, flags)
    # Only one can be handed over, and the platform comes by IPv4.
    family, kind, protocol, _, address = sorted(found, key=lambda info: info[0] != socket.AF_INET)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        if reuse_address is not False:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


class _UvloopFinder(object):
    """Patches uvloop when the app imports it."""

    def __init__(self, hook):
        self.hook = hook

    def find_spec(self, name, path=None, target=None):
        if name != "uvloop":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        loader = getattr(spec, "loader", None)
        if loader is not None:
            run = loader.exec_module

            def exec_module(module):
                run(module)
                try:
                    self.hook.install_in_uvloop(module)
                except Exception:
                    pass  # A uvloop made differently: it works, but unseen by the emulator.

            loader.exec_module = exec_module
        return spec


def _install():
    port, pipe, instance = (_environ.get(name) for name in ("SCF_WS_PORT", "SCF_WS_PIPE", "SCF_WS_INSTANCE"))
    if sys.version_info >= (3, 6) and port and port.isdigit() and int(port) and pipe and instance:
        _Hook(int(port), pipe, instance).install()


def _run_hidden_sitecustomize():
    """Runs the distribution's or the user's own file of this name, as Python would have done without this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    this = sys.modules.pop(__name__)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, this)


try:
    _install()
except Exception:
    pass  # Without its hook the app still runs; the emulator then says that nothing listens.
_run_hidden_sitecustomize()
