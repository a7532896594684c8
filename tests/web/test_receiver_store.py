"""The receiver and its database: stored before it is answered, counted when refused, told apart when it is locked."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from typing import Any

import psycopg
import pytest

from callback_server.app import create_app
from callback_server.receiver import Rejections
from signup.clock import HandClock
from signup.errors import StoreUnavailable
from signup.flow.start import start
from signup.services import Services
from signup.store import Store, open_store
from signup.store.driver import sqlite
from tests.web.receiver_tools import (
    GOOD,
    PATH,
    Address,
    ask,
    eventually,
    head,
    opened,
    post,
    receiving,
    serving,
    started,
    whole,
)


@contextmanager
def locked(services: Services) -> Iterator[None]:
    """Another program holds the database's write lock."""
    store = open_store(services.settings.database_url)
    try:
        with store.write():
            yield
    finally:
        store.close()


def damage(path: Path, tables: tuple[str, ...] | None) -> None:
    """Overwrite the first page of each table and index of these, or the whole file."""
    with closing(sqlite.connect(str(path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        pages = connection.execute("SELECT tbl_name, rootpage FROM sqlite_master WHERE rootpage > 0").fetchall()
    roots = [page for table, page in pages if table in (tables or ())] or range(1, path.stat().st_size // size + 1)
    with path.open("r+b") as file:
        for page in roots:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process takes another byte."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


class Stuck:
    """A store that can be read but, while stuck, not written."""

    REASON = "The database is locked."

    def __init__(self, store: Store) -> None:
        self._store, self.stuck = store, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self) -> Any:
        if self.stuck:
            raise StoreUnavailable(self.REASON)
        return self._store.write()


def counted(services: Services, name: str = "callback_rejected") -> int:
    with services.store.read() as tx:
        return next((row["value"] for row in tx.all("counters") if row["name"] == name), 0)


def get(address: Address, path: str, *headers: str) -> Any:
    return ask(address, head("GET", path, *headers), "GET")


def test_an_answered_callback_is_in_the_database(tmp_path: Path) -> None:
    with receiving(tmp_path) as (services, address):
        post(address, json.dumps({"requestId": "a", "status": "user_rejected"}).encode())
        with services.store.read() as tx:
            row = tx.one("last_callback")
    assert row is not None
    assert (row["result"], row["place"]) == ("declined", "parked")


def test_the_receiver_has_nothing_to_do_with_the_roll_ups(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, address):
        post(address, GOOD)
        ask(address, head("GET", "/readyz"), "GET")
    assert list(tmp_path.rglob("*.metrics.*")) == []


def test_the_answer_waits_for_the_store(tmp_path: Path) -> None:
    stored = threading.Event()

    def receive(*_: object, **__: object) -> None:
        stored.wait(10)

    with receiving(tmp_path, receive) as (_, address), ThreadPoolExecutor() as pool:
        answer = pool.submit(post, address, GOOD)
        ask(address, head("GET", "/healthz"), "GET")
        assert not answer.done()
        stored.set()
        assert answer.result().status == 200


def test_a_refused_callback_leaves_a_count(tmp_path: Path) -> None:
    with receiving(tmp_path) as (services, address):
        post(address, b"{")
        eventually(lambda: counted(services) == 1)


def test_refusals_are_written_at_most_once_a_second(tmp_path: Path) -> None:
    clock = HandClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.move(1)
    with receiving(tmp_path, clock=clock) as (services, address):
        post(address, b"{")
        eventually(lambda: counted(services) == 1)
        for _ in range(5):
            post(address, b"{")
        assert counted(services) == 1
        clock.move(1)
        post(address, GOOD)
        eventually(lambda: counted(services) == 6)


def test_every_kind_of_refusal_counts_and_only_at_the_callback_url(tmp_path: Path) -> None:
    refused = [
        whole(b"{}"),
        whole(b"x", "Content-Encoding: gzip"),
        whole(b" " * 17000),
        whole(b" " * 40000),
        whole(b"", method="PUT"),
        head("GET", f"{PATH}/"),
    ]
    clock = HandClock(datetime(2026, 1, 1, tzinfo=UTC))
    with receiving(tmp_path, clock=clock) as (services, address):
        for request in refused:
            assert ask(address, request).status in (400, 405, 413, 415)
        assert ask(address, whole(b"", path="/elsewhere")).status == 404
        assert ask(address, b"nonsense\r\n\r\n").status == 400
        clock.move(1)
        post(address, GOOD)
        eventually(lambda: counted(services) == len(refused))


@pytest.mark.parametrize("body", [b"{}", b" " * 17_000, b" " * 40_000], ids=["wrong", "large", "larger"])
@pytest.mark.parametrize(("mode", "refusals"), [("sandbox", 1), ("live", 2)])
def test_a_callback_sent_again_that_cannot_be_read_counts_in_live_mode_alone(
    tmp_path: Path, mode: str, refusals: int, body: bytes
) -> None:
    with opened(tmp_path, SIGNUP_MODE=mode, SIGNUP_APP_KEY="canary") as services:
        app = create_app(services)
        with serving(app) as address:
            for headers in ([], ["Signup-Replay: 1"]):
                assert post(address, body, *headers).status in (400, 413)
        app.extensions["rejections"].store(last=True)
        assert counted(services) == refusals


def test_a_count_that_cannot_be_written_waits_for_the_next_time(tmp_path: Path) -> None:
    clock = HandClock(datetime(2026, 1, 1, tzinfo=UTC))
    with opened(tmp_path, clock) as services:
        store = Stuck(services.store)
        rejections = Rejections(replace(services, store=store))
        rejections.add(PATH)
        rejections.store()
        store.stuck = False
        rejections.store()
        assert counted(services) == 0
        clock.move(1)
        rejections.store()
        assert counted(services) == 1


def test_a_count_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    with opened(tmp_path) as services:
        app = create_app(replace(services, store=Stuck(services.store)))
        with started(app) as (_, address):
            assert [post(address, b"{").status for _ in range(3)] == [400] * 3


def test_behind_a_locked_database_everybody_is_told_in_time_and_the_first_after_it_gets_through(tmp_path: Path) -> None:
    def timed(address: Address, number: int) -> tuple[int, float]:
        body = json.dumps({"requestId": f"r{number}", "status": "user_rejected"}).encode()
        began = time.monotonic()
        return post(address, body).status, time.monotonic() - began

    with receiving(tmp_path) as (services, address):
        with locked(services), ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(lambda number: timed(address, number), range(40)))
        released = time.monotonic()
        eventually(lambda: timed(address, 99)[0] == 200)
        until_success = time.monotonic() - released
    assert {status for status, _ in answers} == {500}
    assert max(seconds for _, seconds in answers) < 2.5
    assert until_success < 1


@pytest.mark.parametrize("tables", [("callbacks",), ("signups", "callbacks", "locks"), None], ids=str)
def test_in_a_damaged_database_nothing_is_stored_and_the_sender_is_told_to_come_again(
    tmp_path: Path, tables: tuple[str, ...] | None
) -> None:
    with receiving(tmp_path) as (services, address):
        damage(tmp_path / "signup.db", tables)
        reply = post(address, GOOD)
        assert (reply.status, reply.code, reply.headers["retry-after"]) == (500, "store_unavailable", "5")
        if tables != ("callbacks",):  # else what Truecaller has answered by then is tried to be kept for long
            with pytest.raises(StoreUnavailable, match="cannot be used"):
                start(services, "+46 76 123 45 67", channel="web", actor="cli")


def test_alive_as_long_as_the_process(tmp_path: Path) -> None:
    with (
        opened(tmp_path) as services,
        started(create_app(replace(services, store=Stuck(services.store)))) as (_, address),
    ):
        reply = get(address, "/healthz")
    assert (reply.status, json.loads(reply.body)) == (200, {"status": "ok"})


def test_ready_names_what_waits_to_be_sealed_and_how_long(tmp_path: Path) -> None:
    clock = HandClock(datetime(2026, 1, 1, tzinfo=UTC))
    with receiving(tmp_path, clock=clock) as (services, address):
        assert json.loads(get(address, "/readyz").body) == {"status": "ok", "unsealed": 0, "oldestUnsealedSeconds": 0.0}
        at = "2025-12-31T23:59:18.000000Z"
        with services.store.write() as tx:
            tx.run("append_event", at=at, kind="number.rejected", signup_id=None, actor="user:local", details="{}")
        reply = get(address, "/readyz")
    assert reply.status == 200
    assert json.loads(reply.body) == {"status": "ok", "unsealed": 1, "oldestUnsealedSeconds": 42.0}


def test_not_ready_while_a_write_would_fail_and_says_why_to_this_machine_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as services:
        store = Stuck(services.store)
        with started(create_app(replace(services, store=store))) as (_, address):
            reply = get(address, "/readyz")
            forwarded = get(address, "/readyz", "X-Forwarded-For: 127.0.0.1")
            store.stuck = False
            assert get(address, "/readyz").status == 200
    assert (reply.status, reply.code) == (503, "store_unavailable")
    assert json.loads(reply.body)["detail"] == Stuck.REASON
    assert (forwarded.status, forwarded.body) == (503, b"")


def test_not_ready_behind_a_postgresql_that_only_reads(tmp_path: Path, postgres_url: str) -> None:
    with opened(tmp_path, SIGNUP_DATABASE_URL=postgres_url):
        pass
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET default_transaction_read_only = on")
    with receiving(tmp_path, SIGNUP_DATABASE_URL=postgres_url) as (_, address):
        reply = get(address, "/readyz")
    assert (reply.status, reply.code) == (503, "store_unavailable")


def test_not_ready_when_the_disk_is_full(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, address):
        assert get(address, "/readyz").status == 200
        with full_disk():
            reply = get(address, "/readyz")
        assert get(address, "/readyz").status == 200
    assert (reply.status, reply.code) == (503, "store_unavailable")


def test_ready_tells_nothing_more_to_whoever_comes_through_a_proxy(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, address):
        for header in (
            "X-Forwarded-For: 203.0.113.7",
            "Forwarded: for=127.0.0.1",
            "X-Real-IP: 203.0.113.7",
            "Via: 1.1 x",
        ):
            assert json.loads(get(address, "/readyz", header).body) == {"status": "ok"}


def test_a_health_check_takes_no_post(tmp_path: Path) -> None:
    with receiving(tmp_path) as (_, address):
        for path in ("/healthz", "/readyz"):
            reply = ask(address, whole(b"", path=path))
            assert (reply.status, reply.headers["allow"], reply.code) == (405, "GET, HEAD", "method_not_allowed")
