"""Redacting, and leaving no byte behind: the details go, the event stays, the log still proves itself."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock, text
from signup.errors import StoreUnavailable, UsageWrong
from signup.record import events, log, reasons
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.prune import Pruner
from signup.record.redact import redact
from signup.record.seal import Sealer
from signup.record.verify import Question, verify
from signup.services import Services, open_services
from signup.store.sqlite import SqliteStore
from tests.logbook import DAY, ID, clerk, happen, raw, rows, sign, told


def test_a_redacted_event_loses_its_details_and_the_log_tells_of_it(services_on_each: Services) -> None:
    happen(services_on_each, 3)
    before = log.head(services_on_each)
    assert redact(services_on_each, 2, reason="a name got in", actor="cli") is True
    events_left = log.after(services_on_each, LogQuery(), 0)
    assert [event.details is None for event in events_left] == [False, True, False, False]
    [about] = told(services_on_each, Kind.AUDIT_REDACTED)
    assert (about["code"], about["seq"]) == ("personal", 2)
    found = verify(services_on_each.store, Question(strict=True)).facts
    assert (found["valid"], found["redacted"], found["head"]) == (True, 1, before.seq + 4)


def test_a_redacted_event_cannot_be_guessed(services_on_each: Services) -> None:
    happen(services_on_each)
    redact(services_on_each, 1, reason="why not", actor="cli")
    with services_on_each.store.read() as tx:
        [row] = tx.tuples("rows_to_verify", after=0, up_to=1, size=1)
    details, salt, kept = row[5], row[7], row[8]
    assert (details, salt, len(kept)) == (None, None, 64)


def test_the_reason_is_sealed_and_the_log_holds_its_id(services_on_each: Services) -> None:
    happen(services_on_each)
    redact(services_on_each, 1, reason="  Ada Lovelace's name  ", actor="cli")
    [about] = told(services_on_each, Kind.AUDIT_REDACTED)
    [(row_id, sealed)] = rows(services_on_each, "SELECT id, reason FROM reasons")
    assert row_id == about["reasonId"]
    opened = services_on_each.keyring.open("reasons", "reason", row_id, sealed)
    assert opened.decode() == "Ada Lovelace's name"


@pytest.mark.parametrize(
    ("seq", "reason", "sentence"),
    [
        (99, "why", "Event 99 was never recorded: the log holds 1 to"),
        (1, " ", "Say why"),
        (1, "x" * 501, "Say why"),
        (2, "why", "cannot be redacted"),
    ],
)
def test_what_cannot_be_redacted_is_told_and_nothing_changes(
    services_on_each: Services, seq: int, reason: str, sentence: str
) -> None:
    happen(services_on_each)
    sign(services_on_each)
    Sealer(services_on_each).seal()
    head = log.head(services_on_each)
    with pytest.raises(UsageWrong, match=sentence):
        redact(services_on_each, seq, reason=reason, actor="cli")
    assert log.head(services_on_each) == head
    assert log.after(services_on_each, LogQuery(), 0)[0].details is not None


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        (
            Kind.AUDIT_EXPORTED,
            "reasonId",
            {"exportId": ID, "filter": LogQuery().json(), "format": "csv", "withhold": None},
        ),
        (Kind.AUDIT_ERASED, "receiptId", {"signups": 1}),
    ],
)
def test_the_reason_that_a_redacted_event_named_goes_with_it(
    services_on_each: Services, kind: Kind, name: str, more: dict[str, Any]
) -> None:
    now = services_on_each.clock.now()
    with services_on_each.store.write() as tx:
        named = {name: reasons.keep(tx, services_on_each, "for Ada's lawyer", now)}
        events.append(tx, at=text(now), kind=kind, actor="cli", details=named | more)
    redact(services_on_each, 1, reason="why", actor="cli")
    [about] = told(services_on_each, Kind.AUDIT_REDACTED)
    assert rows(services_on_each, "SELECT id FROM reasons") == [(about["reasonId"],)]


def test_an_event_is_redacted_once(services_on_each: Services) -> None:
    happen(services_on_each)
    redact(services_on_each, 1, reason="why", actor="cli")
    with pytest.raises(UsageWrong, match="was redacted already"):
        redact(services_on_each, 1, reason="why", actor="cli")
    assert len(told(services_on_each, Kind.AUDIT_REDACTED)) == 1


@pytest.fixture
def pruned(services_on_each: Services, clock: HandClock) -> int:
    """A log pruned up to this number; one redacted row went, one is left behind it."""
    happen(services_on_each, 3)
    redact(services_on_each, 2, reason="why", actor="cli")
    end = sign(services_on_each).seq
    clock.move(DAY)
    happen(services_on_each, 3)
    sign(services_on_each)
    redact(services_on_each, end + 2, reason="why", actor="cli")
    clock.move(400 * DAY)
    one = Pruner(services_on_each, Sealer(services_on_each), clerk(services_on_each))
    assert [one.run(), one.run()] == [True, False]
    return end


def test_a_pruned_event_cannot_be_redacted(services_on_each: Services, pruned: int) -> None:
    with pytest.raises(UsageWrong, match=f"Event 1 was pruned: the log holds {pruned + 1} to"):
        redact(services_on_each, 1, reason="why", actor="cli")


def test_a_redacted_row_is_pruned_like_any_other(services_on_each: Services, pruned: int) -> None:
    found = verify(services_on_each.store, Question(strict=True)).facts
    assert (found["valid"], found["redacted"], found["prunedTo"]) == (True, 1, pruned)


# On SQLite alone: no byte is left.


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scrub waits a tenth of a second for readers."""
    monkeypatch.setattr("signup.store.sqlite.PATIENCE", 0.1)


