"""The callback URL, tried as Truecaller would use it: one POST that carries a self-test, and what became of it.

Under the evidence. It speaks to nobody but the address it is given, which the settings name, and follows no redirect.
It must not keep anything of an answer but its status and whether a receiver of ours gave it.
"""

import json
import socket
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit

from signup import selftest
from signup.outbound import OutboundFailed, Reply, send
from signup.selftest import SelfTest
from signup.services import Services

SECONDS = 3.0
"""Truecaller hangs up after so long."""

PATH = "/truecaller/callback"
STORED, UNKNOWN, NOT_STORED, BROKEN = "ok", "body_invalid", "store_unavailable", "internal_error"
WORDS = {"status": (STORED,), "code": (UNKNOWN, NOT_STORED, BROKEN)}
"""What a receiver of this kind says: to a callback it stored, to one that says nothing, and when it cannot store."""


@dataclass(frozen=True)
class Reach:
    """One try. `arrived`: the self-test is in this database. `word`: what a receiver of ours said, if one answered.

    `fault`: why no whole answer came (name, lookup, connect, tls, timeout, broken, unsendable; a lookup took all the
    time); `sent`: after something had left. `untrusted`: what is wrong with the certificate. `slash`: redirected to the
    same address, but for its slash.
    """

    url: str
    arrived: bool
    status: int | None = None
    word: str | None = None
    fault: str | None = None
    sent: bool = True
    untrusted: str | None = None
    slash: bool = False
    ms: int = 0

    @property
    def is_fine(self) -> bool:
        """Whether callbacks posted there are stored here, and answered so. The words of a 2xx nobody reads."""
        return self.arrived and self.fault is None and 200 <= (self.status or 0) < 300


class Tries:
    """Two tries under way, of an address and of the same with or without the slash at its end.

    Only the posts run in the pool's threads: whoever reads the database from there opens more connections to it, and a
    new connection to a file that is gone would make an empty one.
    """

    def __init__(self, services: Services, pool: Executor, url: str, seconds: float) -> None:
        self._services = services
        self._tests = [selftest.make(services) for _ in range(2)]
        self._posts = [
            pool.submit(_posted, test, address, seconds)
            for test, address in zip(self._tests, (url, other(url)), strict=True)
        ]

    def ended(self) -> list[Reach]:
        """Wait for both, and look for their nonces. Raises StoreUnavailable."""
        reached = [post.result() for post in self._posts]
        return [
            replace(reach, arrived=selftest.arrived(self._services, test))
            for reach, test in zip(reached, self._tests, strict=True)
        ]


def _posted(test: SelfTest, url: str, seconds: float) -> Reach:
    """Post one self-test there. Back after `seconds` at the latest; whether it arrived is not known yet."""
    headers = {selftest.HEADER: test.header, "Content-Type": "application/json"}
    found = _looked_up(url)
    try:
        reply = send("POST", url, headers, b"{}", seconds=seconds)
    except OutboundFailed as failed:
        kind = "lookup" if failed.kind == "timeout" and not found.is_set() else failed.kind
        return Reach(url, arrived=False, fault=kind, sent=failed.sent, untrusted=failed.untrusted)
    return Reach(
        url,
        arrived=False,
        status=reply.status,
        word=word(reply),
        fault="timeout" if reply.unread == "timeout" else None,
        slash=reply.headers.get("location") in (other(url), urlsplit(other(url)).path),
        ms=reply.ms,
    )


def _looked_up(url: str) -> Event:
    """Set as soon as the name servers have answered. A look-up cannot be broken off, so it has a thread of its own."""
    parts, answered = urlsplit(url), Event()

    def ask() -> None:
        with suppress(OSError):
            socket.getaddrinfo(parts.hostname, parts.port)
        answered.set()

    Thread(target=ask, name="lookup", daemon=True).start()
    return answered


def other(url: str) -> str:
    """The same address with a slash at its end, or without the one it has."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/") if parts.path.endswith("/") else f"{parts.path}/"
    return urlunsplit(parts._replace(path=path))


def word(reply: Reply) -> str | None:
    """What a receiver of ours said, or our sandbox; None from anybody else."""
    try:
        told = json.loads(reply.body)
    except ValueError:
        return None
    said = [told.get(name) for name in WORDS] if isinstance(told, dict) else []
    return next((one for one, known in zip(said, WORDS.values(), strict=False) if one in known), None)
