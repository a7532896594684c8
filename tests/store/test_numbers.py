"""The quick numbers are the slow count's: every figure of every question, on random logs, on both stores."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from signup import clock
from signup.measure import behind, stats
from signup.measure.calendar import INTERVALS
from signup.measure.fold import fold
from signup.measure.numbers import Numbers, numbers
from signup.measure.question import Question, question
from signup.model import Event
from signup.services import Services
from signup.store.texts import queries
from tests.rolls import MemoryLog, emptied, over, without_histograms
from tests.unit.measure_histories import (
    CHANNELS,
    COUNTRIES,
    NOON,
    declined,
    events,
    history,
    hit,
    roaming_logs,
    sent,
    started,
)

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "measure" / "by_hand.json").read_text())
OUTCOMES = ("completed", "declined", "expired", "failed", "open")
ZONES = ("UTC", "Europe/Stockholm", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago")
SUMMER_ENDS = datetime(2026, 10, 25, 1, tzinfo=UTC)

few_of = lambda values: st.lists(st.sampled_from(values), max_size=len(values), unique=True).map(tuple)  # noqa: E731
starts = st.floats(0, 90).map(lambda hours: NOON - timedelta(hours=hours)) | st.sampled_from(
    [NOON - timedelta(days=days) for days in (520, 400, 101, 33, 9)] + [SUMMER_ENDS, SUMMER_ENDS - timedelta(days=200)]
)
lengths = st.floats(0.01, 90).map(lambda hours: timedelta(hours=hours)) | st.sampled_from(
    [timedelta(days=days) for days in (1, 7, 8, 28, 92, 93, 400)] + [timedelta(minutes=15), timedelta(minutes=7)]
)
questions = st.builds(
    lambda start, length, zone, interval, countries, channels, outcomes: Question(
        start=start,
        end=start + length,
        zone=zone,
        interval=interval if interval != "minute" or length <= timedelta(hours=6) else "hour",
        countries=countries,
        channels=channels,
        outcomes=outcomes,
    ),
    *(starts, lengths, st.sampled_from(ZONES), st.sampled_from(INTERVALS)),
    *(few_of([*COUNTRIES, "FR"]), few_of([*CHANNELS, "kiosk"]), st.just(()) | few_of(OUTCOMES)),
)
# Found ones are not made smaller: on a real store that takes minutes.
some = settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
random_logs = given(roaming_logs, st.lists(questions, min_size=3, max_size=3))


def same(found: Any, expected: Any, where: str = "") -> None:
    """Equal in every figure; percentiles within two per cent."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, value in expected.items():
            same(found[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, value in enumerate(expected):
            same(found[place], value, f"{where}[{place}]")
    elif isinstance(expected, float) and where.rpartition(".")[2] in ("p50", "p95", "p99"):
        assert found == pytest.approx(expected, rel=0.0201), where
    else:
        assert found == expected, where


def folded(services: Services, happened: list[Event]) -> None:
    emptied(services)
    fold(over(services, MemoryLog(happened)))


@some
@random_logs
def test_every_figure_is_the_slow_counts(
    services_for_all: Services, happened: list[Event], asked: list[Question]
) -> None:
    compare(services_for_all, happened, asked)


@pytest.mark.long
@settings(some, max_examples=200)
@random_logs
def test_every_figure_of_many_logs_is_the_slow_counts(
    services_for_all: Services, happened: list[Event], asked: list[Question]
) -> None:
    compare(services_for_all, happened, asked)


def compare(services_for_all: Services, happened: list[Event], asked: list[Question]) -> None:
    folded(services_for_all, happened)
    slow, now = history(happened), NOON + timedelta(minutes=3)
    with numbers(services_for_all) as quick:
        assert (set(quick.countries_known), set(quick.channels_known)) == (slow.countries, slow.channels)
        assert quick.is_empty == (not (slow.signups or slow.hits))
        for one in asked:
            (this, before), (expected, earlier) = quick.overview(one, now), stats.overview(slow, one, now)
            same(this, expected)
            same(before, {name: value for name, value in earlier.items() if name not in ("latency", "byCountry")})
            same(quick.countries(one, now), stats.countries(slow, one, now))
            assert quick.retry_histogram(one, now, 300.0) == stats.retry_histogram(slow, one, now, 300.0)
            assert quick.open_ages(one, now) == stats.open_ages(slow, one, now)
            settled = one.settled(now)
            for cause in (("request", "timeout"), ("profile", "token_rejected"), ("profile", "profile_error")):
                assert quick.warned(settled, *cause) == behind.warned(slow, settled, *cause)


@pytest.mark.parametrize("case", VECTOR["questions"], ids=lambda case: " ".join(map(str, case["ask"].values())))
def test_the_example_by_hand_is_read_exactly(services_for_all: Services, case: dict[str, Any]) -> None:
    folded(
        services_for_all,
        [
            Event(seq, row["at"], row["kind"], row["signupId"], "system", row["details"])
            for seq, row in enumerate(VECTOR["events"], start=1)
        ],
    )
    with numbers(services_for_all) as quick:
        answer = quick.stats(question(**case["ask"]), clock.moment(VECTOR["now"]))
    assert {name: answer[name] for name in case["answer"]} == case["answer"]


@pytest.mark.parametrize("month", [3, 4, 9, 10])
def test_days_and_hours_on_both_sides_of_a_change_of_the_clocks_are_exact(services: Services, month: int) -> None:
    begin = datetime(2026, month, 1, tzinfo=UTC)
    late = (NOON - begin).total_seconds()
    rows = [started(quarter * 2_700 + 450 - late, f"s{quarter}") for quarter in range(1000)]
    happened = events([*rows, *((at, "signup.expired", name, {"status": "expired"}) for at, _, name, _ in rows)])
    folded(services, happened)
    slow = history(happened)
    with numbers(services) as quick:
        for zone, interval in product(ZONES, ("hour", "day", "week")):
            asked = Question(start=begin, end=begin + timedelta(days=31), zone=zone, interval=interval)
            same(quick.stats(asked, NOON), stats.stats(slow, asked, NOON), f"{zone} by {interval}: ")


def test_one_look_sees_one_snapshot(services_for_all: Services) -> None:
    folded(services_for_all, events([started(0, "a")]))
    asked = Question(start=NOON, end=NOON + timedelta(hours=1))
    with numbers(services_for_all) as quick:
        assert quick.seq == 1
        fold(over(services_for_all, MemoryLog(events([started(0, "a"), started(1, "b")]))))
        assert quick.stats(asked, NOON)["started"] == 1
    with numbers(services_for_all) as quick:
        assert quick.stats(asked, NOON)["started"] == 2


def test_histograms_that_an_update_emptied_are_not_asked_until_counted_anew(
    services_for_all: Services,
) -> None:
    rows = [
        row
        for at in range(-480 * 3600, 0, 2 * 3600)
        for row in (started(at, f"s{at}"), sent(at, f"s{at}"), hit(at + 1, f"s{at}", 1000), declined(at + 5, f"s{at}"))
    ]
    happened = events(rows)
    folded(services_for_all, happened)
    without_histograms(services_for_all)
    log, slow = over(services_for_all, MemoryLog(happened)), history(happened)
    assert fold(log, anew=False).stale
    for hours in range(0, 24, 5):
        asked = Question(start=NOON - timedelta(days=15, hours=hours), end=NOON, interval="day")
        with numbers(services_for_all) as quick:
            assert quick.without_histograms
            assert quick.stats(asked, NOON) == stats.stats(slow, asked, NOON)
            assert quick.retry_histogram(asked, NOON, 300.0) == stats.retry_histogram(slow, asked, NOON, 300.0)
    fold(log)
    with numbers(services_for_all) as quick:
        assert not quick.without_histograms
        same(quick.stats(asked, NOON), stats.stats(slow, asked, NOON))


def test_a_whole_overview_takes_about_as_many_statements_whatever_its_range(services: Services) -> None:
    folded(services, events([started(0, "a")]))
    for days in (1, 28, 365):
        asked = Question(start=NOON - timedelta(days=days), end=NOON + timedelta(hours=1), interval="day")
        with numbers(services) as quick:
            counting = Counting(quick._tx)
            Numbers(counting).overview(asked, NOON)
        assert counting.statements <= 40


class Counting:
    """A transaction that counts what it is asked."""

    def __init__(self, tx: Any) -> None:
        self._tx, self.statements = tx, 0

    def __getattr__(self, name: str) -> Any:
        self.statements += 1
        return getattr(self._tx, name)


READ = [
    name
    for name, text in queries("sqlite", "rolls").items()
    if text.lstrip().startswith(("SELECT", "WITH", "UPDATE")) and not name.startswith(("roll_position", "clear_"))
]


LISTS = dict.fromkeys(("pieces", "stretches", "rows", "ids"), '[["0", "900", "0", "1"]]')
ASKED = {
    **LISTS,
    "channels": '["*"]',
    "countries": '["*"]',
    "metrics": '["request"]',
    "outcomes": "",
    "channel": "web",
    "start": 1,
    "end": 2,
    "after": 0,
    "kept": 5,
    "size": 5,
    "kind": "hit",
    "seq": 1,
    **dict.fromkeys(("leaf", "log_id", "from_leaf", "from_log"), ""),
    "from_seq": 1,
    "rebuilds": 1,
    "from_rebuilds": 1,
}


@pytest.mark.parametrize("name", READ)
def test_no_question_reads_all_rows_or_all_marks(services_for_all: Services, name: str) -> None:
    """PostgreSQL would read a small table as a whole, so it is told not to where there is another way."""
    dialect = services_for_all.rolls.dialect
    text = queries(dialect, "rolls")[name]
    with services_for_all.rolls.read() as tx:
        connection = tx._connection  # type: ignore[attr-defined]
        if dialect == "sqlite":
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", ASKED).fetchall()]
        else:
            connection.execute("SET LOCAL enable_seqscan = off")
            plan = [row["QUERY PLAN"] for row in connection.execute(f"EXPLAIN {text}", ASKED).fetchall()]
    assert [step for step in plan if "SCAN roll_" in step or "Seq Scan on roll_" in step] == []
    assert any("roll_" in step for step in plan)


def test_an_outcome_filter_of_all_outcomes_is_none(services: Services) -> None:
    folded(services, events([started(0, "a")]))
    asked = Question(start=NOON, end=NOON + timedelta(hours=1))
    with numbers(services) as quick:
        assert quick.stats(replace(asked, outcomes=OUTCOMES), NOON) == quick.stats(asked, NOON)
