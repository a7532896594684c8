"""What moved: the one country, channel, stretch of hours or ending that explains most of a changed rate.

Stands beside the comparison (compare.py), whose honesty it shares: it is silent where the change may be noise, where
all moved alike, and where no one value stands out. It gets counts and must not read, choose words or draw.

A rate R over parts of weight w and rate r changed by the sum of their contributions:

    (w + w') / 2 * (r' - r)  +  ((r + r') / 2 - (R + R') / 2) * (w' - w)

that is, how the part's own rate moved, and how it came to weigh more or less. A part of weight w that only moved with
all the others explains a share w of the change; what stands out explains far more than that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from signup.measure import compare
from signup.measure.compare import FEWEST, Rate

Side = tuple[int, int]
"""(part, whole): so many of so many."""

Sides = tuple[Side, Side]
"""(now, before)."""

Dimension = Literal["country", "channel", "hour", "ending"]

LEAST_EXPLAINED, LEAST_EXCESS = 0.5, 0.25
"""Of the change, how much a cause must explain, and how much more than its share of the sign-ups."""

LEAST_POINTS = 0.005
"""A smaller change is not worth a sentence, however sure it is."""

SURE = 2.8
"""The z of the change and of its cause: stricter than 1.96, for the most striking of many is looked at."""

LONGEST_STRETCH, HOURS = 6, 24
GOOD_ENOUGH = 0.9
"""A shorter stretch of hours is preferred that stands out nearly as much as the best."""


@dataclass(frozen=True)
class Cause:
    """What explains a change. `values`: one, or the hours of a stretch in order. `explained`: points of the rate, as a
    fraction with the change's sign. `now`, `before`: the part's own rate; of an ending, its share of all."""

    dimension: Dimension
    values: tuple[str, ...]
    explained: float
    now: Rate
    before: Rate


def cause(
    whole: Sides, parts: Mapping[Dimension, Mapping[str, Sides]], endings: Mapping[str, Sides], *, against: bool
) -> Cause | None:
    """The value that explains most of how a rate moved; None when there is nothing to say.

    `whole`: the rate. `parts`: the same rate by each value of a dimension, hours as "0" to "23"; each dimension's parts
    sum to the whole. `endings`: how many of the same whole ended in each way that makes up the rate or, `against` it,
    what it lacks.
    """
    if not is_sure(*whole):
        return None
    found = [
        *(_ending(whole, name, endings, -1 if against else 1) for name in endings),
        *(_part(whole, name, values, sides) for name, values, sides in _candidates(parts)),
    ]
    standing_out = [one for one in found if one is not None]
    if not standing_out:
        return None
    best = max(excess for excess, _ in standing_out)
    near = [(excess, one) for excess, one in standing_out if excess >= GOOD_ENOUGH * best]
    return min(near, key=lambda item: (len(item[1].values), -item[0]))[1]


def is_sure(now: Side, before: Side) -> bool:
    """Whether a rate has changed by so much more than noise that it may be explained."""
    if min(now[1], before[1]) < FEWEST or abs(_share(now) - _share(before)) < LEAST_POINTS:
        return False
    low, high = compare.newcombe(now, before, SURE)
    return low > 0 or high < 0


def _candidates(
    parts: Mapping[Dimension, Mapping[str, Sides]],
) -> Iterator[tuple[Dimension, tuple[str, ...], Sides]]:
    for name, values in parts.items():
        for value, sides in values.items():
            yield name, (value,), sides
    hours = parts.get("hour", {})
    for length in range(2, LONGEST_STRETCH + 1):
        for first in range(HOURS):
            stretch = tuple(str((first + hour) % HOURS) for hour in range(length))
            if all(hour in hours for hour in stretch):
                yield "hour", stretch, _sum(hours[hour] for hour in stretch)


def _part(whole: Sides, name: Dimension, values: tuple[str, ...], sides: Sides) -> tuple[float, Cause] | None:
    """How far a part stands out, and the part; None when it does not."""
    now, before = sides
    weighed = (now[1], whole[0][1]), (before[1], whole[1][1])
    if min(now[1], before[1]) < FEWEST or not (is_sure(now, before) or is_sure(*weighed)):
        return None
    weight, weight_before = map(_share, weighed)
    rate, rate_before = now[0] / now[1], before[0] / before[1]
    middle = (_share(whole[0]) + _share(whole[1])) / 2
    own = (weight + weight_before) / 2 * (rate - rate_before)
    mix = ((rate + rate_before) / 2 - middle) * (weight - weight_before)
    return _standing_out(whole, own + mix, (weight + weight_before) / 2, Cause(name, values, own + mix, *_rates(sides)))


def _ending(whole: Sides, name: str, endings: Mapping[str, Sides], sign: int) -> tuple[float, Cause] | None:
    """The same for one ending, which moves the rate by as much as it came more or less often. Its weight is its share
    of all of them."""
    now, before = endings[name]
    if not is_sure(now, before):
        return None
    explained = sign * (_share(now) - _share(before))
    total = _sum(endings.values())
    weight = sum(one[0] / max(1, every[0]) for one, every in zip((now, before), total, strict=True)) / 2
    return _standing_out(whole, explained, weight, Cause("ending", (name,), explained, *_rates((now, before))))


def _standing_out(whole: Sides, explained: float, weight: float, one: Cause) -> tuple[float, Cause] | None:
    share = explained / (_share(whole[0]) - _share(whole[1]))
    excess = share - weight
    return (excess, one) if share >= LEAST_EXPLAINED and excess >= LEAST_EXCESS else None


def _rates(sides: Sides) -> tuple[Rate, Rate]:
    return compare.rate(*sides[0]), compare.rate(*sides[1])


def _share(side: Side) -> float:
    return side[0] / side[1]


def _sum(all_sides: Iterable[Sides]) -> Sides:
    now, before = zip(*all_sides, strict=True)
    return _added(now), _added(before)


def _added(sides: Iterable[Side]) -> Side:
    parts, wholes = zip(*sides, strict=True)
    return sum(parts), sum(wholes)
