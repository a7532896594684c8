"""Buckets by the viewer's wall clock, presets and previous periods, on both sides of every summer time."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.errors import UsageWrong
from signup.measure import calendar

VECTORS = Path(__file__).parents[1] / "vectors" / "measure"
ZONES = (
    "UTC",
    "Europe/Stockholm",
    "America/Santiago",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


STOCKHOLM = calendar.zone_named("Europe/Stockholm")


@pytest.mark.parametrize("case", json.loads((VECTORS / "buckets.json").read_text()), ids=lambda case: case["why"])
def test_buckets_begin_where_the_wall_clock_says(case: dict[str, Any]) -> None:
    zone = calendar.zone_named(case["zone"])
    found = calendar.buckets(at(case["from"]), at(case["to"]), case["interval"], zone)
    edges = [at(text) for text in case["edges"]]
    assert [bucket.start for bucket in found] == edges[:-1]
    assert [bucket.end for bucket in found] == edges[1:]


moments = st.timedeltas(timedelta(0), timedelta(days=1000)).map(lambda since: at("2025-01-01T00:00Z") + since)


@given(
    start=moments,
    hours=st.floats(0.01, 24 * 50),
    interval=st.sampled_from(calendar.INTERVALS[1:]),
    zone=st.sampled_from(ZONES),
)
def test_buckets_lie_end_to_end_and_cover_the_range(start: datetime, hours: float, interval: str, zone: str) -> None:
    end = start + timedelta(hours=hours)
    found = calendar.buckets(start, end, interval, calendar.zone_named(zone))
    assert found[0].start <= start < found[0].end
    assert found[-1].start < end <= found[-1].end
    assert all(one.end == following.start for one, following in pairwise(found))


@given(start=moments, zone=st.sampled_from(ZONES))
def test_an_hour_is_one_date_hour_and_offset(start: datetime, zone: str) -> None:
    local = calendar.zone_named(zone)

    def shown(moment: datetime) -> tuple[Any, ...]:
        wall = moment.astimezone(local)
        return wall.date(), wall.hour, wall.utcoffset()

    found = calendar.buckets(start, start + timedelta(days=2), "hour", local)
    for bucket, following in pairwise(found):
        assert shown(bucket.start) == shown(bucket.end - timedelta(microseconds=1)) != shown(following.start)


@given(start=moments, zone=st.sampled_from(ZONES))
def test_a_day_is_one_local_date(start: datetime, zone: str) -> None:
    local = calendar.zone_named(zone)
    found = calendar.buckets(start, start + timedelta(days=10), "day", local)
    dates = [bucket.start.astimezone(local).date() for bucket in found]
    assert dates == [dates[0] + timedelta(days=day) for day in range(len(dates))]
    assert dates == [(bucket.end - timedelta(microseconds=1)).astimezone(local).date() for bucket in found]


def test_a_bucket_is_partial_where_the_range_or_the_present_cuts_it() -> None:
    start, end = at("2026-11-22T06:00Z"), at("2026-11-26T06:00Z")
    found = calendar.buckets(start, end, "day", calendar.zone_named("UTC"))
    now = at("2026-11-24T15:32Z")
    assert [bucket.partial(start, end, now) for bucket in found] == [True, False, True, True, True]


def test_a_bucket_that_ends_with_the_range_is_whole() -> None:
    start, end = at("2026-11-22T00:00Z"), at("2026-11-23T00:00Z")
    (day,) = calendar.buckets(start, end, "day", calendar.zone_named("UTC"))
    assert not day.partial(start, end, end)
    assert day.partial(start, end, end - timedelta(microseconds=1))


def test_more_than_ten_thousand_buckets_are_refused() -> None:
    start = at("2026-01-01T00:00Z")
    with pytest.raises(UsageWrong, match="10,000 buckets"):
        calendar.buckets(start, start + timedelta(minutes=10_001), "minute", STOCKHOLM)


@pytest.mark.parametrize(
    ("length", "interval"),
    [
        (timedelta(minutes=1), "minute"),
        (timedelta(hours=3), "minute"),
        (timedelta(hours=3, seconds=1), "hour"),
        (timedelta(days=3), "hour"),
        (timedelta(days=3, seconds=1), "day"),
        (timedelta(days=92), "day"),
        (timedelta(days=92, seconds=1), "week"),
        (timedelta(days=400), "week"),
        (timedelta(days=400, seconds=1), "month"),
    ],
)
def test_the_default_interval_follows_the_length(length: timedelta, interval: str) -> None:
    start = at("2026-01-01T00:00Z")
    assert calendar.default_interval(start, start + length) == interval


@pytest.mark.parametrize(
    ("length", "intervals"),
    [
        (timedelta(hours=1), ["minute", "hour"]),
        (timedelta(hours=4), ["hour"]),
        (timedelta(days=7), ["hour", "day", "week"]),
        (timedelta(days=28), ["day", "week", "month"]),
        (timedelta(seconds=30), ["minute"]),
        (timedelta(days=36_500), ["month"]),
    ],
)
def test_only_intervals_that_a_chart_can_show_are_offered(length: timedelta, intervals: list[str]) -> None:
    start = at("2026-01-01T00:00Z")
    assert calendar.drawable_intervals(start, start + length) == intervals


@pytest.mark.parametrize("name", ["", ".", "Nowhere", "America", "../UTC", "/etc/passwd", "UTC\0", "å", "x" * 300])
def test_an_unknown_zone_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageWrong, match="time zone"):
        calendar.zone_named(name)


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        ("Europe/Stockholm", "2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("Europe/Stockholm", "2026-03-29T02:30", "2026-03-29T01:00Z"),
        ("Europe/Stockholm", "2026-03-29T02:30:00.5", "2026-03-29T01:00Z"),
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00Z"),
        ("Asia/Kathmandu", "2026-11-24T00:00", "2026-11-23T18:15Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30Z"),
    ],
)
def test_a_wall_time_shown_twice_is_the_first_and_a_skipped_one_the_jump(zone: str, wall: str, moment: str) -> None:
    assert calendar.first_instant(datetime.fromisoformat(wall), calendar.zone_named(zone)) == at(moment)


def test_the_current_minute_ends_with_the_next_full_one() -> None:
    assert calendar.end_of_minute(at("2026-11-24T15:32:00Z")) == at("2026-11-24T15:33:00Z")
    assert calendar.end_of_minute(at("2026-11-24T15:32:59.999999Z")) == at("2026-11-24T15:33:00Z")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("1h", "2026-11-24T14:33+01:00"),
        ("24h", "2026-11-23T15:33+01:00"),
        ("7d", "2026-11-18T00:00+01:00"),
        ("28d", "2026-10-28T00:00+01:00"),
    ],
)
def test_a_preset_ends_with_the_current_minute_and_long_ones_begin_at_local_midnight(name: str, start: str) -> None:
    found = calendar.preset(name, at("2026-11-24T15:32:10+01:00"), "Europe/Stockholm")
    assert found == (at(start), at("2026-11-24T15:33+01:00"))


def test_a_preset_in_the_last_minute_of_a_day_counts_that_day_as_today() -> None:
    start, end = calendar.preset("7d", at("2026-11-24T23:59:30Z"), "UTC")
    assert (start, end) == (at("2026-11-18T00:00Z"), at("2026-11-25T00:00Z"))


def test_an_unknown_preset_is_a_usage_error() -> None:
    with pytest.raises(UsageWrong, match="1h, 24h, 7d, 28d"):
        calendar.preset("2d", at("2026-11-24T15:32Z"), "UTC")


@pytest.mark.parametrize(
    ("start", "end", "before_start", "before_end"),
    [
        ("2026-11-24T10:00Z", "2026-11-24T11:00Z", "2026-11-24T09:00Z", "2026-11-24T10:00Z"),
        ("2026-11-18T00:00Z", "2026-11-24T23:59Z", "2026-11-11T00:01Z", "2026-11-18T00:00Z"),
        ("2026-11-17T00:00Z", "2026-11-24T00:00Z", "2026-11-10T00:00Z", "2026-11-17T00:00Z"),
        ("2026-06-01T00:00Z", "2026-07-01T00:00Z", "2026-04-27T00:00Z", "2026-05-27T00:00Z"),
        ("2026-10-28T00:00Z", "2026-11-24T15:33Z", "2026-09-30T00:00Z", "2026-10-27T15:33Z"),
    ],
)
def test_the_previous_period_is_as_long_and_from_seven_days_on_meets_the_same_weekdays(
    start: str, end: str, before_start: str, before_end: str
) -> None:
    found = calendar.previous(at(start), at(end), calendar.zone_named("UTC"))
    assert found == (at(before_start), at(before_end))


def test_the_previous_period_keeps_local_midnight_across_summer_time() -> None:
    start, end = at("2026-10-26T00:00+01:00"), at("2026-11-02T00:00+01:00")
    found = calendar.previous(start, end, STOCKHOLM)
    assert found == (at("2026-10-19T00:00+02:00"), at("2026-10-26T00:00+01:00"))


def test_seven_local_days_with_a_long_one_are_still_compared_with_one_week() -> None:
    start, end = at("2026-10-19T00:00+02:00"), at("2026-10-26T00:00+01:00")
    assert calendar.previous(start, end, STOCKHOLM) == (at("2026-10-12T00:00+02:00"), start)


def test_seven_times_24_hours_are_a_week_although_the_clock_shows_an_hour_less() -> None:
    start, end = at("2026-10-20T00:00+02:00"), at("2026-10-26T23:00+01:00")
    found = calendar.previous(start, end, STOCKHOLM)
    assert found == (at("2026-10-13T00:00+02:00"), at("2026-10-19T23:00+02:00"))


@given(start=moments, hours=st.floats(0.1, 24 * 60), zone=st.sampled_from(ZONES))
def test_the_previous_period_ends_before_the_present_one_begins(start: datetime, hours: float, zone: str) -> None:
    before_start, before_end = calendar.previous(start, start + timedelta(hours=hours), calendar.zone_named(zone))
    assert before_start < before_end <= start


def test_seven_days_that_begin_in_the_repeated_hour_are_preceded_by_a_whole_week() -> None:
    start, end = at("2026-10-25T02:30+01:00"), at("2026-11-01T02:30+01:00")
    found = calendar.previous(start, end, STOCKHOLM)
    assert found == (at("2026-10-18T02:30+02:00"), at("2026-10-25T02:30+02:00"))


def test_a_preset_whose_last_day_is_not_over_is_compared_as_its_full_length() -> None:
    start, end = at("2026-11-18T00:00Z"), at("2026-11-24T15:33Z")
    found = calendar.previous(start, end, calendar.zone_named("UTC"), calendar.PRESETS["7d"])
    assert found == (at("2026-11-11T00:00Z"), at("2026-11-17T15:33Z"))
