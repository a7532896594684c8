"""`stats`: the Overview's numbers for scripts and for people."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signup.seed import seed
from signup.services import open_services
from signup.settings import Settings
from tests.steps.conftest import CommandLine
from tests.steps.test_cli_record import run_sql

PROMISED = {
    *("from", "to", "started", "sent", "opened", "approved", "declined", "completed", "expired", "failed", "open"),
    *("lockHits", "lockedNumbers", "callsSaved", "rejectedNumbers", "successRate", "lockHitRate", "errorRate"),
    *("approveSeconds", "requestSeconds", "profileSeconds", "errors", "byCountry", "series"),
}
MARKED = {"hitsBeforeDecision", "decisionSeconds", "retrySeconds", "asOfSeq", "funnel", "latency"}
SERIES = {"at", "started", "completed", "declined", "expired", "failed", "lockHits", "open", "partial"}


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
