"""What the Overview asks beside the totals: percentiles over time, the period before, retries, open sign-ups by age."""

from datetime import timedelta
from typing import Any

import pytest

from signup.measure.question import Question
from signup.measure.stats import countries, open_ages, overview, retry_histogram, stats
from signup.measure.tally import percentiles
from tests.unit.measure_histories import NOON, Row, declined, events, failed, history, hit, sent, started

HOUR = Question(start=NOON - timedelta(minutes=30), end=NOON + timedelta(minutes=30), interval="hour")
NOW = NOON + timedelta(minutes=30)


def latency(*rows: Row, asked: Question = HOUR) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stats(history(events(rows)), asked, NOW)["latency"]
    return found


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (range(1, 101), (50, 95, 99)),
        (range(1, 11), (5, 10, 10)),
        ([1000, 2000], (1000, 2000, 2000)),
        ([7], (7, 7, 7)),
        ([3, None, 1, 2], (2, 3, 3)),
        (range(1, 21), (10, 19, 20)),
    ],
)
def test_a_percentile_is_the_nearest_rank(numbers: Any, expected: tuple[int, ...]) -> None:
    found = percentiles(numbers)
    assert (found["p50"], found["p95"], found["p99"]) == tuple(ms / 1000 for ms in expected)


@pytest.mark.parametrize(
    ("days", "ats"),
    [
        (7, ["2026-11-16T23:00:00.000000Z", "2026-11-17T23:00:00.000000Z"]),
        (8, ["2026-11-16T00:00:00.000000Z", "2026-11-17T00:00:00.000000Z"]),
        (92, ["2026-08-24T00:00:00.000000Z", "2026-08-25T00:00:00.000000Z"]),
        (93, ["2026-08-01T00:00:00.000000Z", "2026-09-01T00:00:00.000000Z"]),
    ],
)
def test_latency_follows_the_series_up_to_a_week_then_utc_days_then_utc_months(days: int, ats: list[str]) -> None:
    asked = Question(start=NOON - timedelta(days=days), end=NOON, zone="Europe/Stockholm", interval="day")
    assert [row["at"] for row in latency(asked=asked)][:2] == ats


def test_latency_tells_each_bucket_for_itself() -> None:
    rows = (started(-900, "a"), sent(-899, "a", 100), started(900, "b"), sent(901, "b", 300))
    assert [row["requestSeconds"]["p50"] for row in latency(*rows)] == [0.1, 0.3]


def test_an_overview_is_the_period_and_the_one_before_cut_into_the_same_buckets() -> None:
    happened = history(events([started(-2000, "a"), started(-1900, "b"), started(0, "c")]))
    now, before = overview(happened, HOUR, NOW)
    assert (now["started"], before["started"]) == (1, 2)
    assert (before["from"], before["to"]) == ("2026-11-24T10:30:00.000000Z", now["from"])
    assert len(before["series"]) == 2


def test_countries_tell_the_counts_behind_their_rates() -> None:
    happened = history(events([started(0, "a"), failed(1, "a", "request", "bad_app_key"), started(1, "b")]))
    (row,) = countries(happened, HOUR, NOW)
    assert (row["started"], row["failed"], row["open"], row["errorRate"]) == (2, 1, 1, 1 / 2)


def test_the_histogram_of_retries_holds_first_hits_in_twenty_bars_of_the_lock() -> None:
    happened = history(
        events([
            started(0, "a"), hit(14, "a", 14_999), hit(16, "a", 16_000),
            started(1, "b"), hit(16, "b", 15_000),
            started(2, "c"), hit(310, "c", 308_000),
        ])
    )  # fmt: skip
    bars = retry_histogram(happened, HOUR, NOW)
    assert [bar["count"] for bar in bars] == [1, 1] + [0] * 17 + [1]
    assert (bars[0]["from"], bars[0]["to"], bars[-1]["to"]) == (0, 15, 300)
    assert [bar["count"] for bar in retry_histogram(happened, HOUR, NOW, lock_seconds=3000)][:3] == [2, 0, 1]


def test_open_sign_ups_are_told_by_their_age_in_minutes() -> None:
    happened = history(
        events([
            started(1795, "a"), started(1700, "b"), sent(1701, "b"), started(-1700, "c"),
            started(1790, "d"), sent(1791, "d"), declined(1793, "d"),
        ])
    )  # fmt: skip
    assert open_ages(happened, HOUR, NOW) == [1, 1] + [0] * 8 + [1]
