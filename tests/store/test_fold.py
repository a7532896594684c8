"""The fold: whatever way the log is cut, whoever folds it and whatever happens meanwhile, the roll-ups are the same."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signup.errors import RecordAltered, StoreUnavailable
from signup.measure.fold import Folded, fold, rebuild
from signup.model import Event
from signup.record.seal import Sealer
from signup.services import Services, open_services
from signup.settings import Settings
from tests.fakes import ScriptedTruecaller
from tests.pages.fixtures import lives as made_up
from tests.rolls import MemoryLog, emptied, over, tables, without_histograms
from tests.unit.measure_histories import approved, declined, events, fetched, hit, roaming_logs, sent, started

same_store = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
WAITING = [started(0, "a"), hit(10, "a", 10_000), sent(11, "a")]


def whole(services: Services, happened: list[Event]) -> dict[str, list[Any]]:
    """The tables of a log that was folded at once."""
    emptied(services)
    fold(over(services, MemoryLog(happened)))
    return tables(services)


@same_store
@given(roaming_logs, st.data())
def test_a_log_cut_anyhow_folds_to_the_same_tables(
    counting: Services, happened: list[Event], data: st.DataObject
) -> None:
    expected = whole(counting, happened)
    emptied(counting)
    for seen in [*sorted(data.draw(st.sets(st.integers(0, len(happened)), max_size=4))), len(happened)]:
        portion = data.draw(st.integers(1, 20))
        assert not fold(over(counting, MemoryLog(happened[:seen])), portion).behind
    assert tables(counting) == expected


@same_store
@given(roaming_logs)
def test_a_rebuild_gives_the_same_tables(counting: Services, happened: list[Event]) -> None:
    expected = whole(counting, happened)
    rebuild(over(counting, MemoryLog(happened)))
    assert tables(counting) == expected


def test_an_open_sign_up_counts_in_no_cell_and_a_decline_that_is_approved_later_leaves_its_cell(
    counting: Services,
) -> None:
    rows = [started(0, "a"), sent(1, "a")]
    waiting = whole(counting, events(rows))
    assert waiting["roll_cells"] == waiting["roll_hist"] == []
    rows += [declined(5, "a"), approved(9, "a"), fetched(10, "a")]
    fold(over(counting, MemoryLog(events(rows[:3]))))
    assert [cell[4:6] for cell in tables(counting)["roll_cells"]] == [(0, 1)] * 16
    fold(over(counting, MemoryLog(events(rows))))
    found = tables(counting)
    assert [cell[4:6] for cell in found["roll_cells"]] == [(1, 0)] * 16
    assert {row[1] for row in found["roll_hist"]} == {"request", "approve", "profile"}


def test_a_hit_that_comes_late_is_put_before_its_successor(counting: Services) -> None:
    rows = [hit(100, "a", 1, channel="web"), hit(300, "a", 1, channel="api"), hit(400, "a", 1, channel="web")]
    late = [hit(50, "a", 1, channel="api"), hit(200, "a", 1, channel="web")]
    expected = whole(counting, events([*rows, *late]))
    emptied(counting)
    fold(over(counting, MemoryLog(events([*rows, *late]))), 1)
    assert tables(counting) == expected
    start = min(mark[2] for mark in expected["roll_marks"])
    links = [(seconds(mark[2], start), seconds(mark[6], start), seconds(mark[7], start)) for mark in by_time(expected)]
    assert links == [(0, None, None), (50, 0, None), (150, 50, 50), (250, 150, 0), (350, 250, 150)]


def seconds(at: int | None, start: int) -> int | None:
    return None if at is None else (at - start) // 1_000_000


def by_time(found: dict[str, list[Any]]) -> list[Any]:
    return sorted(found["roll_marks"], key=lambda mark: mark[2])


def test_folders_at_once_count_every_event_once(services_on_each: Services) -> None:
    told = made_up.month(services_on_each.clock.now(), days=2, a_day=40)
    made_up.write(services_on_each, told)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            while fold(services_on_each, 20).behind:
                pass
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    found = tables(services_on_each)
    rebuild(services_on_each)
    assert tables(services_on_each) == found


def test_folding_stops_when_told_and_goes_on_from_there(counting: Services) -> None:
    log = MemoryLog(events([started(number, f"s{number}") for number in range(10)]))
    assert fold(over(counting, log), 3, lambda: False) == Folded(3, 10)
    assert fold(over(counting, log), 3) == Folded(10, 10)


def test_a_fold_that_was_overtaken_writes_nothing(counting: Services) -> None:
    happened = events([*WAITING, started(20, "b")])
    log = MemoryLog(happened)
    overtaking = over(counting, MemoryLog(happened))

    class Overtaken(MemoryLog):
        """Another folder is through while this one has read and not written yet."""

        def tuples(self, query: str, /, after: int, size: int) -> list[tuple[Any, ...]]:
            found = super().tuples(query, after=after, size=size)
            fold(overtaking)
            return found

    expected = whole(counting, happened)
    emptied(counting)
    fold(over(counting, Overtaken(happened)), 2)
    assert tables(counting) == expected
    assert not fold(over(counting, log)).behind


def test_an_event_that_no_step_ever_wrote_stops_the_fold_before_it(counting: Services) -> None:
    happened = events(WAITING)
    altered = [*happened[:2], replace(happened[2], details={"status": "waiting"})]
    log = over(counting, MemoryLog(altered))
    fold(over(counting, MemoryLog(altered[:2])))
    before = tables(counting)
    with pytest.raises(RecordAltered, match="Event 3 "):
        fold(log)
    assert tables(counting) == before


def test_a_redacted_event_is_passed_over(counting: Services) -> None:
    happened = events([started(0, "a"), sent(1, "a")])
    found = whole(counting, [happened[0], replace(happened[1], details=None)])
    assert [row[5] for row in found["roll_signups"]] == ["requested"]


@pytest.mark.parametrize("other", [{"log_id": "another"}, {"branch": " on another branch"}])
def test_another_log_under_the_cursor_is_folded_anew(counting: Services, other: dict[str, str]) -> None:
    fold(over(counting, MemoryLog(events([*WAITING, started(20, "gone")]))))
    restored = MemoryLog(events([*WAITING, started(30, "b")]), **other)
    assert fold(over(counting, restored), anew=False).stale
    assert not fold(over(counting, restored)).behind
    found = tables(counting)
    assert [row[1] for row in found["roll_signups"]] == ["a", "b"]
    assert found == whole(counting, events([*WAITING, started(30, "b")]))


def test_a_log_that_ends_before_the_cursor_is_folded_anew(counting: Services) -> None:
    fold(over(counting, MemoryLog(events(WAITING))))
    fold(over(counting, MemoryLog(events(WAITING[:2]))))
    assert tables(counting) == whole(counting, events(WAITING[:2]))


def test_what_was_pruned_stays_when_everything_else_is_folded_anew(counting: Services) -> None:
    rows = [
        *(started(0, "a"), hit(10, "a", 10_000), sent(11, "a"), declined(20, "a")),
        *(started(4_000_000, "b"), hit(4_000_010, "b", 10_000), sent(4_000_011, "b"), declined(4_000_020, "b")),
    ]
    expected = whole(counting, events(rows))
    pruned = MemoryLog(events(rows))
    pruned.pruned_to = 4
    rebuild(over(counting, pruned))
    assert tables(counting) == expected
    emptied(counting)
    fold(over(counting, pruned))
    assert [row[1] for row in tables(counting)["roll_signups"]] == ["b"]


@pytest.mark.parametrize("pruned_to", [3, 6], ids=["before the cursor", "up to the cursor"])
def test_histograms_that_an_update_emptied_are_counted_anew_with_what_was_pruned(
    counting: Services, pruned_to: int
) -> None:
    rows = [row for at in (0, 4_000_000) for row in (started(at, f"s{at}"), sent(at, f"s{at}"), declined(at, f"s{at}"))]
    whole(counting, events(rows))
    without_histograms(counting)
    rows += [started(4_000_010, "b"), sent(4_000_011, "b"), declined(4_000_020, "b")]
    pruned = MemoryLog(events(rows))
    pruned.pruned_to = pruned_to
    fold(over(counting, pruned))
    found = tables(counting)
    rows.append(approved(4_000_030, "s4000000"))
    later = MemoryLog(events(rows))
    later.pruned_to = pruned_to
    fold(over(counting, later))
    after = tables(counting)
    assert found == whole(counting, events(rows[:-1]))
    assert after == whole(counting, events(rows))


# SQLite's own file.


@pytest.fixture
def beside(services: Services, tmp_path: Path) -> Path:
    """The roll-ups' file of a database with a day in it, folded."""
    made_up.write(services, made_up.month(services.clock.now(), days=1, a_day=20))
    fold(services)
    return tmp_path / "data" / "signup.metrics.db"


