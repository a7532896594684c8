"""Sealing, on both stores: no gap, none lost, none twice; and an alarm when the head was touched.

What becomes of it when sealers are killed is in test_record_torture.py.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from signup.errors import RecordAltered
from signup.record import canonical, log, tree
from signup.record.log import LogQuery
from signup.record.seal import PORTION, Sealer
from signup.services import Services, open_services
from signup.store import Row, Store, Transaction
from tests.record_processes import ID, note

SEALERS = 3


def write(services: Services, *numbers: int) -> None:
    with services.store.write() as tx:
        for ms in numbers:
            note(tx, ms)


def sealed(services: Services) -> list[Row]:
    head = log.head(services)
    return list(log.rows(services, LogQuery(), before=head.seq + 1))


def numbers(services: Services) -> list[int]:
    return [canonical.loads(row["details"])["ms"] for row in sealed(services)]


def waiting(services: Services) -> int:
    return log.head(services).unsealed


def tamper(services: Services, *statements: str) -> None:
    """What somebody with the database can do; the triggers are no obstacle to them."""
    postgresql = services.store.dialect == "postgresql"
    drop = "DROP TRIGGER IF EXISTS {0} ON events" if postgresql else "DROP TRIGGER IF EXISTS {0}"
    with services.store.write() as tx:
        for statement in [drop.format("events_keep"), drop.format("events_stay"), *statements]:
            tx._connection.execute(statement)  # type: ignore[attr-defined]


def assert_whole(services: Services) -> list[Row]:
    """The log holds together: numbers without a gap, each leaf its row's, the head their root."""
    rows = sealed(services)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    leaves = []
    for row in rows:
        header = tree.header(row["seq"], row["at"], row["kind"], row["signup_id"], row["actor"])
        header_hash = tree.header_hash(header, bytes.fromhex(row["header_salt"]))
        leaves.append(tree.leaf(header_hash, tree.details_hash(row["details"], bytes.fromhex(row["details_salt"]))))
    with services.store.read() as tx:
        assert [row["leaf"] for row in tx.all("leaves_from", first=1, size=len(rows) + 1)] == [x.hex() for x in leaves]
    assert log.head(services).root == tree.root(tree.grow((), 0, leaves)).hex()
    return rows


def test_events_get_their_numbers_in_the_order_they_were_written(undone_on_each: Services) -> None:
    write(undone_on_each, 7, 3)
    write(undone_on_each, 5)
    assert Sealer(undone_on_each).seal() == 3
    assert numbers(undone_on_each) == [7, 3, 5]
    assert_whole(undone_on_each)


def test_sealing_again_finds_nothing_to_seal(undone_on_each: Services) -> None:
    write(undone_on_each, 1)
    sealer = Sealer(undone_on_each)
    assert (sealer.seal(), sealer.seal(), Sealer(undone_on_each).seal()) == (1, 0, 0)


def test_a_sealed_event_is_what_was_appended(undone_on_each: Services) -> None:
    write(undone_on_each, 1)
    Sealer(undone_on_each).seal()
    [row] = sealed(undone_on_each)
    fields = {name: row[name] for name in ("seq", "at", "kind", "signup_id", "actor", "details", "details_hash")}
    assert fields == {
        "seq": 1,
        "at": "2026-11-24T14:00:00.000000Z",
        "kind": "signup.approved",
        "signup_id": ID,
        "actor": "callback",
        "details": '{"ms":1,"status":"approved"}',
        "details_hash": None,
    }


def test_each_row_has_two_salts_of_its_own(undone_on_each: Services) -> None:
    write(undone_on_each, *range(50))
    Sealer(undone_on_each).seal()
    salts = [row[name] for row in sealed(undone_on_each) for name in ("header_salt", "details_salt")]
    assert len(set(salts)) == 100
    assert {len(salt) for salt in salts} == {32}


def test_more_than_one_portion_is_sealed_without_a_gap(undone_on_each: Services) -> None:
    write(undone_on_each, *range(PORTION * 2 + 1))
    assert Sealer(undone_on_each).seal() == PORTION * 2 + 1
    assert numbers(undone_on_each) == list(range(PORTION * 2 + 1))
    assert_whole(undone_on_each)


def test_an_event_that_was_rolled_back_with_its_change_is_never_sealed(undone_on_each: Services) -> None:
    with suppress(ZeroDivisionError), undone_on_each.store.write() as tx:
        note(tx, 1)
        raise ZeroDivisionError
    write(undone_on_each, 2)
    Sealer(undone_on_each).seal()
    assert numbers(undone_on_each) == [2]


