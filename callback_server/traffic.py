"""What this receiver answered since it started: how often, with which status, and how soon.

Counted in memory, told by /metrics (metrics.py). Each process counts for itself; what all of them share is counted in
the database (signup/measure/totals.py). Nothing a client sent becomes a label: routes and statuses come from fixed
lists.
"""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from threading import Lock

from callback_server.receiver import PATH

CALLBACK, OTHER = "callback", "other"
ROUTES = {PATH: CALLBACK, f"{PATH}/": CALLBACK, "/healthz": "healthz", "/readyz": "readyz", "/metrics": "metrics"}
STATUSES = (200, 400, 404, 405, 413, 415, 431, 500, 503)
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds. An answer is promised in 0.25 s, and 2.5 s when the database is locked; Truecaller waits for 3."""


class Traffic:
    """Counts of one process. Safe from any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests = Counter({(CALLBACK, str(status)): 0 for status in STATUSES})
        self._times = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def answered(self, path: str, status: int, seconds: float) -> None:
        """One request that the application answered after so many seconds."""
        with self._lock:
            route = self._count(path, status)
            if route == CALLBACK:
                self._times[bisect_left(BOUNDS, seconds)] += 1
                self._seconds += seconds

    def refused(self, path: str, status: int) -> None:
        """One request that never reached the application."""
        with self._lock:
            self._count(path, status)

    def requests(self) -> dict[tuple[str, ...], float]:
        """How many, by (route, status)."""
        with self._lock:
            return {labels: float(n) for labels, n in self._requests.items()}

    def callback_seconds(self) -> tuple[list[tuple[str, float]], float]:
        """Callbacks answered within each bound (the last one is without end), and the sum of their seconds."""
        with self._lock:
            names = [*map(str, BOUNDS), "+Inf"]
            return list(zip(names, accumulate(self._times), strict=True)), self._seconds

    def _count(self, path: str, status: int) -> str:
        route = ROUTES.get(path, OTHER)
        self._requests[route, str(status) if status in STATUSES else OTHER] += 1
        return route
