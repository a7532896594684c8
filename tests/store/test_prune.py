"""Pruning: what is too old leaves the log in whole segments, and what is left still proves itself."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from signup.clock import HandClock
from signup.errors import RecordAltered
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.record import bundle, log
from signup.record.bundle_plan import Asked
from signup.record.checkpoint import Checkpoint
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.outside import Given
from signup.record.prune import Pruner
from signup.record.seal import Sealer
from signup.record.verifier import verify as verifier
from signup.record.verify import Question, verify
from signup.services import Services
from tests.logbook import DAY, clerk, happen, quiet, sign, told


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


def tamper(services: Services, *statements: str) -> None:
    on = " ON events" if services.store.dialect == "postgresql" else ""
    with services.store.write() as tx:
        for statement in (f"DROP TRIGGER events_keep{on}", f"DROP TRIGGER events_stay{on}", *statements):
            tx._connection.execute(statement)  # type: ignore[attr-defined]


def grow(services: Services, clock: HandClock) -> list[Checkpoint]:
    """Three days, a checkpoint at noon and at the end of each; then 400 days have passed since the second began."""
    made = []
    clock.move(-timedelta(hours=14).total_seconds())
    for _ in range(3):
        for _ in range(2):
            clock.move(DAY / 2 - 60)
            happen(services, 5)
            made.append(sign(services))
            clock.move(60)
    clock.move(398 * DAY + 60)
    return made


@pytest.fixture
def grown(undone_on_each: Services, clock: HandClock) -> list[Checkpoint]:
    """Its checkpoints."""
    return grow(undone_on_each, clock)


def test_whole_days_go_and_the_first_day_kept_is_kept_whole(undone_on_each: Services, grown: list[Checkpoint]) -> None:
    head = log.seal_first(undone_on_each)
    assert prune(undone_on_each) == 1
    assert pruned_to(undone_on_each) == grown[1].seq
    left = log.after(undone_on_each, LogQuery(), 0)
    assert left[0].seq == grown[1].seq + 1
    assert [event.kind for event in left if (event.seq or 0) > head] == ["audit.pruned", "audit.checkpoint"]
    assert told(undone_on_each, Kind.AUDIT_PRUNED) == [{"to": grown[1].seq}]


def test_what_is_left_is_valid_and_an_outside_checkpoint_of_it_still_fits(
    undone_on_each: Services, grown: list[Checkpoint]
) -> None:
    prune(undone_on_each)
    given = [Given(made.note, made.json()) for made in grown[1:]]
    found = verify(undone_on_each.store, Question(outside=given, strict=True)).facts
    assert (found["valid"], found["prunedTo"], found["outside"]["matched"]) == (True, grown[1].seq, 5)
    assert found["afterLastCheckpoint"] == 1, "the prune was signed; only the checkpoint's own event came later"


def test_a_bundle_of_a_pruned_log_is_valid_and_complete(
    undone_on_each: Services, grown: list[Checkpoint], tmp_path: Path
) -> None:
    prune(undone_on_each)
    out = tmp_path / "bundle.zip"
    bundle.export(undone_on_each, out=out, asked=Asked(LogQuery()), actor="cli", say=quiet)
    found = verifier.verify(str(out), [], [])
    assert (found["valid"], found["complete"], found["prunedTo"]) == (True, True, grown[1].seq)


def test_nothing_is_pruned_twice_and_nothing_before_its_day(
    undone_on_each: Services, grown: list[Checkpoint], clock: HandClock
) -> None:
    one = pruner(undone_on_each)
    assert [one.run(), one.run(), one.run()] == [True, False, False]
    assert prune(undone_on_each) == 0
    clock.move(DAY)
    assert [one.run(), one.run()] == [True, False]
    assert pruned_to(undone_on_each) == grown[3].seq


def test_a_young_log_keeps_everything(undone_on_each: Services, clock: HandClock) -> None:
    happen(undone_on_each)
    sign(undone_on_each)
    clock.move(399 * DAY)
    assert (prune(undone_on_each), pruned_to(undone_on_each)) == (0, 0)


def test_a_log_that_nothing_signed_keeps_everything(undone_on_each: Services, clock: HandClock) -> None:
    happen(undone_on_each)
    clock.move(500 * DAY)
    assert (prune(undone_on_each), pruned_to(undone_on_each)) == (0, 0)


def test_a_late_row_of_a_kept_day_keeps_its_segment(undone_on_each: Services, clock: HandClock) -> None:
    happen(undone_on_each)
    first = sign(undone_on_each)
    clock.move(DAY)
    happen(undone_on_each)
    clock.move(-DAY)
    happen(undone_on_each)
    sign(undone_on_each)
    clock.move(401 * DAY)
    prune(undone_on_each)
    assert pruned_to(undone_on_each) == first.seq


def test_many_old_rows_go_portion_by_portion(
    undone_on_each: Services, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signup.record.prune.ROWS", 20)
    made = []
    for _ in range(6):
        happen(undone_on_each, 7)
        made.append(sign(undone_on_each))
    clock.move(402 * DAY)
    assert prune(undone_on_each) == 3
    assert [one["to"] for one in told(undone_on_each, Kind.AUDIT_PRUNED)] == [made[1].seq, made[3].seq, made[5].seq]
    assert verify(undone_on_each.store, Question()).valid


def test_a_segment_that_was_altered_is_kept_as_evidence_and_told_once_a_day(
    undone_on_each: Services, grown: list[Checkpoint]
) -> None:
    tamper(undone_on_each, f"UPDATE events SET actor = 'user:eve' WHERE seq = {grown[0].seq}")
    one = pruner(undone_on_each)
    with pytest.raises(RecordAltered, match="kept as evidence"):
        one.run()
    assert one.run() is False
    assert pruned_to(undone_on_each) == 0


def test_rows_that_fit_each_other_but_not_the_checkpoint_are_kept_as_evidence(
    undone_on_each: Services, grown: list[Checkpoint]
) -> None:
    first = grown[0].seq
    tamper(
        undone_on_each,
        f"DELETE FROM events WHERE seq = {first}",
        "UPDATE events SET seq = -seq",
        f"UPDATE events SET seq = -seq - (CASE WHEN -seq > {first} THEN 1 ELSE 0 END)",
        "UPDATE audit_log SET seq = seq - 1",
    )
    with pytest.raises(RecordAltered):
        prune(undone_on_each)
    assert pruned_to(undone_on_each) == 0


def test_two_watchers_prune_a_segment_once(services_on_each: Services, clock: HandClock) -> None:
    grown = grow(services_on_each, clock)
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
    undone_on_each: Services, grown: list[Checkpoint]
) -> None:
    prune(undone_on_each)
    history = History()
    catch_up(undone_on_each, history)
    assert history.seq == log.head(undone_on_each).seq
    assert history.signups == []
