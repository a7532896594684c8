"""One reading of a question for page and command line, and what makes no sense."""

from datetime import UTC, datetime
from typing import Any

import pytest

from signup.errors import UsageWrong
from signup.measure.question import Question, question

NOW = datetime(2026, 11, 24, 15, 32, 10, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T14:00:00.000000Z", "2026-11-24T14:00Z"),
        ("2026-11-24", "2026-11-23T23:00Z"),
        ("2026-11-24T15:30", "2026-11-24T14:30Z"),
        ("2026-11-24 15:30:10.5", "2026-11-24T14:30:10.5Z"),
        ("2026-11-24T15:30+05:30", "2026-11-24T10:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("2026-03-29T02:30", "2026-03-29T01:00Z"),
    ],
)
def test_a_time_without_an_offset_is_read_on_the_clock_of_the_zone(text: str, moment: str) -> None:
    assert question(from_=text, tz="Europe/Stockholm").start == at(moment)


def test_a_date_whose_midnight_is_skipped_begins_at_one() -> None:
    assert question(from_="2026-09-06", tz="America/Santiago").start == at("2026-09-06T01:00-03:00")


def test_without_any_range_the_last_28_days_to_the_end_of_the_minute_are_asked_for() -> None:
    settled = question().settled(NOW)
    assert (settled.start, settled.end) == (at("2026-10-27T15:33Z"), at("2026-11-24T15:33Z"))
    assert settled.interval == "day"


def test_an_end_alone_is_preceded_by_28_days() -> None:
    settled = question(to="2026-11-01").settled(NOW)
    assert (settled.start, settled.end) == (at("2026-10-04T00:00Z"), at("2026-11-01T00:00Z"))


def test_a_start_alone_reaches_to_the_end_of_the_minute() -> None:
    settled = question(from_="2026-11-24T15:00").settled(NOW)
    assert (settled.start, settled.end) == (at("2026-11-24T15:00Z"), at("2026-11-24T15:33Z"))
    assert settled.interval == "minute"


def test_filters_are_values_joined_by_commas_or_listed_in_any_order() -> None:
    joined = question(country="se,in", channel="web, api", outcome="open,failed")
    listed = question(country=["IN", "SE"], channel=["api", "web"], outcome=["failed", "open", "failed"])
    assert joined == listed
    assert joined.countries == ("IN", "SE")


def test_all_outcomes_chosen_is_no_filter() -> None:
    assert not question(outcome="completed,declined,expired,failed,open").settled(NOW).outcomes


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({"tz": "Mars"}, "time zone"),
        ({"from_": "yesterday"}, "`from` is not a time"),
        ({"from_": ""}, "`from` is not a time"),
        ({"to": "2026-13-01"}, "`to` is not a time"),
        ({"from_": "0001-01-01"}, "1970 to 2199"),
        ({"to": "9999-12-31T23:59:59-12:00"}, "1970 to 2199"),
        ({"interval": "quarter"}, "minute, hour, day, week, month"),
        ({"preset": "2d"}, "1h, 24h, 7d, 28d"),
        ({"country": "SWE"}, "two letters"),
        ({"channel": "Web"}, "lower-case"),
        ({"channel": "x" * 17}, "lower-case"),
        ({"outcome": "waiting"}, "completed, declined, expired, failed, open"),
    ],
)
def test_nonsense_is_a_usage_error_that_says_what_fits(texts: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageWrong, match=told):
        question(**texts)


@pytest.mark.parametrize(
    "texts",
    [{"from_": "2026-11-24", "to": "2026-11-24"}, {"from_": "2026-11-25"}, {"from_": "2026-11-02", "to": "2026-11-01"}],
)
def test_a_range_that_ends_before_it_begins_is_a_usage_error(texts: dict[str, str]) -> None:
    with pytest.raises(UsageWrong, match="ends before it begins"):
        question(**texts).settled(NOW)


def test_a_preset_wins_over_both_ends() -> None:
    assert question(preset="1h", from_="2026-01-01").settled(NOW).start == at("2026-11-24T14:33Z")


def test_the_previous_period_keeps_filters_zone_and_interval() -> None:
    settled = question(preset="7d", tz="Europe/Stockholm", country="SE", interval="hour").settled(NOW)
    before = settled.before()
    assert (before.start, before.end) == (at("2026-11-11T00:00+01:00"), at("2026-11-17T16:33+01:00"))
    assert (before.countries, before.zone, before.interval) == (settled.countries, settled.zone, "hour")


def test_a_year_before_is_52_weeks_so_that_weekdays_meet() -> None:
    settled = question(preset="7d", tz="Europe/Stockholm", interval="hour", against="year").settled(NOW)
    before = settled.before()
    assert (before.start, before.end) == (at("2025-11-19T00:00+01:00"), at("2025-11-25T16:33+01:00"))
    assert (before.start.weekday(), before.interval) == (settled.start.weekday(), "hour")


def test_a_year_before_keeps_the_time_of_the_clock_over_summer_time() -> None:
    settled = question(from_="2026-03-28", to="2026-03-30", tz="Europe/Stockholm", against="year").settled(NOW)
    before = settled.before()
    assert (before.start, before.end) == (at("2025-03-29T00:00+01:00"), at("2025-03-31T00:00+02:00"))


def test_a_settled_question_can_be_a_cache_key_for_the_rest_of_the_minute() -> None:
    later = NOW.replace(second=59)
    assert {Question().settled(NOW): 1}[Question().settled(later)] == 1
