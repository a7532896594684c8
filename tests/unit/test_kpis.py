from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.parts import kpis
from dashboard.parts.kpis import Figure
from dashboard.shared import Numbers
from signup.measure import stats
from signup.measure.question import Question
from tests.pages.fixtures import lives

NOW = datetime(2026, 11, 24, 15, 32, tzinfo=UTC)


def figures(now: dict[str, int], before: dict[str, int], **question: Any) -> dict[str, Figure]:
    """The seven figures when so many ended so in this period, and so in the one before."""
    told = [event for days, ends in ((2, now), (30, before)) for event in lived(NOW - timedelta(days=days), ends)]
    history, asked = lives.history(told), Question(**({"preset": "28d"} | question))
    current, previous = stats.overview(history, asked, NOW)
    numbers = Numbers(current, previous, [], [], stats.open_ages(history, asked, NOW))
    return {figure.label: figure for figure in kpis.figures_of(numbers)}


def lived(start: datetime, ends: dict[str, int]) -> list[Any]:
    """So many lives of each end, a second apart."""
    fates = [end for end, n in ends.items() for _ in range(n)]
    return [event for i, end in enumerate(fates) for event in lives.life(start - timedelta(seconds=i), end)]


def test_more_completed_is_good_and_more_failed_is_bad_once_it_is_clear() -> None:
    shown = figures({"completed": 200, "failed": 90}, {"completed": 100, "failed": 5})
    assert (shown["Completed"].change.text, shown["Completed"].colour) == ("+100.0%", "normal")
    assert (shown["Error rate"].change.direction, shown["Error rate"].colour) == ("up", "inverse")


def test_a_change_that_is_noise_stays_grey() -> None:
    shown = figures({"completed": 100, "declined": 20}, {"completed": 98, "declined": 24})
    assert shown["Completed"].change.text == "+2.0%"
    assert {shown[name].colour for name in ("Completed", "Success rate", "Error rate")} == {"off"}


def test_more_starts_are_neither_good_nor_bad() -> None:
    assert figures({"completed": 300}, {"completed": 100})["Started"].colour == "off"


def test_every_rate_stands_with_its_counts() -> None:
    shown = figures({"completed": 150, "declined": 30, "failed": 20}, {"completed": 10})
    assert shown["Success rate"].told == "150 of 200"
    assert shown["Error rate"].told == "20 of 200"
    assert shown["Lock hit rate"].told == "0 of 200"


def test_a_wide_interval_is_shown_and_the_value_is_grey() -> None:
    shown = figures({"completed": 8, "declined": 2}, {})
    rate = shown["Success rate"]
    assert (rate.value, rate.told, rate.weak) == ("80.0%", "8 of 10 · 49–94%", True)


def test_a_wide_interval_and_a_change_never_stand_side_by_side_where_only_one_has_room() -> None:
    before = {"completed": 40, "declined": 10}
    noise = figures({"completed": 32, "declined": 11}, before)["Success rate"]
    assert (noise.change.text, noise.told) == (None, "32 of 43 · 60–85%")
    fall = figures({"completed": 14, "declined": 29}, before)["Success rate"]
    assert (fall.change.text, fall.told, fall.weak) == ("-47.4 pp", "14 of 43", True)
    assert fall.formula.endswith("With so few, it may lie anywhere from 20 to 47%.")


def test_open_sign_ups_stand_beside_the_rate() -> None:
    shown = figures({"completed": 40, "waiting": 9}, {})
    assert (shown["Success rate"].told, shown["Open now"].value) == ("40 of 40", "9")


def test_the_bucket_that_is_still_filling_stays_out_of_the_line() -> None:
    today = lived(NOW, {"completed": 7})
    numbers, before = stats.overview(lives.history(today), Question(preset="28d"), NOW)
    figure = kpis.figures_of(Numbers(numbers, before, [], [], [0] * 11))[0]
    assert (figure.value, sum(figure.spark), len(figure.spark)) == ("7", 0, 27)


def test_the_last_day_of_a_past_range_stays_in_the_line_of_the_median() -> None:
    days = [lives.life(NOW - timedelta(days=day, minutes=i), "completed") for day in (2, 3) for i in range(6)]
    end = NOW.replace(hour=0, minute=0) - timedelta(days=1)
    asked = Question(start=end - timedelta(days=10), end=end)
    numbers, before = stats.overview(lives.history([event for told in days for event in told]), asked, NOW)
    figure = kpis.figures_of(Numbers(numbers, before, [], [], [0] * 11))[3]
    assert (figure.label, len(figure.spark)) == ("Median time to approve", 2)


def test_without_a_comparison_no_figure_speaks_of_another_period() -> None:
    history, asked = lives.history(lived(NOW - timedelta(days=2), {"completed": 90})), Question(preset="28d")
    numbers = Numbers(stats.stats(history, asked, NOW), None, [], [], [0] * 11)
    shown = {figure.label: figure for figure in kpis.figures_of(numbers)}
    assert {figure.change.text for figure in shown.values()} == {None}
    assert (shown["Started"].value, shown["Started"].told) == ("90", "in this range")
    assert (shown["Success rate"].value, shown["Success rate"].told) == ("100.0%", "90 of 90")
    assert not kpis.too_few(numbers)


@pytest.mark.parametrize(("now", "before", "few"), [(29, 30, True), (30, 29, True), (30, 30, False)])
def test_either_side_under_thirty_is_too_few(now: int, before: int, few: bool) -> None:
    assert kpis.too_few(Numbers({"started": now}, {"started": before}, [], [], [])) is few
