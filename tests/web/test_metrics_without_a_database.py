"""A scrape when the database is away, stuck or slow: it answers in time with what it knows, in nobody's way."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from callback_server.app import create_app
from callback_server.reading import FRESH_SECONDS, Latest
from callback_server.traffic import BOUNDS, Traffic
from signup.clock import HandClock
from signup.errors import StoreUnavailable
from signup.services import Services
from signup.store import Store
from tests.web.receiver_tools import GOOD, PATH, ask, eventually, head, post, serving

WAIT = 10


class Held:
    """A store whose readers stand still until they are let go."""

    def __init__(self, store: Store) -> None:
        self._store, self.go = store, threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def read(self) -> Iterator[Any]:
        assert self.go.wait(WAIT)
        with self._store.read() as tx:
            yield tx


class Away(Held):
    """A store that cannot be read."""

    def read(self) -> Any:
        raise StoreUnavailable("The database is away.")


def scraped(address: tuple[str, int]) -> str:
    reply = ask(address, head("GET", "/metrics"), "GET")
    assert reply.status == 200
    return reply.body.decode()


def test_without_its_database_a_receiver_tells_of_itself_and_nothing_as_0(services: Services) -> None:
    with serving(create_app(replace(services, store=Away(services.store)))) as address:
        post(address, GOOD)
        text = scraped(address)
    assert "signup_database_up 0.0" in text
    assert 'signup_receiver_requests_total{route="callback",status="200"} 1.0' in text
    assert "signup_started" not in text
    assert "signup_open" not in text


def test_behind_a_database_that_hangs_a_scrape_ends_and_callbacks_are_answered(services: Services) -> None:
    store = Held(services.store)
    with serving(create_app(replace(services, store=store))) as address, ThreadPoolExecutor(12) as pool:
        scrapes = [pool.submit(scraped, address) for _ in range(4)]
        assert {post(address, GOOD).status for _ in range(5)} == {200}
        assert all("signup_database_up 0.0" in scrape.result(WAIT) for scrape in scrapes)
        assert "signup_database_up 0.0" in scraped(address)
        store.go.set()
        eventually(lambda: "signup_database_up 1.0" in scraped(address))


def test_what_was_read_serves_all_who_ask_for_two_seconds(clock: HandClock) -> None:
    read: list[int] = []
    latest = Latest(lambda: read.append(0) or len(read), clock.monotonic)
    assert [latest.get() for _ in range(3)] == [1, 1, 1]
    clock.move(FRESH_SECONDS - 0.1)
    assert latest.get() == 1
    clock.move(0.1)
    assert latest.get() == 2


def test_all_who_ask_at_once_share_one_reading(clock: HandClock) -> None:
    go, began = threading.Event(), []

    def read() -> int:
        began.append(0)
        assert go.wait(WAIT)
        return len(began)

    latest = Latest(read, clock.monotonic, patience=WAIT)
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(latest.get) for _ in range(6)]
        go.set()
        assert [one.result(WAIT) for one in asked] == [1] * 6


def test_whoever_asks_while_a_reading_hangs_is_told_at_once_and_begins_no_other(clock: HandClock) -> None:
    go, began = threading.Event(), []

    def read() -> int:
        began.append(0)
        assert go.wait(WAIT)
        return len(began)

    latest = Latest(read, clock.monotonic, patience=0)
    assert [latest.get() for _ in range(5)] == [None] * 5
    clock.move(100)
    assert latest.get() is None
    assert len(began) == 1
    go.set()


@pytest.mark.parametrize("fault", [StoreUnavailable("It is away."), RuntimeError("a fault of ours")])
def test_after_a_reading_that_failed_the_next_scrape_reads_again(
    clock: HandClock, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [fault]

    def read() -> str:
        if faults:
            raise faults.pop()
        return "found"

    latest = Latest(read, clock.monotonic)
    assert (latest.get(), latest.get()) == (None, "found")
    assert ("A scrape met a fault." in caplog.messages) == isinstance(fault, RuntimeError)


def test_callbacks_fall_into_the_bucket_of_their_time() -> None:
    traffic = Traffic()
    for seconds in (0.0, 0.005, 0.02, 2.6):
        traffic.answered(PATH, 200, seconds)
    traffic.answered("/healthz", 200, 1.0)
    traffic.refused(PATH, 413)
    buckets, total = traffic.callback_seconds()
    assert dict(buckets) == {"0.005": 2, "0.01": 2, **{str(bound): 3 for bound in BOUNDS[2:]}, "+Inf": 4}
    assert total == pytest.approx(2.625)
    assert {labels: n for labels, n in traffic.requests().items() if n} == {
        ("callback", "200"): 4,
        ("callback", "413"): 1,
        ("healthz", "200"): 1,
    }
