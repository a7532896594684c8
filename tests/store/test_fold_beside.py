"""Folding while something else happens to the log or the roll-ups: a pruner, a rebuild, a restored backup."""

from collections.abc import Callable
from typing import Any

import pytest

from signup.clock import HandClock
from signup.flow.alerting import Alerting
from signup.flow.folding import HELD_SECONDS, Folding
from signup.flow.watch import Watcher
from signup.measure import fold as module
from signup.measure.fold import fold, rebuild
from signup.record import log as record
from signup.record.seal import only
from signup.services import Services
from signup.store import gate, postgresql
from tests.rolls import MemoryLog, emptied, over, tables
from tests.unit.measure_histories import approved, declined, events, fetched, hit, sent, started

ONE = events([started(0, "a"), sent(1, "a"), declined(5, "a"), approved(9, "a"), fetched(10, "a")])
LIVES = [(started(at, f"s{at}"), sent(at + 1, f"s{at}"), declined(at + 5, f"s{at}")) for at in range(0, 800, 100)]
MANY = events([row for life in LIVES for row in life])
HITS = events([hit(number * 100, "a", 10) for number in range(18)])


class Once(MemoryLog):
    """A log to which something happens when one of its pages was read."""

    def __init__(self, *told: Any, **named: Any) -> None:
        super().__init__(*told, **named)
        self.happens: Callable[[], object] | None = None

    def tuples(self, query: str, /, after: int, size: int) -> list[tuple[Any, ...]]:
        found = super().tuples(query, after=after, size=size)
        happens, self.happens = self.happens, None
        if happens:
            happens()
        return found


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTION", 3)


@pytest.mark.usefixtures("small_pages")
def test_a_rebuild_beside_the_pruner_loses_no_sign_up(counting: Services) -> None:
    log = Once(MANY)
    services = over(counting, log)
    fold(services)
    expected = tables(services)
    log.happens = lambda: setattr(log, "pruned_to", 12)
    assert rebuild(services).stale
    assert tables(services) == expected
    assert not rebuild(services).stale
    assert tables(services) == expected


@pytest.mark.usefixtures("small_pages")
def test_a_rebuild_beside_the_pruner_counts_nothing_twice_that_is_sealed_meanwhile(counting: Services) -> None:
    fold(over(counting, MemoryLog(HITS)))
    expected = tables(counting)
    emptied(counting)
    log = Once(HITS[:12])
    services = over(counting, log)
    fold(services)

    def pruned_and_grown() -> None:
        log.pruned_to, log._events = 7, HITS

    log.happens = pruned_and_grown
    rebuild(services)
    fold(services)
    assert tables(counting) == expected


def test_a_rebuild_leaves_what_is_sealed_meanwhile_to_the_next_fold(counting: Services) -> None:
    log = Once(HITS[:12])
    services = over(counting, log)
    log.happens = lambda: setattr(log, "_events", HITS)
    assert rebuild(services).seq == 12
    fold(services)
    found = tables(services)
    emptied(counting)
    fold(services)
    assert tables(services) == found


def test_a_fold_that_read_before_a_rebuild_writes_nothing_after_it(
    counting: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rebuild moves the cursor from where it is to where it is."""
    fold(over(counting, MemoryLog(ONE)))
    expected = tables(counting)
    emptied(counting)
    fold(over(counting, MemoryLog(ONE[:3])))
    with counting.rolls.write() as tx:
        tx._connection.execute("DELETE FROM roll_signups")  # type: ignore[attr-defined]
    folded = module._folded

    def overtaken(*told: Any) -> Any:
        monkeypatch.setattr(module, "_folded", folded)
        found = folded(*told)
        assert not rebuild(over(counting, MemoryLog(ONE[:3]))).stale
        return found

    monkeypatch.setattr(module, "_folded", overtaken)
    fold(over(counting, MemoryLog(ONE)))
    assert tables(counting) == expected


def test_what_another_has_folded_anew_is_not_folded_anew_again(
    services_on_each: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold(over(services_on_each, MemoryLog(ONE)))
    restored = over(services_on_each, MemoryLog(ONE, log_id="another"))
    again = module.rebuild

    def late(*told: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, "rebuild", again)
        assert fold(restored).seq == 5
        return again(*told, **named)

    monkeypatch.setattr(module, "rebuild", late)
    assert not fold(restored).behind
    with services_on_each.rolls.read() as tx:
        assert (tx.one("roll_position") or {})["rebuilds"] == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that are opened now wait a tenth of a second for a lock."""
    monkeypatch.setattr(gate, "PATIENCE", 0.1)
    assert "lock_timeout=1500" in postgresql.OPTIONS
    monkeypatch.setattr(postgresql, "OPTIONS", postgresql.OPTIONS.replace("lock_timeout=1500", "lock_timeout=100"))


@pytest.mark.usefixtures("impatient")
def test_while_another_program_counts_anew_a_watcher_waits_in_silence(
    services_on_each: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    watcher = Watcher(services_on_each, "test", lambda _: None)
    folding, alerting = Folding(services_on_each, told.append), Alerting(services_on_each, told.append)
    with services_on_each.store.write() as tx:
        tx.run("append_event", at="2026-11-24T14:00:00.000000Z", kind="x", signup_id=None, actor="cli", details="{}")
    record.seal_first(services_on_each)
    with services_on_each.rolls.write() as tx:
        cursor = only(tx, "roll_position")
        assert module._move(tx, cursor, cursor["log_id"], 0, "", anew=1), "as a rebuild begins"
        assert folding._fold() is False, "something is left to be folded"
        alerting.look()
        watcher.once()
        assert told == caplog.messages == []
        clock.move(HELD_SECONDS)
        folding._fold()
        assert len(told) == 1, "nobody counts for so long"
    assert folding._fold() is True
