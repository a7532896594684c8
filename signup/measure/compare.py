"""Now against before, honestly: intervals for small samples, and which changes are more than noise.

Stands between the count and whoever shows a comparison (the Overview's figures and errors). Pure arithmetic (z = 1.96,
95 %). It must not choose colours: whether more is good or bad belongs to the page.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from signup.measure import figures

Z = 1.96
FEWEST = 30
WIDEST = 0.10
CLEAR_TIME = 0.05
TOO_FEW = "too few sign-ups to compare"


@dataclass(frozen=True)
class Rate:
    """A rate with its 95 % interval: `share`, `low`, `high` are fractions, all None when `whole` is 0.

    `weak`: below 30, or wider than ±10 points, so it is shown grey with its interval.
    """

    part: int
    whole: int
    share: float | None
    low: float | None
    high: float | None
    weak: bool


@dataclass(frozen=True)
class Change:
    """What changed, ready to show. `text` is None when either side is too small to compare (say TOO_FEW).

    `clear`: more than noise, so it may have a colour. `flat`: rounds to zero, or nothing to say.
    """

    text: str | None
    clear: bool
    direction: Literal["up", "down", "flat"]


UNKNOWN = Change(None, False, "flat")


def wilson(part: int, whole: int, z: float = Z) -> tuple[float, float]:
    """(low, high) of the interval of part / whole, 95 % as a rule; `whole` above 0."""
    share, square = part / whole, z * z
    below = 1 + square / whole
    centre = (share + square / (2 * whole)) / below
    half = z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / below
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(now: tuple[int, int], before: tuple[int, int], z: float = Z) -> tuple[float, float]:
    """(low, high) of the interval, 95 % as a rule, of the difference of two rates, each (part, whole)."""
    share, (low, high) = now[0] / now[1], wilson(*now, z)
    share_before, (low_before, high_before) = before[0] / before[1], wilson(*before, z)
    difference = share - share_before
    return (
        difference - sqrt((share - low) ** 2 + (high_before - share_before) ** 2),
        difference + sqrt((high - share) ** 2 + (share_before - low_before) ** 2),
    )


def rate(part: int, whole: int) -> Rate:
    """A rate with its interval, and whether it stands on too little."""
    if not whole:
        return Rate(part, whole, None, None, None, True)
    low, high = wilson(part, whole)
    return Rate(part, whole, part / whole, low, high, whole < FEWEST or (high - low) / 2 > WIDEST)


def change_of_rate(now: tuple[int, int], before: tuple[int, int]) -> Change:
    """How a rate moved, in points; each side is (part, whole). Clear when Newcombe's interval leaves out 0."""
    if min(now[1], before[1]) < FEWEST:
        return UNKNOWN
    low, high = newcombe(now, before)
    moved = (now[0] / now[1] - before[0] / before[1]) * 100
    return _change(moved, figures.signed(moved, 1, " pp"), clear=low > 0 or high < 0)


def change_of_count(now: int, before: int) -> Change:
    """How a count moved, in percent of what it was. Clear from 2 * sqrt(now + before) on."""
    if min(now, before) < FEWEST:
        return UNKNOWN
    moved = (now - before) / before * 100
    return _change(moved, figures.signed(moved, 1, "%"), clear=_beyond_noise(now, before))


def change_of_errors(now: int, before: int) -> Change:
    """How a row of errors moved, as a plain difference (+26): few of them are told too, but not as clear."""
    return _change(now - before, figures.signed(now - before, 0, ""), clear=_beyond_noise(now, before))


def change_of_time(now: float | None, before: float | None, fewest: int) -> Change:
    """How a time in seconds moved, in its own unit; `fewest` is the smaller of both samples. Clear from 5 % on."""
    if now is None or before is None or fewest < FEWEST:
        return UNKNOWN
    scale, digits, unit = figures.unit_of(max(now, before))
    clear = abs(now - before) >= CLEAR_TIME * before
    return _change(now - before, figures.signed((now - before) * scale, digits, f" {unit}"), clear=clear)


def _beyond_noise(now: int, before: int) -> bool:
    return abs(now - before) >= 2 * sqrt(now + before)


def _change(moved: float, text: str, *, clear: bool) -> Change:
    if text.startswith("±"):
        return Change(text, False, "flat")
    return Change(text, clear, "up" if moved > 0 else "down")
