"""How soon a callback is answered: undisturbed, beside slow clients or a scraper, while the profile host hangs or the
database is locked.

A client measures from opening its connection to the last byte of the answer.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from bench import Figure
from bench._slow import SLOW_CLIENTS, slow_clients
from bench._street import People, Street, street, wait_for
from signup.flow.watch import FETCHERS
from tests.machine import eventually, free_port
from tests.upstream import silence, upstream
from tests.web.receiver_tools import Address, ask, head, post

MEDIAN_MS, P99_MS = 50, 250
HANGING_SECONDS, LOCKED_SECONDS, RELEASED_SECONDS = 3, 2.5, 1
CALLBACKS, FEW_CALLBACKS, AT_ONCE = 500, 100, 8
LOCK_HELD_SECONDS = 10
RETRY_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """What a client got, after how many seconds, and when (`time.perf_counter`)."""

    status: int
    seconds: float
    at: float


def figures() -> Iterator[Figure]:
    """Milliseconds, or seconds where the promise counts in them."""
    with receiver() as (place, address), place.people() as people:
        yield from of_many("one by one", answered(address, people))
        yield from of_many(f"{AT_ONCE} at a time", answered(address, people, at_once=AT_ONCE))
        with slow_clients(address):
            yield from of_many(f"beside {SLOW_CLIENTS} slow clients", answered(address, people))
        with scraper(address):
            yield from of_many("beside a scraper that never rests", answered(address, people))
        yield from while_locked(address, people)
    yield from while_the_profile_host_hangs()


@contextmanager
def receiver(**given: object) -> Iterator[tuple[Street, Address]]:
    """`python -m callback_server` on a street of its own, and where it answers."""
    address = ("127.0.0.1", free_port())
    with street(callback_port=address[1], **given) as place, place.running("callback_server"):
        wait_for(address)
        yield place, address


@contextmanager
def scraper(address: Address) -> Iterator[None]:
    """Somebody who asks for the metrics again and again."""
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            assert ask(address, head("GET", "/metrics"), "GET").status == 200

    with ThreadPoolExecutor(1) as pool:
        scraping = pool.submit(scrape)
        try:
            yield
        finally:
            over.set()
        scraping.result()


def timed(address: Address, body: bytes) -> Answer:
    """One callback on a new connection."""
    began = time.perf_counter()
    status = post(address, body, "Content-Type: application/json").status
    ended = time.perf_counter()
    return Answer(status, ended - began, ended)


def answered(address: Address, people: People, count: int = CALLBACKS, at_once: int = 1) -> list[Answer]:
    """So many approvals, each of an open sign-up."""
    bodies = [people.approval() for _ in range(count)]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(partial(timed, address), bodies))


def of_many(how: str, answers: list[Answer]) -> Iterator[Figure]:
    """The figures of many answers that should all be 200."""
    times = [answer.seconds * 1000 for answer in answers]
    yield Figure(f"{how}: median", statistics.median(times), "ms", MEDIAN_MS)
    yield Figure(f"{how}: p99", statistics.quantiles(times, n=100, method="inclusive")[98], "ms", P99_MS)
    yield Figure(f"{how}: not answered 200", unlike(answers, 200), "", 0)


def slowest(answers: list[Answer]) -> float:
    """Seconds."""
    return max(answer.seconds for answer in answers)


def unlike(answers: list[Answer], *statuses: int) -> int:
    """How many got another status."""
    return sum(answer.status not in statuses for answer in answers)


def while_locked(address: Address, people: People) -> Iterator[Figure]:
    """Another program holds the database's write lock, and everybody tries again and again."""
    bodies = [people.approval() for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        with people.services.store.write():
            insisting = [pool.submit(insist, address, body) for body in bodies]
            time.sleep(LOCK_HELD_SECONDS)
        released = time.perf_counter()
        answers = [answer for one in insisting for answer in one.result()]
    success = min(answer.at for answer in answers if answer.status == 200)
    yield Figure("database locked: slowest answer", slowest(answers), "s", LOCKED_SECONDS)
    yield Figure("database locked: neither 500 nor 200", unlike(answers, 500, 200), "", 0)
    yield Figure("first 200 after the lock", success - released, "s", RELEASED_SECONDS)


def insist(address: Address, body: bytes) -> list[Answer]:
    """Every answer until the callback is accepted."""
    answers = [timed(address, body)]
    while answers[-1].status != 200:
        time.sleep(RETRY_SECONDS)
        answers.append(timed(address, body))
    return answers


def while_the_profile_host_hangs() -> Iterator[Figure]:
    """All threads of a watcher wait for profiles that never come."""
    with (
        upstream(silence()) as host,
        receiver(profile_urls=host.url) as (place, address),
        place.people() as people,
        place.running("signup", "watch"),
    ):
        answered(address, people, FETCHERS)
        eventually(lambda: host.connections >= FETCHERS, 20)
        answers = answered(address, people, FEW_CALLBACKS)
    yield Figure("profile host hangs: slowest answer", slowest(answers), "s", HANGING_SECONDS)
    yield Figure("profile host hangs: not answered 200", unlike(answers, 200), "", 0)
