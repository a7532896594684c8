"""Small samples and changes: what is told, and what counts as more than noise."""

import pytest

from signup.measure import compare
from signup.measure.compare import Change, change_of_count, change_of_errors, change_of_rate, change_of_time


def test_eight_of_ten_may_be_anything_from_49_to_94_percent() -> None:
    low, high = compare.wilson(8, 10)
    assert (round(low, 2), round(high, 2)) == (0.49, 0.94)


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 7)])
def test_an_interval_stays_between_none_and_all_and_holds_the_rate(part: int, whole: int) -> None:
    low, high = compare.wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1


def test_eighty_against_ninety_of_a_hundred_is_clear_just() -> None:
    low, high = compare.newcombe((80, 100), (90, 100))
    assert (round(low * 100, 2), round(high * 100, 2)) == (-19.95, -0.01)
    assert change_of_rate((80, 100), (90, 100)) == Change("-10.0 pp", True, "down")


def test_eight_against_nine_of_ten_is_not_clear() -> None:
    low, high = compare.newcombe((8, 10), (9, 10))
    assert low < 0 < high


def test_a_rate_below_thirty_is_weak_and_so_is_one_wider_than_ten_points() -> None:
    assert compare.rate(29, 29).weak
    assert not compare.rate(30, 30).weak
    assert compare.rate(45, 90).weak
    assert not compare.rate(50, 100).weak


def test_a_rate_of_nothing_has_no_value_and_no_interval() -> None:
    assert compare.rate(0, 0) == compare.Rate(0, 0, None, None, None, True)


def test_a_rate_that_hardly_moved_is_told_without_colour() -> None:
    assert change_of_rate((3007, 3769), (2606, 3261)) == Change("-0.1 pp", False, "down")


def test_a_change_that_rounds_to_zero_is_flat() -> None:
    assert change_of_rate((50_000, 100_000), (50_010, 100_000)) == Change("±0.0 pp", False, "flat")
    assert change_of_count(100_000, 99_999) == Change("±0.0%", False, "flat")
    assert change_of_time(10.51, 10.5, 30) == Change("±0.0 s", False, "flat")
    assert change_of_errors(4, 4) == Change("±0", False, "flat")


@pytest.mark.parametrize("sides", [((10, 29), (10, 30)), ((10, 30), (10, 29))])
def test_a_side_below_thirty_gives_no_change_of_a_rate(sides: tuple[tuple[int, int], tuple[int, int]]) -> None:
    assert change_of_rate(*sides).text is None


def test_a_count_changes_in_percent_and_clearly_from_twice_the_root_of_the_sum() -> None:
    assert change_of_count(3776, 3261) == Change("+15.8%", True, "up")
    assert change_of_count(110, 90) == Change("+22.2%", False, "up")
    assert change_of_count(112, 84) == Change("+33.3%", True, "up")
    assert change_of_count(128, 98) == Change("+30.6%", False, "up")
    assert change_of_count(98, 128) == Change("-23.4%", False, "down")


def test_a_side_below_thirty_gives_no_change_of_a_count() -> None:
    assert change_of_count(29, 30) == change_of_count(30, 29) == change_of_count(30, 0) == compare.UNKNOWN
    assert change_of_count(30, 30).text is not None


def test_errors_change_by_their_plain_difference_however_few() -> None:
    assert change_of_errors(56, 30) == Change("+26", True, "up")
    assert change_of_errors(18, 26) == Change("-8", False, "down")
    assert change_of_errors(1, 0) == Change("+1", False, "up")
    assert change_of_errors(4, 0) == Change("+4", True, "up")


def test_a_time_changes_clearly_from_five_percent_on() -> None:
    assert change_of_time(10.5, 10.0, 30) == Change("+0.5 s", True, "up")
    assert change_of_time(10.4, 10.0, 30) == Change("+0.4 s", False, "up")
    assert change_of_time(9.5, 10.0, 30) == Change("-0.5 s", True, "down")


def test_a_time_changes_in_the_unit_it_is_told_in() -> None:
    assert change_of_time(0.175, 0.150, 30).text == "+25 ms"
    assert change_of_time(0.9, 1.1, 30).text == "-0.2 s"
    assert change_of_time(150.0, 120.0, 30).text == "+0.5 min"


def test_a_time_without_a_side_or_with_few_gives_no_change() -> None:
    assert change_of_time(None, 10.0, 30) == change_of_time(10.0, None, 30) == compare.UNKNOWN
    assert change_of_time(10.0, 5.0, 29) == compare.UNKNOWN
