"""The only door out: one HTTP call to somebody we do not trust, with one deadline over all of it.

Whoever must speak to another machine (the Truecaller client, the doctor, alerts) does it through `send`. The worker
thread of a call does the talking and the caller waits for it, never longer than the deadline: so a drip of bytes, a
name server that hangs and a handshake that crawls all end on time, and the connection is shut down behind them.

With `public_only` a name is looked up once, and the connection goes to one of the addresses found that lie on the open
internet: a name that stands for another the next time changes nothing.

What it must not do: follow a redirect, read proxies or .netrc, keep a connection for another call (a stale one would
make a POST go out twice), unpack a compressed answer, read more than `CAP`, or let a library's words out (they quote
headers, and a header may hold a token).
"""

import logging
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError
from urllib3.exceptions import TimeoutError as LibraryTimeout

from signup.clock import Clock, SystemClock, milliseconds
from signup.errors import SignupError
from signup.public_address import is_public

CAP = 65_536
_PIECE = 8_192
_ALWAYS = {"User-Agent": "truecaller-sign-up-dashboard", "Accept-Encoding": "identity", "Connection": "close"}
_SENTENCES = {
    "name": "The name is not known: check the address and the name server.",
    "connect": "No connection came about: check the address and the firewall.",
    "tls": "No trusted TLS connection came about: check the certificate and this machine's clock.",
    "timeout": "No answer came before the deadline: try again later.",
    "broken": "The connection broke before an answer came: try again later.",
    "private": "The name stands for no address on the open internet: check the address.",
    "unsendable": "The request cannot be written as HTTP: check the address and the headers.",
}

_UNTRUSTED = {9: "not_yet", 10: "expired", 18: "self_signed", 19: "self_signed", 20: "no_chain", 62: "other_name"}
"""What OpenSSL holds against a certificate, by its number."""

# urllib3 logs the headers it cannot read, and whoever answers can echo a token in one.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class OutboundFailed(SignupError):
    """No answer at all. `kind`: name, connect, tls, timeout, broken, private or unsendable; `sent`: a part of it left.

    With `sent` False the other side never saw the request; with `sent` True nobody knows what it did with it.
    `untrusted`: what is wrong with a certificate (self_signed, expired, not_yet, other_name, no_chain), where known.
    """

    code = "outbound_failed"

    def __init__(self, kind: str, sent: bool, untrusted: str | None = None) -> None:
        super().__init__(_SENTENCES[kind])
        self.kind = kind
        self.sent = sent
        self.untrusted = untrusted


@dataclass(frozen=True)
class Reply:
    """An answer: header names in lower case, at most as much body as was asked for, `ms` for the whole call.

    `unread` says why the body is not whole: too_big, encoded, broken, timeout; None when it is.
    """

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    ms: int
    unread: str | None = None


def send(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    seconds: float,
    clock: Clock | None = None,
    public_only: bool = False,
    most: int = CAP,
) -> Reply:
    """Make one call, once. Back after `seconds` at the latest; raises OutboundFailed when no status line came.

    `public_only`: to nobody on this machine or in a private network, whatever the name server says; `most`: bytes of
    the answer that are read.
    """
    clock = clock or SystemClock()
    began = clock.monotonic()
    call = _Call(requests.Request(method, url, headers={**_ALWAYS, **headers}, data=body), seconds, public_only, most)
    Thread(target=call.talk, name="outbound", daemon=True).start()
    try:
        in_time = call.finished.wait(seconds)
    finally:
        call.hang_up()
    return call.outcome(in_time, milliseconds(clock.monotonic() - began))


