"""Callbacks out: posted to the receiver from threads of their own, and tried again as Truecaller does.

A 5xx or no connection is retried after 1, 2, 4 and 8 seconds, then given up; any other answer ends it. The last 1,000
callbacks stay in memory with the answer they got; one that is sent again says so in a header, and goes to the receiver
or to another program on this machine. It must not know what is in a callback or why it is sent.
"""

import heapq
import http.client
import ipaddress
import itertools
import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.clock import Clock

log = logging.getLogger("sandbox")

SECONDS = 3.0  # Truecaller hangs up then
PAUSES = (1.0, 2.0, 4.0, 8.0)
KEPT = 1_000
WORKERS = 16
LOOK_SECONDS = 0.1
REPLAY = "Signup-Replay"

Job = Callable[[], None]


class Timetable:
    """Runs each job at its time on a few daemon threads. `close` drops what is not due yet.

    `seconds` tells the time and may leap. So one idle worker looks at it ten times a second while something is to come,
    and the others sleep.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._jobs: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._looking = False
        for number in range(WORKERS):
            threading.Thread(target=self._work, name=f"sandbox-timetable-{number}", daemon=True).start()

    def after(self, seconds: float, job: Job) -> None:
        """Run the job that many seconds from now."""
        with self._changed:
            heapq.heappush(self._jobs, (self._seconds() + seconds, next(self._order), job))
            self._changed.notify_all()  # each idle worker looks again how long it may sleep

    def close(self) -> None:
        """Run nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception:  # one job's bug must not take a worker from all the others
                log.exception("a job of the timetable failed")

    def _next(self) -> Job | None:
        with self._changed:
            while not self._closed:
                wait = self._jobs[0][0] - self._seconds() if self._jobs else None
                if wait is not None and wait <= 0:
                    self._changed.notify()  # another one looks out for the next
                    return heapq.heappop(self._jobs)[2]
                if wait is None or self._looking:
                    self._changed.wait()
                else:
                    self._looking = True
                    self._changed.wait(min(wait, LOOK_SECONDS))
                    self._looking = False
        return None


@dataclass
class Sent:
    """One callback: how often it was tried, and the HTTP status of its last answer (None: no answer).

    `url`: where it goes; `tapped`: a person answered, not a persona; `first`: the one that this one sends again.
    """

    body: dict[str, Any]
    url: SplitResult
    at: datetime
    tapped: bool = False
    first: "Sent | None" = field(default=None, repr=False, compare=False)
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    tries: int = 0
    status: int | None = None
    tried: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    @property
    def edited(self) -> list[str]:
        """The fields in which it is not as the first one was."""
        first = self.first.body if self.first else self.body
        return sorted(name for name in first | self.body if first.get(name) != self.body.get(name))

    def about(self, request_id: str) -> bool:
        """Whether it names a request, or did before it was edited."""
        return request_id in (self.body.get("requestId"), self.first and self.first.body.get("requestId"))


class UnknownCallback(Exception):
    """No callback is kept under that id."""


class ElsewhereRefused(Exception):
    """An address outside this machine: only Truecaller's own callbacks would go there."""


class Courier:
    """Posts callbacks to one URL. `now`: the wall clock that dates them."""

    def __init__(
        self,
        url: str,
        timetable: Timetable,
        *,
        pauses: tuple[float, ...] = PAUSES,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._url = address(url)
        self._timetable = timetable
        self._pauses = pauses
        self._now = now or Clock().now
        self.sent: deque[Sent] = deque(maxlen=KEPT)

    def latest(self, request_id: str | None = None) -> list[Sent]:
        """The callbacks that are kept, of one request or all, the newest first."""
        return [sent for sent in list(self.sent) if request_id is None or sent.about(request_id)][::-1]

    def send_again(self, sent_id: str, changes: dict[str, Any], to: str | None = None) -> Sent:
        """One that is kept, with these fields changed (None: left out). Raises UnknownCallback, ElsewhereRefused."""
        kept = next((sent for sent in list(self.sent) if sent.id == sent_id), None)
        if kept is None:
            raise UnknownCallback(sent_id)
        body = {name: value for name, value in (kept.body | changes).items() if value is not None}
        return self._post_soon(Sent(body, nearby(to) if to else self._url, self._now(), first=kept.first or kept))

    def send(self, body: dict[str, Any], *, tapped: bool = False) -> Sent:
        """Post the body soon, from another thread. `Sent.tried` is set after the first try."""
        return self._post_soon(Sent(body, self._url, self._now(), tapped))

    def _post_soon(self, sent: Sent) -> Sent:
        self.sent.append(sent)
        self._timetable.after(0, lambda: self._try(sent))
        return sent

    def _try(self, sent: Sent) -> None:
        sent.status = _post(sent.url, json.dumps(sent.body).encode(), {REPLAY: "1"} if sent.first else {})
        sent.tries += 1
        sent.tried.set()
        if sent.status is not None and sent.status < 500:
            return
        if sent.tries <= len(self._pauses):
            self._timetable.after(self._pauses[sent.tries - 1], lambda: self._try(sent))
        else:
            reason = f"answered {sent.status}" if sent.status else "did not answer"
            log.warning("%s %s; the callback is given up after %d tries", sent.url.netloc, reason, sent.tries)


def _post(url: SplitResult, body: bytes, headers: dict[str, str]) -> int | None:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(url.hostname), url.port, timeout=SECONDS)
    path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read(1024)  # closing on an unread answer would look like a broken connection over there
        return answer.status
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def address(url: str) -> SplitResult:
    """The parts of a callback URL; ValueError unless it is http(s) with a host and, if any, a possible port."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"not an http or https URL: {url}")
    return parts


def nearby(url: str) -> SplitResult:
    """The same of an address on this machine. Raises ElsewhereRefused for any other, and for what is no address."""
    try:
        parts = address(url)
    except ValueError:
        raise ElsewhereRefused(url) from None
    if not is_loopback(parts.hostname or ""):
        raise ElsewhereRefused(url)
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
