"""Time as a viewer's wall clock tells it: buckets, presets, the previous period.

Stands under the question (question.py) and the count (stats.py). All moments are aware UTC; a zone only decides where
a bucket begins. It must not count anything and never asks what time it is.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from signup.errors import UsageWrong

INTERVALS = ("minute", "hour", "day", "week", "month")
PRESETS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "28d": timedelta(days=28)}
MOST_BUCKETS = 10_000
DRAWABLE = 180

_MINUTE, _HOUR, _DAY, _WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_YEAR = 52 * _WEEK
_ROUGHLY = {"minute": _MINUTE, "hour": _HOUR, "day": _DAY, "week": _WEEK, "month": timedelta(days=28)}
_DEFAULTS = ((3 * _HOUR, "minute"), (3 * _DAY, "hour"), (92 * _DAY, "day"), (400 * _DAY, "week"))


@dataclass(frozen=True)
class Bucket:
    """A stretch [start, end) of a viewer's calendar, both aware UTC."""

    start: datetime
    end: datetime

    def partial(self, start: datetime, end: datetime, now: datetime) -> bool:
        """True unless the whole bucket lies inside [start, end) and in the past."""
        return self.start < start or self.end > min(end, now)


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name; UsageWrong for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # the three ways zoneinfo says no: absent, malformed, a folder
        raise UsageWrong("The time zone is not known: write a name such as Europe/Stockholm or UTC.") from None


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which the zone's clocks show `wall` (naive) or later.

    A wall time that is shown twice means the first; one that is skipped means the moment of the jump.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    before = moment.replace(microsecond=0) - _DAY
    return _first(before, moment, lambda when: _wall(when, zone) >= wall)


def buckets(start: datetime, end: datetime, interval: str, zone: ZoneInfo) -> list[Bucket]:
    """Every bucket that overlaps [start, end), in order; UsageWrong for more than 10,000."""
    if (end - start) / _ROUGHLY[interval] > MOST_BUCKETS:
        raise UsageWrong("That is more than 10,000 buckets: ask for a shorter time or a wider interval.")
    edges = (
        _clock_edges(start, interval, zone) if interval in ("minute", "hour") else _date_edges(start, interval, zone)
    )
    found: list[Bucket] = []
    edge = next(edges)
    while edge < end:
        following = next(edges)
        if following > max(edge, start):
            found.append(Bucket(edge, following))
        edge = following
    return found


def default_interval(start: datetime, end: datetime) -> str:
    """The interval that suits the length: up to 3 h by minute, 3 days by hour, 92 by day, 400 by week, else months."""
    return next((interval for longest, interval in _DEFAULTS if end - start <= longest), "month")


def drawable_intervals(start: datetime, end: datetime) -> list[str]:
    """The intervals worth offering for [start, end): not longer than it, and no more buckets than a chart can show."""
    length = end - start
    worth = [interval for interval in INTERVALS if _ROUGHLY[interval] <= length <= _ROUGHLY[interval] * DRAWABLE]
    return worth or [default_interval(start, end)]


def end_of_minute(now: datetime) -> datetime:
    """The end of the current minute: what a live question asks up to, so that its answer holds for a minute."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE


def preset(name: str, now: datetime, zone: str) -> tuple[datetime, datetime]:
    """(start, end) of a preset: `1h` and `24h` roll; `7d` and `28d` are that many local days, today so far included."""
    if name not in PRESETS:
        raise UsageWrong(f"The range is not known: choose one of {', '.join(PRESETS)}.")
    end = end_of_minute(now)
    if PRESETS[name] <= _DAY:
        return end - PRESETS[name], end
    local = zone_named(zone)
    first_day = _wall(now, local).date() - PRESETS[name] + _DAY
    return first_instant(datetime.combine(first_day, time()), local), end


def previous(
    start: datetime, end: datetime, zone: ZoneInfo, at_least: timedelta = timedelta(0)
) -> tuple[datetime, datetime]:
    """The period to compare [start, end) with.

    Under 7 days the same length directly before. From 7 days on both ends move back by whole weeks of wall-clock time,
    so that weekdays meet weekdays; it never reaches into the present one, for a wall time shown twice means the first.
    `at_least`: the full length of a preset whose last day is not over.
    """
    wall_start, wall_end = _wall(start, zone), _wall(end, zone)
    if max(end - start, wall_end - wall_start, at_least) < _WEEK:
        return start - (end - start), start
    weeks = -(-max(wall_end - wall_start, at_least) // _WEEK) * _WEEK
    return first_instant(wall_start - weeks, zone), first_instant(wall_end - weeks, zone)


def year_before(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) moved back by 52 weeks of wall-clock time: a year, but that weekdays meet weekdays."""
    return first_instant(_wall(start, zone) - _YEAR, zone), first_instant(_wall(end, zone) - _YEAR, zone)


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _first(low: datetime, high: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """The first moment in [low, high], in whole seconds from `low`, at which `holds`; it must stay true from there."""

    def holds_after(seconds: int) -> bool:
        return holds(low + timedelta(seconds=seconds))

    seconds = range(int((high - low).total_seconds()) + 1)
    return low + timedelta(seconds=bisect_left(seconds, True, key=holds_after))


def _clock_edges(start: datetime, interval: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Where minutes or hours begin: a new bucket at each full one, and wherever the offset changes.

    The first edge may lie before a change of offset that comes before `start`; the second is right.
    """
    length = _ROUGHLY[interval]

    def since_full(moment: datetime) -> timedelta:
        wall = _wall(moment, zone)
        return (wall - datetime.combine(wall.date(), time())) % length

    edge = start - since_full(start)
    while True:
        yield edge
        edge = _jump_or(edge + length - since_full(edge), edge, zone)


def _jump_or(full: datetime, edge: datetime, zone: ZoneInfo) -> datetime:
    """The change of offset in (edge, full], or `full` when there is none."""
    offset = full.astimezone(zone).utcoffset()
    if edge.astimezone(zone).utcoffset() == offset:
        return full
    return _first(edge, full, lambda moment: moment.astimezone(zone).utcoffset() == offset)


def _date_edges(start: datetime, interval: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Where local days, weeks (from Monday) or months begin; a day that was skipped begins where the next one does."""
    day = _wall(start, zone).date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    elif interval == "month":
        day = day.replace(day=1)
    while True:
        yield first_instant(datetime.combine(day, time()), zone)
        if interval == "month":
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            day += _ROUGHLY[interval]