class _Call:
    """One call, shared by the caller, who waits, and the worker, who talks. After `hang_up` nothing leaves any more."""

    def __init__(self, request: requests.Request, seconds: float, public_only: bool, most: int) -> None:
        self.finished = Event()
        self.public_only = public_only
        self._request = request
        self._seconds = seconds
        self._most = most
        self._lock = Lock()
        self._over = False
        self._sent = False
        self._line: socket.socket | None = None
        self._head: tuple[int, dict[str, str]] | None = None
        self._body = bytearray()
        self._fault: str | None = None
        self._untrusted: str | None = None
        self._private = False

    def talk(self) -> None:
        """The worker's whole life."""
        _CALL.set(self)
        try:
            with closing(_Door(pool_connections=1, pool_maxsize=1)) as door:
                # The adapter alone, no Session: a Session reads .netrc and swallows the body of a redirect whole.
                prepared = self._request.prepare()
                with closing(door.send(prepared, stream=True, timeout=self._seconds, verify=True)) as response:
                    self._read(response)
        except Exception as fault:  # whatever the libraries raise becomes one word
            self._fault = "private" if self._private else _kind(fault, self._sent)
            self._untrusted = _untrusted(fault)
        finally:
            self._drop_line()
            self.finished.set()

    def _read(self, response: requests.Response) -> None:
        headers = {name.lower(): str(value) for name, value in response.headers.items()}
        with self._lock:
            self._still_wanted()
            self._head = response.status_code, headers
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            self._fault = "encoded"
            return
        while len(self._body) <= self._most:
            piece = response.raw.read(_PIECE, decode_content=False)
            if not piece:
                return
            self._body += piece
        self._fault = "too_big"

    def addresses(self, host: str, port: int) -> list[str]:
        """Where a name may be reached. OSError when that is nowhere."""
        found = [str(row[4][0]) for row in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)]
        public = [address for address in found if is_public(address)]
        self._private = not public
        if self._private:
            raise OSError
        return public

    def line_to(self, addresses: list[str], port: int) -> socket.socket:
        """A connection to the first of them that answers; none may take the time of those after it. OSError."""
        fault: OSError | None = None
        for address in addresses:
            with self._lock:
                self._still_wanted()
            try:
                line = socket.create_connection((address, port), self._seconds / len(addresses))
            except OSError as failed:
                fault = failed
            else:
                line.settimeout(self._seconds)
                return line
        raise fault or OSError("no address")

    def connected(self, sock: socket.socket) -> None:
        """The worker has a connection: keep a second handle of it, to shut it down from outside."""
        with self._lock:
            self._still_wanted()
            self._line = socket.fromfd(sock.fileno(), sock.family, sock.type)

    def sending(self) -> None:
        """The worker is about to write: from here on the other side may act on it."""
        with self._lock:
            self._still_wanted()
            self._sent = True

    def _still_wanted(self) -> None:
        if self._over:
            raise TimeoutError

    def hang_up(self) -> None:
        """The caller leaves: wake a worker that still waits for the other side."""
        with self._lock:
            self._over = True
            if self._line:
                with suppress(OSError):  # the other side was faster
                    self._line.shutdown(socket.SHUT_RDWR)

    def _drop_line(self) -> None:
        with self._lock:
            if self._line:
                self._line.close()
                self._line = None

    def outcome(self, in_time: bool, ms: int) -> Reply:
        """What the caller gets. A worker that was cut off is a timeout, whatever it says afterwards."""
        why = self._fault if in_time else "timeout"
        if self._head is None:
            raise OutboundFailed(why or "broken", self._sent, self._untrusted)
        status, headers = self._head
        return Reply(status, headers, bytes(self._body[: self._most]), ms, why)


def _kind(fault: Exception, sent: bool) -> str:
    """The one word for what went wrong."""
    if isinstance(fault, TimeoutError | requests.Timeout | LibraryTimeout):
        return "timeout"
    if sent:
        return "broken"
    if isinstance(fault, requests.exceptions.SSLError):
        return "tls"
    if isinstance(_reason(fault), NameResolutionError):
        return "name"
    return "unsendable" if isinstance(fault, ValueError) else "connect"


def _untrusted(fault: Exception) -> str | None:
    """What is wrong with their certificate, if that was it."""
    for cause in getattr(_reason(fault), "args", ()):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _UNTRUSTED.get(cause.verify_code)
    return None


def _reason(fault: Exception) -> object:
    """What urllib3 found, inside what requests makes of it."""
    return getattr(fault.args[0], "reason", None) if fault.args else None


_CALL: ContextVar[_Call] = ContextVar("call")


class _Line(HTTPConnection):
    """A connection that tells its call when it stands and before it writes."""

    def _new_conn(self) -> socket.socket:
        call = _CALL.get()
        if not call.public_only:
            return super()._new_conn()
        return call.line_to(call.addresses(self.host, self.port), self.port)

    def connect(self) -> None:
        super().connect()
        _CALL.get().connected(self.sock)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _CALL.get().sending()
        super().send(data)


class _SecureLine(_Line, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Line


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureLine


class _Door(HTTPAdapter):
    """The library's adapter, with connections of our kind. It retries nothing."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
