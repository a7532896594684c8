"""`stats`: the Overview's numbers for scripts and for people."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from signup.clock import HandClock
from signup.measure.check import check
from signup.measure.feed import catch_up
from signup.measure.fold import fold
from signup.measure.history import History
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.seed import seed
from signup.services import Services, open_services
from signup.settings import Settings
from signup.store.driver import sqlite
from tests.pages.fixtures import lives
from tests.steps.conftest import CommandLine
from tests.steps.test_cli_record import run_sql

PROMISED = {
    *("from", "to", "started", "sent", "opened", "approved", "declined", "completed", "expired", "failed", "open"),
    *("lockHits", "lockedNumbers", "callsSaved", "rejectedNumbers", "successRate", "lockHitRate", "errorRate"),
    *("approveSeconds", "requestSeconds", "profileSeconds", "errors", "byCountry", "series"),
}
MARKED = {"hitsBeforeDecision", "decisionSeconds", "retrySeconds", "asOfSeq", "funnel", "latency"}
SERIES = {"at", "started", "completed", "declined", "expired", "failed", "lockHits", "open", "partial"}
COUNTED = ("started", "completed", "declined", "expired", "failed", "lockHits", "errors", "byCountry", "funnel")


@pytest.fixture
def lived(command: CommandLine, settings: Callable[..., Settings]) -> CommandLine:
    """A database with three days of made-up past."""
    with open_services(settings(), migrate=True) as services:
        seed(services, signups=60, days=3, chance=1)
    return command


def test_a_script_gets_every_promised_field(lived: CommandLine) -> None:
    numbers = lived("stats", "--json").json
    assert set(numbers) == PROMISED | MARKED
    assert set(numbers["series"][0]) == SERIES
    assert set(numbers["approveSeconds"]) == {"p50", "p95", "p99", "n"}
    assert set(numbers["byCountry"][0]) == {"country", "started", "completed", "successRate", "decisionSeconds"}
    assert all(set(row) == {"step", "code", "count", "cure", "inErrorRate"} for row in numbers["errors"])


def test_the_series_sums_to_the_totals(lived: CommandLine) -> None:
    numbers = lived("stats", "--json", "--interval", "hour", "--tz", "Asia/Kolkata").json
    assert numbers["started"] == 60
    for name in ("started", "completed", "declined", "expired", "failed", "lockHits"):
        assert sum(bucket[name] for bucket in numbers["series"]) == numbers[name]


def test_several_values_of_a_filter_mean_any_of_them(lived: CommandLine) -> None:
    def started(*words: str) -> int:
        return int(lived("stats", "--json", *words).json["started"])

    both = started("--country", "IN,SE")
    assert both == started("--country", "IN", "--country", "SE")
    assert both == started("--country", "IN") + started("--country", "SE")
    assert 0 < both < 60


def test_a_range_is_as_told(lived: CommandLine) -> None:
    numbers = lived("stats", "--from", "2020-01-01", "--to", "2020-01-03", "--json").json
    assert (numbers["from"], numbers["to"]) == ("2020-01-01T00:00:00.000000Z", "2020-01-03T00:00:00.000000Z")
    assert numbers["started"] == 0


def test_a_range_of_the_page_goes_by_its_name(lived: CommandLine) -> None:
    numbers = lived("stats", "--range", "7d", "--tz", "Asia/Kolkata", "--json").json
    assert numbers["from"][11:19] == "18:30:00", "the midnight of Kolkata"
    assert lived("stats", "--range", "7d", "--check").code == 0
    told = lived("stats", "--range", "7d", "--to", "2026-11-24")
    assert (told.code, told.out) == (2, "")
    assert told.err == "--range stands in the place of --from and --to: leave it out, or both of them.\n"


def test_an_empty_log_gives_zeros_and_nulls(command: CommandLine) -> None:
    numbers = command("stats", "--json").json
    assert (numbers["started"], numbers["successRate"], numbers["approveSeconds"]["p50"]) == (0, None, None)


def test_people_get_a_table_without_nulls(lived: CommandLine) -> None:
    told = lived("stats")
    assert told.code == 0
    assert "Success rate" in told.out
    assert "None" not in told.out
    assert "nan" not in told.out


def test_an_event_that_no_step_ever_wrote_stops_the_count_with_a_sentence(log: CommandLine, tmp_path: Path) -> None:
    log("start", "+46701740610")
    log("events")
    run_sql(tmp_path, "UPDATE events SET details = '{}' WHERE kind = 'signup.started'")
    told = log("stats")
    assert (told.code, told.out) == (1, "")
    assert "changed from outside" in told.err


def spoil(folder: Path, statement: str) -> None:
    with closing(sqlite.connect(str(folder / "data" / "signup.metrics.db"), isolation_level=None)) as rolls:
        rolls.execute(statement)


def test_a_range_before_all_that_a_pruned_log_knows_is_refused_and_not_told_as_zeros(
    lived: CommandLine, settings: Callable[..., Settings]
) -> None:
    old = ("stats", "--from", "2020-01-01", "--to", "2020-01-03")
    assert lived(*old, "--json").json["started"] == 0
    with open_services(settings()) as services:
        keep_from(services, fold(services).seq)
    told = lived(*old)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("Old events have left the log, and nothing is known from before")
    assert lived("stats", "--json").json["started"] == 60


def test_a_check_of_sound_roll_ups_finds_every_figure_right(lived: CommandLine) -> None:
    told = lived("stats", "--check", "--json")
    assert (told.code, told.json["differences"]) == (0, [])
    assert told.json["questions"] > 5
    assert "Every figure is what the log says." in lived("stats", "--check").out


def test_a_check_names_each_figure_that_is_wrong_and_a_rebuild_puts_it_right(
    lived: CommandLine, tmp_path: Path
) -> None:
    right = lived("stats", "--json", "--tz", "UTC").json
    spoil(tmp_path, "UPDATE roll_cells SET completed = completed + 1 WHERE country = '*' AND span = 86400")
    told = lived("stats", "--check", "--json")
    assert told.code == 1
    wrong = {row["figure"] for row in told.json["differences"] if row["question"] == "by day in UTC"}
    assert {"started", "completed", "successRate"} <= wrong
    assert "failed" not in wrong
    shown = lived("stats", "--check")
    assert shown.code == 1
    assert "started (by day in UTC): " in shown.out
    assert "python -m signup stats --rebuild" in shown.out
    rebuilt = lived("stats", "--rebuild", "--json").json
    assert {name: rebuilt[name] for name in COUNTED} == {name: right[name] for name in COUNTED}
    assert lived("stats", "--check").code == 0


def test_a_check_of_one_question_asks_it_and_by_day(lived: CommandLine) -> None:
    assert lived("stats", "--check", "--json", "--country", "SE").json["questions"] == 3


def test_a_check_begins_after_what_only_the_roll_ups_still_know(services_on_each: Services, clock: HandClock) -> None:
    early = lives.month(clock.now() - timedelta(days=20), days=1, a_day=30)
    lives.write(services_on_each, [*early, *lives.month(clock.now(), days=2, a_day=30, seed=2)])
    fold(services_on_each)
    keep_from(services_on_each, len(early))
    for question in (Question(), Question(preset="28d")):
        found = check(services_on_each, question, clock.now())
        assert (found.differences, found.redacted) == ([], False)
    with numbers(services_on_each) as read:
        asked = Question(start=clock.now() - timedelta(days=40))
        assert read.stats(asked, clock.now())["started"] > in_the_log(services_on_each)


def keep_from(services: Services, seq: int) -> None:
    """Prune, as if a checkpoint stood there."""
    with services.store.write() as tx:
        tx.run("set_pruned", seq=seq)
        tx.run("drop_pruned_events", seq=seq)


def in_the_log(services: Services) -> int:
    history = History()
    catch_up(services, history)
    return len(history.signups)
