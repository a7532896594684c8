"""Reading the log, on both stores: every way through it agrees with a plain look at all events."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.errors import RecordAltered, UsageWrong
from signup.model import Event
from signup.record import events, log
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.services import Services
from signup.store import Transaction
from signup.store.texts import queries
from tests.undone import Opened, undone

IDS = [f"019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d{number:02d}" for number in range(8)]
ACTORS = ["callback", "watcher", "user:local", "api:web"]
KINDS: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.SIGNUP_STARTED, {"status": "requested", "country": "SE", "channel": "web"}),
    (Kind.SIGNUP_APPROVED, {"status": "approved", "ms": 5000}),
    (Kind.SIGNUP_EXPIRED, {"status": "expired"}),
    (Kind.CALLBACK_RECEIVED, {"result": "approved"}),
    (Kind.PROFILE_FETCHED, {"status": "completed", "ms": 34}),
    (Kind.NUMBER_REJECTED, {"reason": "invalid", "channel": "try"}),
]


def moment(minute: int) -> str:
    return f"2026-11-24T{10 + minute // 60:02d}:{minute % 60:02d}:00.000000Z"


def write(tx: Transaction, chance: random.Random, minute: int) -> None:
    kind, details = chance.choice(KINDS)
    signup_id = None if kind == Kind.NUMBER_REJECTED else chance.choice(IDS)
    at = moment(max(0, minute - chance.choice([0, 0, 0, 5])))
    events.append(tx, at=at, kind=kind, actor=chance.choice(ACTORS), signup_id=signup_id, details=details)


@pytest.fixture(scope="module")
def filled_for_all(opened_for_all: Opened) -> Iterator[Services]:
    """240 events of four hours, times not always rising."""
    chance = random.Random(7)
    with opened_for_all() as services:
        with services.store.write() as tx:
            for minute in range(240):
                write(tx, chance, minute)
        log.seal_first(services)
        yield services


@pytest.fixture
def filled(filled_for_all: Services, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    with undone(filled_for_all, tmp_path / "data", clock) as services:
        yield services


def everything(services: Services) -> list[Event]:
    return log.after(services, LogQuery(), 0, 10_000)


def fits(event: Event, query: LogQuery) -> bool:
    return (
        (not query.kinds or event.kind in query.kinds)
        and (query.signup_id is None or event.signup_id == query.signup_id)
        and (query.actor is None or event.actor == query.actor)
        and (query.start is None or event.at >= query.start)
        and (query.end is None or event.at < query.end)
    )


def some_query(chance: random.Random) -> LogQuery:
    def maybe(value: Any) -> Any:
        return chance.choice([None, value])

    start = chance.randrange(240)
    return LogQuery(
        kinds=chance.choice([(), (), ("signup.*",), ("callback.*", "profile.fetched"), ("lock.hit",), ("*",)]),
        signup_id=maybe(chance.choice(IDS)),
        actor=maybe(chance.choice(ACTORS)),
        start=maybe(moment(start)),
        end=maybe(moment(start + chance.randrange(120))),
    )


def test_every_filter_agrees_with_a_plain_look_at_all_events(filled: Services) -> None:
    chance, present = random.Random(11), everything(filled)
    assert len(present) == 240
    for query in (some_query(chance) for _ in range(120)):
        wanted = [event for event in present if fits(event, query)]
        assert log.after(filled, query, 0, 1000) == wanted, query
        assert log.page(filled, query, limit=1000) == wanted[::-1], query
        assert log.count(filled, query) == len(wanted), query


@pytest.mark.parametrize("query", [LogQuery(), LogQuery(("signup.*", "callback.*")), LogQuery(actor="watcher")])
def test_pages_go_on_where_the_last_one_ended(filled: Services, query: LogQuery) -> None:
    wanted = [event for event in everything(filled) if fits(event, query)]
    found: list[Event] = []
    while page := log.page(filled, query, before=found[-1].seq if found else None, limit=7):
        assert len(page) <= 7
        found += page
    assert found == wanted[::-1]


def test_following_goes_on_where_it_ended(filled: Services) -> None:
    query, found = LogQuery(("signup.*", "profile.*")), list[Event]()
    while page := log.after(filled, query, found[-1].seq or 0 if found else 0, limit=11):
        found += page
    assert found == [event for event in everything(filled) if fits(event, query)]


def test_a_count_stops_at_the_number_it_is_given(filled: Services) -> None:
    present = everything(filled)
    for query in (LogQuery(), LogQuery(("signup.*",)), LogQuery(start=moment(30), end=moment(200))):
        wanted = sum(fits(event, query) for event in present[:100])
        assert log.count(filled, query, up_to=100) == wanted


def test_a_reader_sees_what_was_appended_a_moment_ago(undone_on_each: Services) -> None:
    with undone_on_each.store.write() as tx:
        write(tx, random.Random(1), 0)
    assert [event.seq for event in log.page(undone_on_each, LogQuery())] == [1]


def test_a_walk_does_not_see_what_is_sealed_while_it_is_under_way(filled: Services) -> None:
    top = log.seal_first(filled) + 1
    query = LogQuery(("signup.*", "callback.*", "profile.*", "number.*"))
    walk = log.rows(filled, query, before=top, size=10)
    first = list(islice(walk, 5))
    with filled.store.write() as tx:
        for _ in range(50):
            write(tx, random.Random(3), 5)
    log.seal_first(filled)
    assert [row["seq"] for row in [*first, *walk]] == list(range(1, 241))


class Growing:
    """A store on which two events more are sealed before each of its first reads."""

    def __init__(self, services: Services, reads: int) -> None:
        self._services, self._left = services, reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services.store, name)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        self._left -= 1
        if self._left > 0:
            with self._services.store.write() as tx:
                for kind, details in (KINDS[1], KINDS[0]):
                    events.append(tx, at=moment(1), kind=kind, actor="watcher", signup_id=IDS[0], details=details)
            log.seal_first(self._services)
        with self._services.store.read() as tx:
            yield tx


def test_following_several_kinds_misses_none_that_is_sealed_meanwhile(undone_on_each: Services) -> None:
    growing = replace(undone_on_each, store=Growing(undone_on_each, 60))
    query, found = LogQuery(("signup.started", "signup.approved")), list[Event]()
    while page := log.after(growing, query, found[-1].seq or 0 if found else 0, limit=10):
        found += page
    assert found == everything(undone_on_each)
    assert len(found) == 118


def test_a_timeline_is_one_sign_up_oldest_first(filled: Services) -> None:
    wanted = [event for event in everything(filled) if event.signup_id == IDS[3]]
    assert log.timeline(filled, IDS[3]) == wanted
    assert len(wanted) > 5


def test_an_empty_log_is_empty_whatever_is_asked(undone_on_each: Services) -> None:
    for query in (LogQuery(), LogQuery(("signup.*",), start=moment(1)), LogQuery(signup_id=IDS[0])):
        assert log.page(undone_on_each, query) == []
        assert log.after(undone_on_each, query, 0) == []
        assert log.count(undone_on_each, query) == 0


def test_the_head_tells_what_waits_and_does_not_seal_it(undone_on_each: Services) -> None:
    with undone_on_each.store.write() as tx:
        for minute in (9, 3):
            events.append(tx, at=moment(minute), kind="audit.pruned", actor="watcher", details={"to": 0})
    head = log.head(undone_on_each)
    assert (head.seq, head.mode, head.unsealed, head.oldest_unsealed_at) == (0, "sandbox", 2, moment(9))
    assert head.root == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    log.seal_first(undone_on_each)
    after = log.head(undone_on_each)
    assert (after.seq, after.unsealed, after.oldest_unsealed_at, after.log_id) == (2, 0, None, head.log_id)
    assert after.root != head.root


def test_a_family_stands_for_its_kinds() -> None:
    assert LogQuery(("callback.*", "lock.hit")).kinds == (
        "callback.quarantined",
        "callback.received",
        "callback.repeated",
        "lock.hit",
    )


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"kinds": ("signup.strated",)}, "signup.started"),
        ({"kinds": ("nothing.*",)}, "nothing"),
        ({"signup_id": "42"}, "looks like"),
        ({"actor": "ada@example.com"}, "looks like"),
        ({"start": "2026-11-24"}, "looks like"),
        ({"end": "tomorrow"}, "looks like"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_is_refused_with_a_hint(wrong: dict[str, Any], hint: str) -> None:
    with pytest.raises(UsageWrong, match=hint):
        LogQuery(**wrong)


@pytest.mark.parametrize("details", ['{"to": 0}', '{"to":0.0}', "Ada Lovelace"])
def test_an_event_whose_details_were_changed_is_not_shown_but_named(undone_on_each: Services, details: str) -> None:
    with undone_on_each.store.write() as tx:
        events.append(tx, at=moment(1), kind="audit.pruned", actor="watcher", details={"to": 0})
    log.seal_first(undone_on_each)
    on_events = " ON events" if undone_on_each.store.dialect == "postgresql" else ""
    with undone_on_each.store.write() as tx:
        tx._connection.execute("DROP TRIGGER events_stay" + on_events)  # type: ignore[attr-defined]
        tx._connection.execute(f"UPDATE events SET details = '{details}'")  # type: ignore[attr-defined]
    with pytest.raises(RecordAltered, match="Event 1 ") as altered:
        log.page(undone_on_each, LogQuery())
    assert details not in altered.value.sentence


WALKS = [name for name in queries("sqlite") if name.startswith(("events_", "leaves_from"))]


@pytest.mark.parametrize("opened_for_all", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", WALKS)
def test_no_way_through_the_log_reads_all_of_it_or_sorts(services_for_all: Services, name: str) -> None:
    params = {"kind": "lock.hit", "actor": "watcher", "signup_id": IDS[0], "start": moment(1), "end": moment(2)}
    with services_for_all.store.read() as tx:
        rows = tx._connection.execute(  # type: ignore[attr-defined]
            "EXPLAIN QUERY PLAN " + queries("sqlite")[name],
            {**params, "after": 1, "before": 9, "size": 5, "first": 1, "match": '"a"'},
        ).fetchall()
    plan = [row[3] for row in rows]
    index = "events_by_" + name.removeprefix("events_of_").rpartition("_")[0]
    far = [step for step in plan if ("SCAN" in step and "VIRTUAL TABLE INDEX" not in step) or "TEMP B-TREE" in step]
    assert far == []
    if name.startswith("events_of_"):
        assert f" {index} " in plan[0]
