"""How often each thing was told: counted once by whoever seals it, never less, and after a migration as if always."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from signup.clock import HandClock
from signup.record import events, totals
from signup.record.events import Kind
from signup.record.prune import Pruner
from signup.record.redact import redact
from signup.record.seal import PORTION, Sealer
from signup.record.totals import WORDS
from signup.services import Services
from signup.store.sqlite import statements
from signup.store.texts import migrations
from tests.logbook import DAY, ID, clerk, sign

ALTERED = [
    "not json",
    "",
    "[]",
    '"x"',
    "7",
    "null",
    "{}",
    '{"reason":null}',
    '{"reason":true}',
    '{"reason":["a"]}',
    '{"',
]
AT = "2026-11-24T14:00:00.000000Z"
LOCK_HIT = {"country": "SE", "channel": "web", "numberId": "0" * 16, "ms": 1}
TOLD: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.SIGNUP_STARTED, {"status": "requested", "country": "SE", "channel": "web"}),
    (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": True, "ms": 5}),
    (Kind.SIGNUP_SENT, {"status": "waiting", "accepted": False, "code": "timeout", "ms": 5}),
    (Kind.SIGNUP_FAILED, {"status": "failed", "step": "request", "code": "bad_app_key"}),
    (Kind.SIGNUP_OPENED, {}),
    (Kind.SIGNUP_DECLINED, {"status": "declined", "reason": "user_rejected", "ms": 5}),
    (Kind.SIGNUP_EXPIRED, {"status": "expired"}),
    (Kind.PROFILE_FETCHED, {"status": "completed", "ms": 5}),
    (Kind.PROFILE_FAILED, {"code": "profile_error", "ms": 5}),
    (Kind.PROFILE_FAILED, {"code": "number_mismatch", "status": "failed", "step": "profile"}),
    (Kind.CALLBACK_RECEIVED, {"result": "approved"}),
    (Kind.CALLBACK_REPEATED, {"result": "approved"}),
    (Kind.CALLBACK_QUARANTINED, {"reason": "state_mismatch"}),
    (Kind.NUMBER_REJECTED, {"reason": "too_short", "channel": "web"}),
    (Kind.LOCK_HIT, LOCK_HIT),
    (Kind.LOCK_HIT, LOCK_HIT),
]
COUNTED = {
    ("signup.started", "", ""): 1,
    ("signup.sent", "", ""): 1,
    ("signup.sent", "timeout", ""): 1,
    ("signup.failed", "request", "bad_app_key"): 1,
    ("signup.opened", "", ""): 1,
    ("signup.declined", "user_rejected", ""): 1,
    ("signup.expired", "", ""): 1,
    ("profile.fetched", "", ""): 1,
    ("profile.failed", "", "profile_error"): 1,
    ("profile.failed", "failed", "number_mismatch"): 1,
    ("callback.received", "approved", ""): 1,
    ("callback.repeated", "approved", ""): 1,
    ("callback.quarantined", "state_mismatch", ""): 1,
    ("number.rejected", "too_short", ""): 1,
    ("lock.hit", "", ""): 2,
}


def tell(services: Services, *told: tuple[Kind, dict[str, Any]]) -> None:
    with services.store.write() as tx:
        for kind, details in told:
            events.append(tx, at=AT, kind=kind, actor="cli", signup_id=ID, details=details)


def counted(services: Services) -> dict[tuple[str, str, str], int]:
    with services.store.read() as tx:
        return {(row["kind"], row["word"], row["second"]): row["n"] for row in tx.all("event_totals")}


def test_each_thing_counts_once_when_it_is_sealed(undone_on_each: Services) -> None:
    tell(undone_on_each, *TOLD)
    assert counted(undone_on_each) == {}
    Sealer(undone_on_each).seal()
    Sealer(undone_on_each).seal()
    assert counted(undone_on_each) == COUNTED
    tell(undone_on_each, (Kind.LOCK_HIT, LOCK_HIT))
    Sealer(undone_on_each).seal()
    assert counted(undone_on_each) == {**COUNTED, ("lock.hit", "", ""): 3}


def test_what_a_replay_caused_is_not_counted(undone_on_each: Services) -> None:
    tell(undone_on_each, (Kind.CALLBACK_RECEIVED, {"result": "approved", "replay": True}))
    Sealer(undone_on_each).seal()
    assert counted(undone_on_each) == {}


def test_a_total_does_not_fall_when_events_are_pruned_or_lose_their_details(
    undone_on_each: Services, clock: HandClock
) -> None:
    tell(undone_on_each, *TOLD)
    sign(undone_on_each)
    redact(undone_on_each, 2, reason="a slip", actor="cli")
    clock.move(401 * DAY)
    tell(undone_on_each, (Kind.LOCK_HIT, LOCK_HIT))
    sign(undone_on_each)
    pruner = Pruner(undone_on_each, Sealer(undone_on_each), clerk(undone_on_each))
    assert pruner.run()
    now = counted(undone_on_each)
    assert {words: now[words] for words in COUNTED} == {**COUNTED, ("lock.hit", "", ""): 3}


def test_sealers_at_work_together_count_no_event_twice(services_on_each: Services) -> None:
    for _ in range(4):
        tell(services_on_each, *[(Kind.LOCK_HIT, LOCK_HIT)] * PORTION)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: Sealer(services_on_each).seal(), range(3)))
    assert counted(services_on_each) == {("lock.hit", "", ""): 4 * PORTION}


def test_a_sealer_that_fails_has_counted_nothing(undone_on_each: Services) -> None:
    tell(undone_on_each, *TOLD)
    with undone_on_each.store.write() as tx:
        tx.run("move_head", seq=7, frontier="nonsense")
    with pytest.raises(Exception, match="head"):
        Sealer(undone_on_each).seal()
    assert counted(undone_on_each) == {}


@pytest.mark.parametrize("details", ALTERED)
def test_an_event_that_no_step_wrote_is_counted_by_its_kind(details: str) -> None:
    (row,) = totals.of([{"kind": "signup.declined", "details": details}])
    assert row == {"kind": "signup.declined", "word": "", "second": "", "n": 1}


def migrate_again(services: Services) -> None:
    (migration,) = (one for one in migrations(services.store.dialect) if one.name.endswith("_totals"))
    with services.store.write() as tx:
        tx._connection.execute("DROP TABLE event_totals")  # type: ignore[attr-defined]
        for part in [migration.sql] if services.store.dialect == "postgresql" else statements(migration.sql):
            tx._connection.execute(part)  # type: ignore[attr-defined]


def test_a_migration_counts_what_was_sealed_before_just_the_same(undone_on_each: Services) -> None:
    tell(undone_on_each, *TOLD, (Kind.SIGNUP_OPENED, {"replay": True}))
    Sealer(undone_on_each).seal()
    migrate_again(undone_on_each)
    assert counted(undone_on_each) == COUNTED


def test_a_migration_counts_altered_events_just_the_same_and_is_stopped_by_none(undone_on_each: Services) -> None:
    replayed = '{"reason":"user_rejected","replay":null}'
    declined = (Kind.SIGNUP_DECLINED, {"status": "declined", "reason": "user_rejected", "ms": 5})
    mark = "%s" if undone_on_each.store.dialect == "postgresql" else "?"
    for details in [*ALTERED, replayed]:
        tell(undone_on_each, declined)
        with undone_on_each.store.write() as tx:
            tx._connection.execute(f"UPDATE events_inbox SET details = {mark}", [details])  # type: ignore[attr-defined]
        Sealer(undone_on_each).seal()
    found = {("signup.declined", "", ""): len(ALTERED)}
    assert counted(undone_on_each) == found
    migrate_again(undone_on_each)
    assert counted(undone_on_each) == found


def test_every_word_that_tells_events_apart_is_one_they_may_carry() -> None:
    for kind, words in WORDS.items():
        shape = events.VOCABULARY[kind]
        assert set(words) <= {*shape.needs, *shape.may}, kind
