"""What the record costs whoever changes something: an insert with its event against the same insert alone.

On SQLite with one writer, each insert a transaction of its own that is on the disk before the next begins. Portions of
both kinds take turns, so that what else the machine does meets both alike.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench import Figure
from signup.clock import SystemClock, text
from signup.model import Status, new_id
from signup.record import events
from signup.record.events import Kind
from signup.store import Store, open_store

PORTIONS, PORTION = 40, 250
MOST = 1 / 0.85
SEALED, DIGEST = "k" * 120, "ab" * 32


def figures() -> Iterator[Figure]:
    """How long an insert with its event takes, in inserts without."""
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        closing(open_store(f"sqlite:///{folder}/a.db")) as store,
    ):
        store.migrate(text(SystemClock().now()))
        pairs = [(seconds(store, told=False), seconds(store, told=True)) for _ in range(PORTIONS)]
        yield Figure("an insert alone", 1000 * statistics.median(alone for alone, _ in pairs) / PORTION, "ms")
        ratio = statistics.median(with_event / alone for alone, with_event in pairs)
        yield Figure("an insert with its event, in inserts alone", ratio, "x", MOST)


def seconds(store: Store, *, told: bool) -> float:
    """A portion of sign-ups put down one by one."""
    begun = time.perf_counter()
    for _ in range(PORTION):
        now = SystemClock().now()
        at, signup = text(now), new_id(now)
        with store.write() as tx:
            tx.run(
                "add_signup",
                id=signup,
                country="SE",
                channel="web",
                started_at=at,
                expires_at=at,
                number=SEALED,
                fingerprint=DIGEST,
                state_hash=signup,
            )
            if told:
                details = {"status": Status.REQUESTED, "country": "SE", "channel": "web"}
                events.append(tx, at=at, kind=Kind.SIGNUP_STARTED, actor="api:web", details=details, signup_id=signup)
    return time.perf_counter() - begun
