"""The database's numbers for a scrape, read in nobody's way: one reading at a time, kept for two seconds, in a thread.

A database that hangs keeps the reading's own thread busy, and a scrape for at most a second: the threads that take
callbacks stay free. It must not know what is read.
"""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from signup.clock import SystemClock
from signup.errors import SignupError

LOG = logging.getLogger(__name__)
FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
seconds = SystemClock().monotonic

Found = TypeVar("Found")


class Latest(Generic[Found]):
    """What `read` found last. `now` tells seconds that never run backwards: how old it is; `patience` is in seconds."""

    def __init__(self, read: Callable[[], Found], now: Callable[[], float], patience: float = PATIENCE_SECONDS) -> None:
        self._read = read
        self._now = now
        self._patience = patience
        self._lock = Lock()
        self._reading: _Reading[Found] | None = None

    def get(self) -> Found | None:
        """What was found less than two seconds ago, else what is found now; None when that fails or takes too long."""
        with self._lock:
            now = self._now()
            if self._reading is None or self._reading.over(now):
                self._reading = _Reading(self._read, now, self._patience)
            reading = self._reading
        return reading.found_in_time()


class _Reading(Generic[Found]):
    """One reading, begun when made. All who ask while it lasts wait for it together, until its one deadline."""

    def __init__(self, read: Callable[[], Found], begun: float, patience: float) -> None:
        self._read = read
        self._begun = begun
        self._deadline = seconds() + patience
        self._found: Found | None = None
        self._done = Event()
        Thread(target=self._run, name="scrape", daemon=True).start()

    def over(self, now: float) -> bool:
        """Whether another one is due: it failed, or what it found is old."""
        return self._done.is_set() and (self._found is None or now - self._begun >= FRESH_SECONDS)

    def found_in_time(self) -> Found | None:
        self._done.wait(max(0.0, self._deadline - seconds()))
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._read()
        except SignupError as error:
            LOG.debug("A scrape could not read the database: %s", error.sentence)
        except Exception:  # a scrape must never fail: it tells that the database could not be read, the log why
            LOG.exception("A scrape met a fault.")
        finally:
            self._done.set()
