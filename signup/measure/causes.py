"""What moved the two rates of the Overview, from the roll-ups: nothing is read before a rate has surely changed.

Stands between the reading (numbers.py) and the arithmetic (moved.py), for page and report alike. It must not draw.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from signup.measure import moved
from signup.measure.counted import Fates, outcomes
from signup.measure.moved import Cause, Dimension, Side, Sides
from signup.measure.numbers import Numbers
from signup.measure.question import Question, SettledQuestion

HOURS_FROM, HOURS_TO = timedelta(hours=24), timedelta(days=92)
"""So long must a range be, and may it be, for its hours of the day to be looked at."""

Answer = Mapping[str, Any]
Split = dict[Dimension, Mapping[str, Fates]]
"""How the sign-ups of a period ended, by each value of each dimension."""


@dataclass(frozen=True)
class Moved:
    """A rate by its name in `stats --json`, where it stood before and now, and what explains most of the change."""

    name: str
    now: Side
    before: Side
    cause: Cause

    @property
    def points(self) -> float:
        """How far it moved, as a fraction with its sign."""
        return self.now[0] / self.now[1] - self.before[0] / self.before[1]


def causes(numbers: Numbers, question: Question, now: datetime, this: Answer, before: Answer) -> list[Moved]:
    """What there is to say of two periods that were read: most often nothing. A cause of both rates is told once.

    `this`, `before`: their numbers (Numbers.overview). Raises UsageWrong.
    """
    settled = question.settled(now)
    moving = {name: sides for name, side in _RATES.items() if moved.is_sure(*(sides := (side(this), side(before))))}
    split = (_split(numbers, settled), _split(numbers, settled.before())) if moving else ({}, {})
    found: list[Moved] = []
    for name, sides in moving.items():
        endings = _beside(_codes(this), _codes(before), (sides[0][1], sides[1][1]))
        cause = moved.cause(sides, _parts(*split, _OF_FATES[name]), endings, against=name == "successRate")
        if cause and (cause.dimension, cause.values) not in [(one.cause.dimension, one.cause.values) for one in found]:
            found.append(Moved(name, *sides, cause))
    return found


def _success(answer: Answer) -> Side:
    return answer["completed"], answer["started"] - answer["open"]


def _errors(answer: Answer) -> Side:
    return answer["failed"], answer["started"]


def _codes(answer: Answer) -> Counter[str]:
    """Failed sign-ups by what ended them: "request bad_app_key"."""
    return Counter({f"{row['step']} {row['code']}": row["count"] for row in answer["errors"] if row["inErrorRate"]})


_RATES: dict[str, Callable[[Answer], Side]] = {"successRate": _success, "errorRate": _errors}


def _of_success(fates: Fates) -> Side:
    ended = outcomes(fates)
    return ended["completed"], fates.total() - ended["open"]


def _of_errors(fates: Fates) -> Side:
    return outcomes(fates)["failed"], fates.total()


_OF_FATES = {"successRate": _of_success, "errorRate": _of_errors}


def _parts(now: Split, before: Split, side: Callable[[Fates], Side]) -> dict[Dimension, dict[str, Sides]]:
    """The rate of each country, channel and hour of the day, in both periods."""
    return {
        name: {
            value: (side(now[name].get(value, Counter())), side(before[name].get(value, Counter())))
            for value in {*now[name], *before[name]}
        }
        for name in now
    }


def _split(numbers: Numbers, question: SettledQuestion) -> Split:
    day_by_day = HOURS_FROM <= question.end - question.start <= HOURS_TO
    hours: dict[str, Fates] = {}
    counted = numbers.fates(replace(question, interval="hour" if day_by_day else question.interval))
    for bucket, fates in counted.series if day_by_day else ():
        hours.setdefault(str(bucket.start.astimezone(question.zone).hour), Counter()).update(fates)
    chosen = question.channels or numbers.channels_known
    return {
        "country": counted.countries,
        "channel": {one: numbers.fates(replace(question, channels=frozenset({one}))).all for one in chosen},
        "hour": hours,
    }


def _beside(now: Counter[str], before: Counter[str], wholes: tuple[int, int]) -> dict[str, Sides]:
    return {name: ((now[name], wholes[0]), (before[name], wholes[1])) for name in now | before}