def test_the_roll_ups_have_a_file_of_their_own_made_when_first_asked_for(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "data" / "signup.metrics.db"
    assert not path.exists()
    fold(services)
    assert path.exists()


def test_a_file_that_was_deleted_under_an_open_program_is_made_anew(services: Services, beside: Path) -> None:
    expected = tables(services)
    for path in beside.parent.glob(f"{beside.name}*"):
        path.unlink()
    fold(services)
    assert beside.exists()
    assert tables(services) == expected


@pytest.mark.parametrize("damage", [b"no database at all " * 600, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_a_damaged_file_is_made_anew_by_whoever_opens_it(
    services: Services,
    beside: Path,
    damage: bytes,
    settings: Callable[..., Settings],
    truecaller: ScriptedTruecaller,
) -> None:
    expected = tables(services)
    services.rolls.close()
    beside.write_bytes(damage)
    with open_services(settings(), clock=services.clock, truecaller=truecaller) as opened:
        fold(opened)
        assert tables(opened) == expected


def test_a_file_damaged_under_an_open_program_is_told_once_and_made_anew(services: Services, beside: Path) -> None:
    expected = tables(services)
    services.rolls.close()
    assert services.rolls.behind() == []
    with beside.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (beside.stat().st_size - 4096))
    with pytest.raises(StoreUnavailable, match="made anew"):
        tables(services)
    fold(services)
    assert tables(services) == expected


def test_a_file_of_a_newer_program_is_made_anew(services: Services, beside: Path) -> None:
    expected = tables(services)
    with services.rolls.write() as tx:
        tx.run("add_schema_version", version=9999, name="later", at="2026-01-01")
    services.rolls.close()
    fold(services)
    assert tables(services) == expected


def test_a_restored_database_is_folded_anew_though_its_numbers_are_used_again(
    services: Services, beside: Path, settings: Callable[..., Settings], truecaller: ScriptedTruecaller
) -> None:
    """Both branches of the log have an event of the cursor's number; only its leaf tells them apart."""
    Sealer(services).seal()
    with services.rolls.write() as tx:
        tx._connection.execute("UPDATE roll_cursor SET leaf = 'of the other branch'")  # type: ignore[attr-defined]
        tx._connection.execute("DELETE FROM roll_signups")  # type: ignore[attr-defined]
    expected = whole_again(services)
    assert len(expected["roll_signups"]) > 0
    assert tables(services) == expected


def whole_again(services: Services) -> dict[str, list[Any]]:
    fold(services)
    found = tables(services)
    rebuild(services)
    assert tables(services) == found
    return found
