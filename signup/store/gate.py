"""One writer at a time inside a process, and one deadline that all who wait share.

Two seconds a thread would be too slow: eight threads behind a locked database answer four callbacks a second, and
Truecaller hangs up after three. So the two seconds count from the moment *the database* got stuck: once they are
over, everybody is told at once, and each newcomer tries exactly once, until one gets through.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from signup.errors import StoreUnavailable

PATIENCE = 2.0


class Gate:
    """Guards one connection. `begin(seconds)` tries to start a transaction and says whether it could."""

    def __init__(self, begin: Callable[[float], bool]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._stuck_since: float | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside, the caller alone holds the connection, its transaction begun. Raises StoreUnavailable."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreUnavailable("The database is busy: try again in a moment.")
        try:
            self._begin_in_time()
            yield
        finally:
            self._lock.release()

    def _begin_in_time(self) -> None:
        now = time.monotonic()
        since = self._stuck_since
        if self._begin(PATIENCE if since is None else max(0.0, since + PATIENCE - now)):
            self._stuck_since = None
            return
        self._stuck_since = now if since is None else since
        raise StoreUnavailable("The database is locked by another program: try again in a moment.")