def test_no_byte_of_redacted_details_is_left_in_database_or_wal(services: Services) -> None:
    with services.store.write() as tx:
        details = {"status": "approved", "ms": 70_174_0610}
        events.append(
            tx,
            at=text(services.clock.now()),
            kind=Kind.SIGNUP_APPROVED,
            actor="callback",
            signup_id=ID,
            details=details,
        )
    happen(services, 50)
    Sealer(services).seal()
    assert b"701740610" in raw(services)
    assert redact(services, 1, reason="why", actor="cli") is True
    assert b"701740610" not in raw(services)


@pytest.mark.usefixtures("impatient")
def test_a_reader_that_holds_the_wal_is_told_and_the_next_scrub_takes_it(services: Services) -> None:
    happen(services, 3)
    Sealer(services).seal()
    with services.store.read() as held:
        held.one("log_head")
        assert redact(services, 1, reason="why", actor="cli") is False
    assert services.store.scrub() is True


def test_scrubbing_holds_up_no_writer(services: Services) -> None:
    happen(services, 3)
    answers: list[bool] = []
    with services.store.read() as held:
        held.one("log_head")
        thread = threading.Thread(target=lambda: answers.append(services.store.scrub()))
        thread.start()
        for _ in range(20):
            try:
                happen(services)
            except StoreUnavailable as error:
                pytest.fail(error.sentence)
        thread.join()
    assert answers == [False]


def wiped_among_many(services: Services) -> list[list[str]]:
    """Wiped texts, then one that stays. With these keys SQLite 3.53 leaves a wiped one in an index's free space."""
    chance, wiped = random.Random(50), range(0, 800, 10)
    keys_ = [[f"{chance.getrandbits(bits):0{bits // 4}x}" for _ in range(800)] for bits in (256, 128, 256)]
    with services.store.write() as tx:
        for number, (fingerprint, request_id, state_hash) in enumerate(zip(*keys_, strict=True)):
            row = {"id": f"{number:09}", "fingerprint": fingerprint, "state_hash": state_hash, "number": None}
            tx.run("add_signup", **row, country="SE", channel="w", started_at="x", expires_at="x")
            tx.run("set_request_id", id=row["id"], request_id=request_id)
    with services.store.write() as tx:
        tx.many("forget_signup", [{"id": f"{number:09}"} for number in wiped])
    gone = [keys_[which][number] for which in range(3) for number in wiped]
    return [gone, [keys_[0][1]]]


def left_of(services: Services, texts: list[str]) -> list[str]:
    held = raw(services)
    return [one for one in texts if one.encode() in held]


def test_a_copy_that_a_split_page_kept_is_found_and_cleaned(services: Services) -> None:
    gone, stays = wiped_among_many(services)
    assert services.store.scrub(*gone) is True
    assert (left_of(services, gone), left_of(services, stays)) == ([], stays)


@pytest.mark.usefixtures("impatient")
def test_what_a_reader_kept_from_being_cleaned_is_cleaned_by_whoever_scrubs_next(services: Services) -> None:
    gone, stays = wiped_among_many(services)
    with services.store.read() as held:
        held.one("log_head")
        happen(services)
        assert services.store.scrub(*gone) is False
    with open_services(services.settings) as watcher:
        assert watcher.store.scrub() is True
    assert (left_of(services, gone), left_of(services, stays)) == ([], stays)


def test_a_scrub_that_the_database_refuses_is_told_not_raised(services: Services, tmp_path: Path) -> None:
    assert isinstance(services.store, SqliteStore)
    services.store.path = tmp_path / "gone" / "signup.db"
    assert services.store.scrub("a text that was wiped") is False
