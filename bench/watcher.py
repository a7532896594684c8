"""How soon a watcher acts on a callback, and what it costs while nothing happens: `python -m signup watch`."""

import itertools
import json
import os
import queue
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Figure
from bench._street import FIRST_NUMBER, People, street
from signup.flow.receive import receive
from signup.truecaller.callback import read
from tests.machine import own_schema
from tests.upstream import Line, answer, upstream

FETCH_MS, IDLE_PERCENT = 100, 1
CALLBACKS = 50
REST_SECONDS = (0.25, 0.4)
IDLE_SECONDS = 10
PATIENCE = 20
PROCESSES = Path("/proc")


class ProfileHost:
    """Shows one person after the other, and notes when it was asked."""

    def __init__(self) -> None:
        self.asked: queue.Queue[float] = queue.Queue()
        self._numbers = itertools.count(FIRST_NUMBER)

    def __call__(self, line: Line) -> None:
        self.asked.put(time.perf_counter())
        profile = {"phoneNumbers": [next(self._numbers)], "name": {"first": "Ada"}}
        answer(200, json.dumps(profile).encode(), "Content-Type: application/json")(line)


def figures() -> Iterator[Figure]:
    """On SQLite, and on PostgreSQL where there is one to measure on."""
    yield from on("SQLite")
    server = os.environ.get("TEST_POSTGRES_URL")
    if server is None:
        print("watcher: PostgreSQL is left out; set TEST_POSTGRES_URL to measure it", file=sys.stderr)
        return
    with own_schema(server) as url:
        yield from on("PostgreSQL", database_url=url)


def on(database: str, **given: object) -> Iterator[Figure]:
    """The figures of one store. The first callback meets the watcher's start and is not counted."""
    host = ProfileHost()
    with (
        upstream(host) as profiles,
        street(profile_urls=profiles.url, **given) as place,
        place.running("signup", "watch") as watcher,
        place.people() as people,
    ):
        _, *waits = [milliseconds_to_fetch(people, host) for _ in range(CALLBACKS + 1)]
        yield Figure(f"{database}: commit to profile fetch, median", statistics.median(waits), "ms", FETCH_MS)
        yield Figure(f"{database}: commit to profile fetch, slowest", max(waits), "ms", FETCH_MS)
        if PROCESSES.exists():
            before = cpu_seconds(watcher.pid)
            time.sleep(IDLE_SECONDS)
            used = cpu_seconds(watcher.pid) - before
            yield Figure(f"{database}: idle", 100 * used / IDLE_SECONDS, "% CPU", IDLE_PERCENT)


def milliseconds_to_fetch(people: People, host: ProfileHost) -> float:
    """From a callback's commit to its profile request at the host; the watcher has had time to rest before."""
    callback = read(people.approval(), "application/json", None)
    time.sleep(random.uniform(*REST_SECONDS))
    receive(people.services, callback, None)
    committed = time.perf_counter()
    return (host.asked.get(timeout=PATIENCE) - committed) * 1000


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process so far, in steps of a hundredth (Linux)."""
    fields = (PROCESSES / str(pid) / "stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
