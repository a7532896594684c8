"""The state of a rule: ok, pending, alerting, recovering or without data, one step for each minute's level.

Stands between the level of a minute (rules.py) and what is stored and told (rounds.py). Pure: the same state, level
and moment always give the same next state, so a restart changes nothing. It must not read or write.

    ok, no-data  --bad-->  pending  --bad all the time-->  alerting  <--bad or between--  recovering  --ok, kept-->  ok
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from signup.measure.alerts.rules import BAD, Level, Rule

MINUTE = timedelta(minutes=1)
AHEAD = timedelta(minutes=5)
"""Looks further apart may be by two clocks, or have nobody between them: nobody knows how long anything lasted."""


class State(StrEnum):
    """Where a rule stands."""

    OK = "ok"
    PENDING = "pending"
    ALERTING = "alerting"
    RECOVERING = "recovering"
    NO_DATA = "no-data"


FIRING = (State.ALERTING, State.RECOVERING)


class Telling(StrEnum):
    """What is worth telling somebody who is not looking."""

    FIRES = "fires"
    WORSE = "worse"
    RECOVERED = "recovered"
    NO_DATA = "no-data"


@dataclass(frozen=True)
class Standing:
    """A rule's state, and since when. `severity`: warn or alert, as it was when last bad, while it fires.

    `told`: the worst that was told since it fires. `bad_since`, `none_since`: since when every minute was so.
    """

    state: State
    since: datetime
    severity: Level | None = None
    told: Level | None = None
    bad_since: datetime | None = None
    none_since: datetime | None = None

    @property
    def fires(self) -> bool:
        """Whether it was told and is not over."""
        return self.state in FIRING


def step(
    rule: Rule, before: Standing, level: Level, at: datetime, looked: datetime | None = None
) -> tuple[Standing, Telling | None]:
    """The state after a minute of this level, and what to tell. A minute that nobody looked at is passed over.

    `looked`: the minute before, by the clock of whoever looked; None is the first, or one that went by this clock.
    """
    timed = before.state is State.RECOVERING
    seen = replace(
        before,
        since=_since(before.since, looked, at) if timed else min(before.since, at),
        bad_since=_since(before.bad_since, looked, at) if level in BAD else None,
        none_since=_since(before.none_since, looked, at) if level is Level.NONE else None,
    )
    return _told(rule, before, _NEXT[before.state](rule, seen, level, at))


def _since(known: datetime | None, looked: datetime | None, at: datetime) -> datetime:
    """Since when it is so, by the clock that says `at`. A leap forward lasted a minute, as rounds do; one back nothing.

    What had lasted until then is kept, so nobody waits for a clock that was set back, or gains by one that is ahead.
    """
    if known is None:
        return at
    if looked is None or timedelta(0) <= at - looked <= AHEAD:
        return min(known, at)
    lasted = max(looked - known, timedelta(0)) + (MINUTE if at > looked else timedelta(0))
    return at - lasted


def _lasted(since: datetime | None, minutes: int, at: datetime) -> bool:
    return since is not None and at - since >= timedelta(minutes=minutes)


def _moved(seen: Standing, state: State, at: datetime, severity: Level | None = None) -> Standing:
    return replace(seen, state=state, severity=severity, since=seen.since if state is seen.state else at)


def _calm(rule: Rule, seen: Standing, level: Level, at: datetime) -> Standing:
    """Ok, pending or without data."""
    if level is Level.NONE:
        return _moved(seen, State.NO_DATA, at) if _lasted(seen.none_since, rule.no_data, at) else seen
    if level in BAD:
        enough = _lasted(seen.bad_since, rule.pending, at)
        return _moved(seen, State.ALERTING, at, level) if enough else _moved(seen, State.PENDING, at)
    return _moved(seen, State.OK, at)


def _alerting(rule: Rule, seen: Standing, level: Level, at: datetime) -> Standing:
    if level in BAD:
        return _moved(seen, State.ALERTING, at, level)
    if level is Level.OK:
        return _moved(seen, State.RECOVERING, at, seen.severity) if rule.keep else _moved(seen, State.OK, at)
    return seen


def _recovering(rule: Rule, seen: Standing, level: Level, at: datetime) -> Standing:
    if level in BAD:
        return _moved(seen, State.ALERTING, at, level)
    if level is Level.BETWEEN:
        return _moved(seen, State.ALERTING, at, seen.severity)
    over = level is Level.OK and _lasted(seen.since, rule.keep, at)
    return _moved(seen, State.OK, at) if over else seen


_NEXT: dict[State, Callable[[Rule, Standing, Level, datetime], Standing]] = {
    State.OK: _calm,
    State.NO_DATA: _calm,
    State.PENDING: _calm,
    State.ALERTING: _alerting,
    State.RECOVERING: _recovering,
}


def _told(rule: Rule, before: Standing, after: Standing) -> tuple[Standing, Telling | None]:
    """What to tell of a step, each once: that it fires, that it got worse, that it is over."""
    if not after.fires:
        news = Telling.RECOVERED if before.fires else None
        if after.state is State.NO_DATA and before.state is not State.NO_DATA and rule.tell_no_data:
            news = Telling.NO_DATA
        return replace(after, told=None), news
    if not before.fires:
        return replace(after, told=after.severity), Telling.FIRES
    if after.severity is Level.ALERT and before.told is Level.WARN:
        return replace(after, told=Level.ALERT), Telling.WORSE
    return after, None
