"""Callbacks out: posted to the receiver from threads of their own, and tried again as Truecaller does.

A 5xx or no connection is retried after 1, 2, 4 and 8 seconds, then given up; any other answer ends it. The last 1,000
callbacks stay in memory with the answer they got. It must not know what is in a callback or why it is sent.
"""

import heapq
import http.client
import itertools
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

log = logging.getLogger("sandbox")

SECONDS = 3.0  # Truecaller hangs up then
PAUSES = (1.0, 2.0, 4.0, 8.0)
KEPT = 1_000
WORKERS = 16
LOOK_SECONDS = 0.1

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
    """One callback: how often it was tried, and the HTTP status of its last answer (None: no answer)."""

    body: dict[str, str]
    tries: int = 0
    status: int | None = None
    tried: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)


class Courier:
    """Posts callbacks to one URL."""

    def __init__(self, url: str, timetable: Timetable, *, pauses: tuple[float, ...] = PAUSES) -> None:
        self._url = address(url)
        self._timetable = timetable
        self._pauses = pauses
        self.sent: deque[Sent] = deque(maxlen=KEPT)

    def send(self, body: dict[str, str]) -> Sent:
        """Post the body soon, from another thread. `Sent.tried` is set after the first try."""
        sent = Sent(body)
        self.sent.append(sent)
        self._timetable.after(0, lambda: self._try(sent))
        return sent

    def _try(self, sent: Sent) -> None:
        sent.status = self._post(json.dumps(sent.body).encode())
        sent.tries += 1
        sent.tried.set()
        if sent.status is not None and sent.status < 500:
            return
        if sent.tries <= len(self._pauses):
            self._timetable.after(self._pauses[sent.tries - 1], lambda: self._try(sent))
        else:
            reason = f"answered {sent.status}" if sent.status else "did not answer"
            log.warning("%s %s; the callback is given up after %d tries", self._url.netloc, reason, sent.tries)

    def _post(self, body: bytes) -> int | None:
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(str(self._url.hostname), self._url.port, timeout=SECONDS)
        path = self._url._replace(scheme="", netloc="", fragment="").geturl() or "/"
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read(1024)  # closing on an unread answer would look like a broken connection over there
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def address(url: str) -> SplitResult:
    """The parts of a callback URL; ValueError unless it is http(s) with a host and, if any, a possible port."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"not an http or https URL: {url}")
    return parts
