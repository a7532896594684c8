from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.parts.filters import Filters
from dashboard.parts.view import View
from dashboard.said import roughly
from dashboard.shared import Numbers
from signup.measure import stats
from tests.pages.fixtures import lives

NOW = datetime(2026, 11, 24, 15, 32, tzinfo=UTC)
TOLD = lives.life(NOW - timedelta(hours=1), "completed")


def view(**chosen: Any) -> View:
    """What somebody in Stockholm sees at that moment."""
    filters = Filters(**({"range": "28d", "zone": "Europe/Stockholm"} | chosen))
    now, before = stats.overview(lives.history(TOLD), filters.question(), NOW)
    return View(filters, filters.question().settled(NOW), Numbers(now, before, [], [], []), NOW, NOW, None)


def test_a_day_that_is_clicked_is_a_window_on_the_viewers_clock() -> None:
    window = {"range": "custom", "from": "2026-11-09T00:00", "to": "2026-11-10T00:00"}
    assert view().window("2026-11-09T00:00") == window


def test_of_two_equal_hours_each_is_a_window_of_its_own() -> None:
    start = datetime(2026, 10, 25)  # noqa: DTZ001  wall-clock time
    day = view(range="custom", interval="hour", start=start, end=start + timedelta(days=1))
    one, two = day.window("2026-10-25T02:00") or {}, day.window("2026-10-25T02:00b") or {}
    assert (one["from"], one["to"]) == ("2026-10-25T02:00", "2026-10-25T02:00+01:00")
    assert (two["from"], two["to"]) == ("2026-10-25T02:00+01:00", "2026-10-25T03:00")


def test_the_bucket_still_filling_ends_with_the_range() -> None:
    assert (view().window("2026-11-24T00:00") or {})["to"] == "2026-11-24T16:33"


def test_a_bucket_that_the_range_cuts_begins_with_the_range() -> None:
    assert (view(range="24h").window("2026-11-23T16:00") or {})["from"] == "2026-11-23T16:33"


def test_a_bucket_that_has_left_the_range_leads_nowhere() -> None:
    assert view().window("2026-01-01T00:00") is None


def test_without_an_outcome_filter_all_are_drawn() -> None:
    assert view().chosen == ("completed", "declined", "expired", "failed", "open")
    assert view(outcomes=("open", "declined")).chosen == ("declined", "open")


@pytest.mark.parametrize(("value", "told"), [(0.164, 0.2), (10.3, 10.0), (27.9, 30.0), (164.0, 200.0)])
def test_what_is_said_about_a_time_changes_seldom(value: float, told: float) -> None:
    assert roughly(value) == told


def test_a_range_in_the_past_stands_still() -> None:
    ended = datetime(2026, 11, 20, 12, 0)  # noqa: DTZ001  wall-clock time
    assert Filters("28d").moves(NOW)
    assert Filters("custom").moves(NOW)
    assert not Filters("custom", end=ended).moves(NOW)


def test_an_address_holds_codes_and_leaves_out_what_is_default() -> None:
    chosen = Filters("28d", countries=("SE", "IN"), outcomes=("failed",))
    assert chosen.address() == {"country": ["SE", "IN"], "outcome": ["failed"]}
    assert chosen.address(outcome="", step="request") == {"country": ["SE", "IN"], "step": "request"}


def test_the_whole_address_holds_what_only_the_overview_has() -> None:
    chosen = Filters("7d", interval="day", compare="year")
    assert chosen.whole_address() == {"range": "7d", "interval": "day", "compare": "year"}
    assert Filters("28d").whole_address() == {}
