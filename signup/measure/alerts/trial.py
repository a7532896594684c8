"""A rule tried on the past: minute by minute through the same levels and states, so that one sees when it had fired.

Beside the watcher's rounds (rounds.py), over more minutes and without anything stored or told. It counts with what is
known today: a sign-up that ended late stands in its minute as it ended. It must not write.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from signup.measure.alerts.machine import Standing, State, step
from signup.measure.alerts.rules import BAD, Level, Reading, Rule, level
from signup.measure.alerts.values import MINUTE, Minutes, whole_minute

DAYS = timedelta(days=30)


@dataclass(frozen=True)
class Firing:
    """One time the rule would have fired: from `began` to `ended` (None: it still does), aware UTC.

    `severity` and `worst`: the worst level, and the reading that was furthest beyond.
    """

    began: datetime
    ended: datetime | None
    severity: Level
    worst: Reading

    def minutes(self, now: datetime) -> int:
        """How long, in whole minutes."""
        return ((self.ended or now) - self.began) // MINUTE


@dataclass(frozen=True)
class Trial:
    """What came of it over [start, end): every firing in order, and how many minutes had too little to look at."""

    start: datetime
    end: datetime
    firings: list[Firing]
    unknown: int

    @property
    def minutes(self) -> int:
        """How many minutes were looked at."""
        return (self.end - self.start) // MINUTE


def run(rule: Rule, counted: Minutes) -> Trial:
    """The rule over every minute of the counts that has all its minutes before it."""
    start, end = counted.start + rule.since * MINUTE, whole_minute(counted.end) + MINUTE
    standing, firings, unknown = Standing(State.OK, start), list[Firing](), 0
    for at in _minutes(start, end):
        seen = counted.reading(rule, at)
        found = level(rule, seen)
        unknown += found is Level.NONE
        fired = standing.fires
        standing, _ = step(rule, standing, found, at)
        if standing.fires and not fired:
            firings.append(Firing(at, None, found, seen))
        elif fired and not standing.fires:
            firings[-1] = replace(firings[-1], ended=at)
        elif fired and found in BAD:
            firings[-1] = _worse(rule, firings[-1], found, seen)
    return Trial(start, max(start, end), firings, unknown)


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += MINUTE


def _worse(rule: Rule, before: Firing, found: Level, seen: Reading) -> Firing:
    sign = 1 if rule.figure.bad == "above" else -1
    furthest = max((before.worst, seen), key=lambda each: sign * (each.ppm or 0))
    return replace(before, worst=furthest, severity=max(before.severity, found, key=BAD.index))
