"""What a scrape costs: the same however long the log is, and however many sign-ups ended.

`python -m bench.metrics ROWS` measures a longer log. Beside a scraper that never rests: bench/receiver.py.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Figure
from bench._long_log import LongLog
from bench.verify import build
from signup.clock import SystemClock, text
from signup.measure import totals
from signup.model import Status
from signup.services import Services, open_services
from signup.settings import load
from signup.store import Store, open_store

FEW, MANY = 10_000, 300_000
OPEN = 2_000
EVENTS_OF_ONE = 10
RUNS = 25
MOST_MS, MOST_TIMES = 20.0, 1.5


def figures(rows: int = MANY) -> Iterator[Figure]:
    """Milliseconds of CPU to read everything that a scrape tells, with 2,000 sign-ups open."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (cost(Path(folder) / str(size), size) for size in (FEW, rows))
    yield Figure(f"a scrape, {FEW:,} events", few, "ms")
    yield Figure(f"a scrape, {rows:,} events", many, "ms", MOST_MS)
    yield Figure(f"{rows:,} events over {FEW:,}", many / few, "x", MOST_TIMES)


def cost(folder: Path, rows: int) -> float:
    """The median of many scrapes of a log of so many rows, in milliseconds."""
    folder.mkdir()
    url = f"sqlite:///{folder}/signup.db"
    build(folder / "signup.db", rows, LongLog(rows))
    store = open_store(url)
    people(store, rows // EVENTS_OF_ONE)
    store.close()
    with open_services(load({"SIGNUP_DATABASE_URL": url, "SIGNUP_DATA_DIR": str(folder)}, env_file=None)) as services:
        return statistics.median(milliseconds(services) for _ in range(RUNS))


def people(store: Store, ended: int) -> None:
    """So many sign-ups that ended, each with its callback, and the open ones."""
    at = text(SystemClock().now())
    ids = [f"{number:08d}" for number in range(ended + OPEN)]
    fixed = {"country": "SE", "channel": "web", "started_at": at, "expires_at": at, "number": None}
    nothing = dict.fromkeys(("status", "reason", "token", "token_hash", "token_until", "endpoint"))
    with store.write() as tx:
        tx.many("add_signup", ({"id": one, "fingerprint": one, "state_hash": one, **fixed} for one in ids))
        for one in ids[:ended]:
            end = {"status": Status.EXPIRED, "code": None, "decided_at": None, "finished_at": at}
            tx.run("move_signup", id=one, allowed=",requested,", **end)
            came = {"digest": one, "at": at, "place": "matched", "signup_id": one, "request_id": one}
            tx.one("add_callback", **came, **nothing, result="opened", replay=0)


def milliseconds(services: Services) -> float:
    begun = time.process_time()
    found = totals.read(services)
    used = time.process_time() - begun
    assert found.now.open["requested",] == OPEN
    return used * 1000


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1])):
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}")