class UnderLoad:
    """A store on which two portions more arrive whenever somebody is about to write."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._store.write() as tx:
            for ms in range(PORTION * 2):
                note(tx, ms)
        with self._store.write() as tx:
            yield tx


def test_sealing_under_load_ends(undone_on_each: Services) -> None:
    write(undone_on_each, 1)
    loaded = replace(undone_on_each, store=UnderLoad(undone_on_each.store))
    assert 1 <= Sealer(loaded).seal() <= PORTION


def test_sealers_that_take_turns_do_not_alarm_each_other(undone_on_each: Services) -> None:
    one, other = Sealer(undone_on_each), Sealer(undone_on_each)
    for turn in range(6):
        write(undone_on_each, *range(turn * 10, turn * 10 + turn))
        (one, other)[turn % 2].seal()
    write(undone_on_each, 99)
    assert one.seal() == 1
    assert_whole(undone_on_each)


def test_a_sealer_that_slept_while_many_were_sealed_goes_on(
    undone_on_each: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signup.record.seal._CATCH_UP", 250)
    sleeper = Sealer(undone_on_each)
    write(undone_on_each, 1)
    sleeper.seal()
    write(undone_on_each, *range(600))
    Sealer(undone_on_each).seal()
    write(undone_on_each, 2)
    assert sleeper.seal() == 1


MOVED_BACK = (
    "DELETE FROM events WHERE seq > 4",
    "UPDATE audit_log SET seq = 4, frontier = (SELECT '[\"' || leaf || '\"]' FROM events WHERE seq = 4)",
)
ANOTHER_FRONTIER = (
    "UPDATE audit_log SET frontier = (SELECT '[\"' || MIN(leaf) || '\",\"' || MAX(leaf) || '\"]' FROM events)",
)


@pytest.mark.parametrize(
    ("statements", "how"),
    [
        (MOVED_BACK, "went back from event 5 to 4"),
        (ANOTHER_FRONTIER, "do not continue"),
        (("UPDATE audit_log SET frontier = 'x'",), "frontier"),
        (("UPDATE events SET leaf = '00' WHERE seq = 5",), "event 5 is not the one"),
        (("UPDATE audit_log SET log_id = 'other'",), "another log"),
        (("UPDATE audit_log SET seq = 6",), "names event 6, the last one there is 5"),
        (("DELETE FROM events WHERE seq = 5",), "names event 5, the last one there is 4"),
        (("DELETE FROM events",), "the last one there is none"),
        (("DELETE FROM audit_log",), "is gone"),
    ],
)
def test_a_head_changed_under_a_sealer_raises_an_alarm_and_seals_nothing(
    undone_on_each: Services, statements: tuple[str, ...], how: str
) -> None:
    sealer = Sealer(undone_on_each)
    write(undone_on_each, 1, 2, 3, 4, 5)
    sealer.seal()
    tamper(undone_on_each, *statements)
    write(undone_on_each, 6)
    for _ in range(2):
        with pytest.raises(RecordAltered, match=how):
            sealer.seal()
    with undone_on_each.store.read() as tx:
        assert (tx.one("inbox_waiting") or {})["unsealed"] == 1


def test_the_alarm_needs_nothing_to_seal(undone_on_each: Services) -> None:
    sealer = Sealer(undone_on_each)
    write(undone_on_each, 1, 2, 3)
    sealer.seal()
    tamper(undone_on_each, *ANOTHER_FRONTIER)
    with pytest.raises(RecordAltered):
        sealer.seal()


@pytest.mark.parametrize("leaf", ["'00'", "'no hex'", "(SELECT leaf FROM events WHERE seq = 1)"])
def test_rows_of_another_sealer_that_do_not_continue_the_known_ones_raise_an_alarm(
    undone_on_each: Services, leaf: str
) -> None:
    sealer = Sealer(undone_on_each)
    write(undone_on_each, 1, 2)
    sealer.seal()
    write(undone_on_each, 3, 4, 5)
    Sealer(undone_on_each).seal()
    tamper(undone_on_each, f"UPDATE events SET leaf = {leaf} WHERE seq = 4")
    with pytest.raises(RecordAltered, match="do not continue"):
        sealer.seal()


def test_a_sealer_begins_again_once_the_head_was_put_right(undone_on_each: Services) -> None:
    sealer = Sealer(undone_on_each)
    write(undone_on_each, 1)
    sealer.seal()
    tamper(undone_on_each, "UPDATE audit_log SET seq = 2")
    with pytest.raises(RecordAltered):
        sealer.seal()
    tamper(undone_on_each, "UPDATE audit_log SET seq = 1")
    write(undone_on_each, 2)
    assert sealer.seal() == 1
    assert_whole(undone_on_each)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET actor = 'watcher'", "DELETE FROM events", "UPDATE events SET details = NULL"],
)
def test_a_sealed_event_refuses_to_change(undone_on_each: Services, statement: str) -> None:
    write(undone_on_each, 1)
    Sealer(undone_on_each).seal()
    with pytest.raises(Exception, match="audit log"), undone_on_each.store.write() as tx:
        tx._connection.execute(statement)  # type: ignore[attr-defined]
    assert_whole(undone_on_each)


def test_a_portion_costs_less_than_50_ms_of_work(undone_on_each: Services) -> None:
    sealer = Sealer(undone_on_each)

    def seconds() -> float:
        write(undone_on_each, *range(PORTION))
        begun = time.process_time()
        sealer.seal()
        return time.process_time() - begun

    assert min(seconds() for _ in range(5)) < 0.05


@pytest.fixture
def on_postgresql(postgres_url: str, settings: Callable[..., Any], clock: Any, truecaller: Any) -> Iterator[Services]:
    with open_services(settings(database_url=postgres_url), clock=clock, truecaller=truecaller, migrate=True) as wired:
        yield wired


def test_rows_of_transactions_that_ran_side_by_side_stay_together(on_postgresql: Services) -> None:
    store = on_postgresql.store
    with store.write() as slow:
        note(slow, 1)
        with store.write() as quick:
            note(quick, 10)
            note(slow, 2)
            note(quick, 11)
        note(slow, 3)
    Sealer(on_postgresql).seal()
    assert numbers(on_postgresql) == [10, 11, 1, 2, 3]


def test_a_cause_comes_before_its_effect_even_in_an_older_transaction(on_postgresql: Services) -> None:
    store = on_postgresql.store
    with store.write() as older:
        note(older, 1)
        with store.write() as cause:
            note(cause, 10)
        note(older, 11)
    Sealer(on_postgresql).seal()
    assert numbers(on_postgresql) == [10, 1, 11]


def test_a_transaction_is_not_cut_at_the_end_of_a_portion(on_postgresql: Services) -> None:
    store = on_postgresql.store
    write(on_postgresql, *range(PORTION - 2))
    with store.write() as slow:
        note(slow, 1001)
        with store.write() as quick:
            note(quick, 2001)
            note(slow, 1002)
            note(quick, 2002)
        note(slow, 1003)
    Sealer(on_postgresql).seal()
    assert numbers(on_postgresql)[PORTION - 2 :] == [2001, 2002, 1001, 1002, 1003]


def test_a_transaction_that_took_long_is_not_cut_however_much_waits(on_postgresql: Services) -> None:
    with on_postgresql.store.write() as slow:
        note(slow, 10_001)
        for first in range(0, PORTION * 4, 100):
            write(on_postgresql, *range(first, first + 100))
        note(slow, 10_002)
    Sealer(on_postgresql).seal()
    assert numbers(on_postgresql) == [*range(PORTION * 4), 10_001, 10_002]


def test_a_transaction_larger_than_a_portion_beside_others_is_sealed(on_postgresql: Services) -> None:
    store = on_postgresql.store
    with store.write() as large:
        for ms in range(PORTION * 2 + 100):
            note(large, ms)
            if ms % 100 == 0:
                write(on_postgresql, 10_000 + ms)
    assert Sealer(on_postgresql).seal() == PORTION * 2 + 100 + 11
    assert [ms for ms in numbers(on_postgresql) if ms < 10_000] == list(range(PORTION * 2 + 100))
    assert_whole(on_postgresql)


def test_a_row_that_commits_late_is_sealed_after_those_before_it(on_postgresql: Services) -> None:
    store, sealer = on_postgresql.store, Sealer(on_postgresql)
    with store.write() as late:
        note(late, 1)
        write(on_postgresql, 2)
        assert sealer.seal() == 1
    assert sealer.seal() == 1
    assert numbers(on_postgresql) == [2, 1]


def test_a_frozen_sealer_delays_no_append(on_postgresql: Services) -> None:
    with on_postgresql.store.write() as frozen:
        frozen.one("lock_head")
        frozen.all("take_waiting", size=PORTION)
        begun = time.perf_counter()
        write(on_postgresql, 1)
        assert time.perf_counter() - begun < 1
    Sealer(on_postgresql).seal()
    assert numbers(on_postgresql) == [1]


def test_threads_that_append_and_seal_at_once_lose_nothing(services_on_each: Services) -> None:
    over = threading.Event()
    faults: list[BaseException] = []

    def watched(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # whatever it is, the test tells it
                faults.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def seal_on() -> None:
        sealer = Sealer(services_on_each)
        while not over.is_set():
            sealer.seal()

    def write_on(first: int) -> None:
        for ms in range(first, first + 60):
            write(services_on_each, ms)

    writers = [watched(partial(write_on, first)) for first in (0, 100, 200, 300)]
    sealers = [watched(seal_on) for _ in range(SEALERS)]
    for writer in writers:
        writer.join()
    over.set()
    for thread in sealers:
        thread.join()
    Sealer(services_on_each).seal()
    assert faults == []
    assert sorted(numbers(services_on_each)) == sorted(ms for f in (0, 100, 200, 300) for ms in range(f, f + 60))
    assert_whole(services_on_each)
