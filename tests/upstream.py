"""An upstream that lies: a scriptable server on a raw loopback socket, one thread per connection.

Each connection plays the next script (the last one again when they run out) after its request was read. A script is a
function of the connection; the ones below are the faults a real upstream has shown. Nothing here knows HTTP rules, so
nothing stops a script from breaking them.
"""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread


@dataclass
class Line:
    """One accepted connection, and `over`, which is set when the test ends."""

    sock: socket.socket
    over: Event


@dataclass
class Seen:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Line], None]


@dataclass
class Upstream:
    """What a test holds: where to call, and what was asked."""

    url: str
    scripts: list[Script]
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def next_script(self) -> Script:
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]


@contextmanager
def upstream(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """A running upstream; at the end every connection and thread of it is gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = Event()
    host = "localhost" if tls else "127.0.0.1"
    server = Upstream(f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}/v1", list(scripts))
    threads: list[Thread] = []

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threads.append(Thread(target=_serve, args=(server, Line(sock, over), tls)))
            threads[-1].start()

    acceptor = Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [acceptor, *threads]:
            thread.join(5)
            assert not thread.is_alive(), "a connection outlived its test"


def _serve(server: Upstream, line: Line, tls: ssl.SSLContext | None) -> None:
    script = server.next_script()
    with suppress(OSError):  # the caller hung up, which is often what the test wants
        line.sock.settimeout(3)
        if tls:
            line.sock = tls.wrap_socket(line.sock, server_side=True)
        if not getattr(script, "speaks_first", False):
            server.seen.append(_request(line.sock))
        script(line)
    line.sock.close()


def _request(sock: socket.socket) -> Seen:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536) or _gone()
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536) or _gone()
    return Seen(method, path, headers, body)


def _gone() -> bytes:
    raise ConnectionError("the caller left in the middle of its request")


def head(status: int, *lines: str) -> bytes:
    """A status line and headers, written as told."""
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode("latin-1")


def answer(status: int, body: bytes = b"", *lines: str) -> Script:
    """A proper answer."""
    return raw(head(status, f"Content-Length: {len(body)}", *lines) + body)


def raw(data: bytes) -> Script:
    """These bytes, then the end of the connection."""
    return lambda line: line.sock.sendall(data)


def silence() -> Script:
    """Reads the request and says nothing."""
    return lambda line: line.over.wait(10) and None


def drip(data: bytes, first: bytes = b"", every: float = 0.02) -> Script:
    """`first` at once, then a byte at a time, for ever again from the start."""

    def script(line: Line) -> None:
        line.sock.sendall(first)
        while True:
            for byte in data:
                if line.over.wait(every):
                    return
                line.sock.sendall(bytes([byte]))

    return script


def flood(first: bytes, piece: bytes, megabytes: int = 300) -> Script:
    """`first`, then that many megabytes of `piece`, or until the caller hangs up."""

    def script(line: Line) -> None:
        line.sock.sendall(first)
        for _ in range(megabytes * 1_000_000 // len(piece)):
            line.sock.sendall(piece)

    return script


def reset() -> Script:
    """Ends the connection with a reset instead of an answer."""

    def script(line: Line) -> None:
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def slam() -> Script:
    """Ends the connection as soon as something arrives, without reading it."""

    def script(line: Line) -> None:
        line.sock.recv(1, socket.MSG_PEEK)
        line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    script.speaks_first = True  # type: ignore[attr-defined]
    return script


@contextmanager
def nobody() -> Iterator[str]:
    """An address where every connection is refused: the port is taken, but nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
