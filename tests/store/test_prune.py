"""Pruning and redacting: what may leave the log, and that what is left still proves itself."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from signup.clock import HandClock, text
from signup.errors import RecordAltered, StoreUnavailable, UsageWrong
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.record import bundle, events, keys, log
from signup.record.bundle_plan import Asked
from signup.record.checkpoint import Checkpoint, Clerk
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.outside import Given
from signup.record.prune import Pruner
from signup.record.redact import redact
from signup.record.seal import Sealer
from signup.record.verifier import verify as verifier
from signup.record.verify import Question, verify
from signup.services import Services

DAY = 86_400
ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"


def quiet(_: str) -> None:
    """Where checkpoints' lines go in these tests."""


def happen(services: Services, times: int = 1) -> None:
    at = text(services.clock.now())
    with services.store.write() as tx:
        for number in range(times):
            details = {"status": "approved", "ms": number}
            events.append(tx, at=at, kind=Kind.SIGNUP_APPROVED, actor="callback", signup_id=ID, details=details)


def clerk(services: Services) -> Clerk:
    return Clerk(services, keys.ready(services, quiet), actor="watcher", say=quiet)


def sign(services: Services) -> Checkpoint:
    Sealer(services).seal()
    return clerk(services).make()


def pruner(services: Services) -> Pruner:
    return Pruner(services, Sealer(services), clerk(services))


def prune(services: Services) -> int:
    """All there is to prune; in how many portions."""
    one, portions = pruner(services), 0
    while one.run():
        portions += 1
    return portions


def pruned_to(services: Services) -> int:
    with services.store.read() as tx:
        return int((tx.one("log_head") or {})["pruned_to"])


def told(services: Services, kind: Kind) -> list[dict[str, object]]:
    return [event.details or {} for event in log.after(services, LogQuery((kind,)), 0)]


def tamper(services: Services, *statements: str) -> None:
    on = " ON events" if services.store.dialect == "postgresql" else ""
    with services.store.write() as tx:
        for statement in (f"DROP TRIGGER events_keep{on}", f"DROP TRIGGER events_stay{on}", *statements):
            tx._connection.execute(statement)  # type: ignore[attr-defined]


@pytest.fixture
def grown(services_on_each: Services, clock: HandClock) -> list[Checkpoint]:
    """Three days, a checkpoint at noon and at the end of each; then 400 days have passed since the second began."""
    made = []
    clock.move(-timedelta(hours=14).total_seconds())
    for _ in range(3):
        for _ in range(2):
            clock.move(DAY / 2 - 60)
            happen(services_on_each, 5)
            made.append(sign(services_on_each))
            clock.move(60)
    clock.move(398 * DAY + 60)
    return made


def test_whole_days_go_and_the_first_day_kept_is_kept_whole(
    services_on_each: Services, grown: list[Checkpoint]
) -> None:
    head = log.seal_first(services_on_each)
    assert prune(services_on_each) == 1
    assert pruned_to(services_on_each) == grown[1].seq
    left = log.after(services_on_each, LogQuery(), 0)
    assert left[0].seq == grown[1].seq + 1
    assert [event.kind for event in left if (event.seq or 0) > head] == ["audit.pruned", "audit.checkpoint"]
    assert told(services_on_each, Kind.AUDIT_PRUNED) == [{"to": grown[1].seq}]


def test_what_is_left_is_valid_and_an_outside_checkpoint_of_it_still_fits(
    services_on_each: Services, grown: list[Checkpoint]
) -> None:
    prune(services_on_each)
    given = [Given(made.note, made.json()) for made in grown[1:]]
    found = verify(services_on_each.store, Question(outside=given, strict=True)).facts
    assert (found["valid"], found["prunedTo"], found["outside"]["matched"]) == (True, grown[1].seq, 5)
    assert found["afterLastCheckpoint"] == 1, "the prune was signed; only the checkpoint's own event came later"


def test_a_bundle_of_a_pruned_log_is_valid_and_complete(
    services_on_each: Services, grown: list[Checkpoint], tmp_path: Path
) -> None:
    prune(services_on_each)
    out = tmp_path / "bundle.zip"
    bundle.export(services_on_each, out=out, asked=Asked(LogQuery()), actor="cli", say=quiet)
    found = verifier.verify(str(out), [], [])
    assert (found["valid"], found["complete"], found["prunedTo"]) == (True, True, grown[1].seq)


def test_nothing_is_pruned_twice_and_nothing_before_its_day(
    services_on_each: Services, grown: list[Checkpoint], clock: HandClock
) -> None:
    one = pruner(services_on_each)
    assert [one.run(), one.run(), one.run()] == [True, False, False]
    assert prune(services_on_each) == 0
    clock.move(DAY)
    assert [one.run(), one.run()] == [True, False]
    assert pruned_to(services_on_each) == grown[3].seq


def test_a_young_log_keeps_everything(services_on_each: Services, clock: HandClock) -> None:
    happen(services_on_each)
    sign(services_on_each)
    clock.move(399 * DAY)
    assert (prune(services_on_each), pruned_to(services_on_each)) == (0, 0)


