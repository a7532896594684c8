"""One writer at a time inside a process, and one deadline that all who wait share.

Two seconds a thread would be too slow: eight threads behind a locked database answer four callbacks a second, and
Truecaller hangs up after three. So the two seconds count from the moment *the database* got stuck: once they are
over, everybody is told at once, and each newcomer tries exactly once, until one gets through. A database in which
others get on with their work is busy, not stuck: then each newcomer has two seconds of its own, in which it waits both
for its turn and for the database.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from signup.errors import StoreHeld

PATIENCE = 2.0
LONGEST_NAP = 0.01


class Gate:
    """Guards one connection. `begin()` tries to start a transaction; `version()` rises when others commit."""

    def __init__(self, begin: Callable[[], bool], version: Callable[[], int]) -> None:
        self._begin = begin
        self._version = version
        self._lock = threading.Lock()
        self._stuck: tuple[float, int] | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside, the caller alone holds the connection, its transaction begun. Raises StoreHeld."""
        arrived = time.monotonic()
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreHeld("The database is busy: try again in a moment.")
        try:
            self._begin_in_time(arrived)
            yield
        finally:
            self._lock.release()

    def _begin_in_time(self, arrived: float) -> None:
        version = self._version()
        since, seen = self._stuck or (arrived, version)
        if seen != version:
            since = arrived
        if not self._tried_until(since + PATIENCE):
            self._stuck = (since, version)
            raise StoreHeld("The database is locked by another program: try again in a moment.")
        self._stuck = None

    def _tried_until(self, deadline: float) -> bool:
        """Ask again and again, at a newcomer's pace, so that nobody who has waited long is overtaken."""
        while not self._begin():
            if time.monotonic() >= deadline:
                return False
            time.sleep(random.uniform(0, LONGEST_NAP))  # noqa: S311  (no secret)
        return True
