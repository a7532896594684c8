"""Figures as people read them."""

import pytest

from signup.measure import figures


def test_a_count_shows_its_thousands() -> None:
    assert figures.count(12345) == "12,345"


def test_a_share_is_a_percentage_with_one_decimal() -> None:
    assert figures.percent(0.798) == "79.8%"


def test_what_is_not_known_is_a_dash_and_never_zero() -> None:
    assert figures.count(None) == figures.percent(None) == figures.duration(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.175, "175 ms"), (0.9996, "1.0 s"), (10.5, "10.5 s"), (99.96, "1.7 min"), (480, "8.0 min")],
)
def test_a_duration_is_told_in_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "digits", "unit", "text"),
    [
        (0.44, 1, " pp", "+0.4 pp"),
        (-0.04, 1, " pp", "±0.0 pp"),
        (0.0, 0, "", "±0"),
        (-8, 0, "", "-8"),
        (1234.5, 1, "%", "+1,234.5%"),
    ],
)
def test_a_change_has_a_sign_and_zero_has_both(value: float, digits: int, unit: str, text: str) -> None:
    assert figures.signed(value, digits, unit) == text