def test_a_log_that_nothing_signed_keeps_everything(services_on_each: Services, clock: HandClock) -> None:
    happen(services_on_each)
    clock.move(500 * DAY)
    assert (prune(services_on_each), pruned_to(services_on_each)) == (0, 0)


def test_a_late_row_of_a_kept_day_keeps_its_segment(services_on_each: Services, clock: HandClock) -> None:
    happen(services_on_each)
    first = sign(services_on_each)
    clock.move(DAY)
    happen(services_on_each)
    clock.move(-DAY)
    happen(services_on_each)
    sign(services_on_each)
    clock.move(401 * DAY)
    prune(services_on_each)
    assert pruned_to(services_on_each) == first.seq


def test_many_old_rows_go_portion_by_portion(
    services_on_each: Services, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signup.record.prune.ROWS", 20)
    made = []
    for _ in range(6):
        happen(services_on_each, 7)
        made.append(sign(services_on_each))
    clock.move(402 * DAY)
    assert prune(services_on_each) == 3
    assert [one["to"] for one in told(services_on_each, Kind.AUDIT_PRUNED)] == [made[1].seq, made[3].seq, made[5].seq]
    assert verify(services_on_each.store, Question()).valid


def test_a_segment_that_was_altered_is_kept_as_evidence_and_told_once_a_day(
    services_on_each: Services, grown: list[Checkpoint]
) -> None:
    tamper(services_on_each, f"UPDATE events SET actor = 'user:eve' WHERE seq = {grown[0].seq}")
    one = pruner(services_on_each)
    with pytest.raises(RecordAltered, match="kept as evidence"):
        one.run()
    assert one.run() is False
    assert pruned_to(services_on_each) == 0


def test_rows_that_fit_each_other_but_not_the_checkpoint_are_kept_as_evidence(
    services_on_each: Services, grown: list[Checkpoint]
) -> None:
    first = grown[0].seq
    tamper(
        services_on_each,
        f"DELETE FROM events WHERE seq = {first}",
        "UPDATE events SET seq = -seq",
        f"UPDATE events SET seq = -seq - (CASE WHEN -seq > {first} THEN 1 ELSE 0 END)",
        "UPDATE audit_log SET seq = seq - 1",
    )
    with pytest.raises(RecordAltered):
        prune(services_on_each)
    assert pruned_to(services_on_each) == 0


def test_two_watchers_prune_a_segment_once(services_on_each: Services, grown: list[Checkpoint]) -> None:
    faults: list[BaseException] = []

    def work() -> None:
        try:
            prune(services_on_each)
        except BaseException as error:  # whatever it is, the test tells it
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert told(services_on_each, Kind.AUDIT_PRUNED) == [{"to": grown[1].seq}]


def test_a_history_that_begins_after_what_was_pruned_is_counted_from_there(
    services_on_each: Services, grown: list[Checkpoint]
) -> None:
    prune(services_on_each)
    history = History()
    catch_up(services_on_each, history)
    assert history.seq == log.head(services_on_each).seq
    assert history.signups == []


# Redacting.


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
    with services_on_each.store.read() as tx:
        [row] = tx._connection.execute("SELECT id, reason FROM reasons").fetchall()  # type: ignore[attr-defined]
    row_id, sealed = row.values() if isinstance(row, dict) else row
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


def test_an_event_is_redacted_once(services_on_each: Services) -> None:
    happen(services_on_each)
    redact(services_on_each, 1, reason="why", actor="cli")
    with pytest.raises(UsageWrong, match="was redacted already"):
        redact(services_on_each, 1, reason="why", actor="cli")
    assert len(told(services_on_each, Kind.AUDIT_REDACTED)) == 1


def test_a_pruned_event_cannot_be_redacted(services_on_each: Services, grown: list[Checkpoint]) -> None:
    prune(services_on_each)
    with pytest.raises(UsageWrong, match=r"Event 1 was pruned: the log holds 1\d to"):
        redact(services_on_each, 1, reason="why", actor="cli")


def test_a_redacted_row_is_pruned_like_any_other(services_on_each: Services, grown: list[Checkpoint]) -> None:
    redact(services_on_each, 2, reason="why", actor="cli")
    redact(services_on_each, grown[1].seq + 2, reason="why", actor="cli")
    prune(services_on_each)
    found = verify(services_on_each.store, Question(strict=True)).facts
    assert (found["valid"], found["redacted"], found["prunedTo"]) == (True, 1, grown[1].seq)


# On SQLite alone: no byte is left.


def raw(services: Services) -> bytes:
    path = Path(services.settings.database_url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())


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


def test_a_reader_that_holds_the_wal_is_told_and_the_next_scrub_takes_it(services: Services) -> None:
    happen(services, 3)
    Sealer(services).seal()
    with services.store.read() as held:
        held.one("log_head")
        assert redact(services, 1, reason="why", actor="cli") is False
    assert services.store.scrub() is True


def test_scrubbing_holds_up_no_writer(services: Services, eventually: Callable[..., object]) -> None:
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
