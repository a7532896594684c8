"""What one row adds to the roll-ups: pure, so that new minus old is all that the fold ever has to write.

Stands between the rows (rows.py) and the fold. A sign-up contributes once it is finished, by its start; open and
replayed ones contribute nothing. A mark contributes by its own time. Buckets are UTC, in microseconds since 1970. It
must not read or write.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from signup.measure import bins
from signup.measure.rows import Cause, Hit, Mark, Rejected, SignUp

EVERY = "*"
"""All countries, or all channels, in one row."""

SECOND = 1_000_000
SPANS = (900, 3600, 21600, 86400)
"""Seconds of a cell, narrow to wide."""

ERROR_SPANS = (900, 86400)
COLUMNS = (
    *("completed", "declined", "expired_0", "expired_1", "expired_2"),
    *("failed_0", "failed_1", "failed_2", "failed_3", "lock_hits", "early_hits", "rejected"),
)
_PLACE = {name: place for place, name in enumerate(COLUMNS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

CellKey = tuple[int, str, str, int]
"""span, country, channel, bucket"""

HistKey = tuple[str, str, str, str, int, str]
"""span, metric, country, channel, bucket, outcome"""

NarrowKey = tuple[str, str, str, int, str]
"""metric, country, channel, six hours, outcome"""

ErrorKey = tuple[int, str, str, int, str, str, str, int]
"""span, country, channel, bucket, outcome, step, code, fatal"""


@dataclass
class Deltas:
    """What is to be added to each table, merged by key. `hist` adds histograms (bins.py), the narrow ones alone."""

    cells: defaultdict[CellKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(COLUMNS)))
    hist: defaultdict[NarrowKey, int] = field(default_factory=lambda: defaultdict(int))
    errors: defaultdict[ErrorKey, int] = field(default_factory=lambda: defaultdict(int))

    def __len__(self) -> int:
        return len(self.cells) + len(self.hist) + len(self.errors)

    def histograms(self) -> dict[HistKey, int]:
        """What is to be added to each histogram, in the order of the key."""
        found: defaultdict[HistKey, int] = defaultdict(int)
        for (metric, country, channel, at, outcome), change in self.hist.items():
            for span, bucket in (("month", month_of(at)), ("day", floor(at, 86400)), ("6h", at)):
                for place in _places(country, channel):
                    found[span, metric, *place, bucket, outcome] += change
        return {key: change for key, change in sorted(found.items()) if change}


def micros(at: str) -> int:
    """Fixed-width UTC text as microseconds since 1970."""
    return (datetime.fromisoformat(at) - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """Microseconds since 1970 as an aware UTC moment."""
    return _EPOCH + timedelta(microseconds=at)


def floor(at: int, seconds: int) -> int:
    """The beginning of the UTC bucket in which a moment lies."""
    return at - at % (seconds * SECOND)


def month_of(at: int) -> int:
    """The beginning of the UTC month in which a moment lies."""
    return _month_of_day(floor(at, 86400))


@lru_cache(maxsize=4096)
def _month_of_day(day: int) -> int:
    first = moment(day).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - _EPOCH) // _MICROSECOND


def contribution(signup: SignUp | None, deltas: Deltas, sign: int = 1) -> None:
    """Add (or, with -1, take away) what a sign-up counts for."""
    if signup is None or signup.replayed or signup.outcome == "open":
        return
    at, outcome = micros(signup.at), signup.outcome
    places = _places(signup.country, signup.channel)
    column = _PLACE[_column(outcome, signup.step)]
    for span in SPANS:
        bucket = floor(at, span)
        for country, channel in places:
            deltas.cells[span, country, channel, bucket][column] += sign
    for metric, ms in durations(signup):
        deltas.hist[metric, signup.country, signup.channel, floor(at, 21600), outcome] += sign * bins.of(ms)
    for cause, fatal in causes(signup):
        _add_error(deltas, places, at, outcome, cause, fatal, sign)


def contribution_of_mark(mark: Mark, deltas: Deltas) -> None:
    """Add what a hit, a rejected number or a quarantined callback counts for. A country nobody knows has no row."""
    at = micros(mark.at)
    if isinstance(mark, Hit | Rejected):
        places = _places(mark.country, mark.channel)
        for span in SPANS:
            bucket = floor(at, span)
            for country, channel in places:
                cell = deltas.cells[span, country, channel, bucket]
                if isinstance(mark, Hit):
                    cell[_PLACE["lock_hits"]] += 1
                    cell[_PLACE["early_hits"]] += mark.early
                else:
                    cell[_PLACE["rejected"]] += 1
        if isinstance(mark, Hit) and mark.retry_ms is not None:
            where = mark.country, mark.channel, floor(at, 21600), ""
            deltas.hist["retry", *where] += bins.of(mark.retry_ms)
            deltas.hist["retry_second", *where] += bins.of_seconds(mark.retry_ms)
    else:
        _add_error(deltas, ((EVERY, EVERY),), at, "", ("callback", mark.reason), fatal=False, sign=1)


def durations(signup: SignUp) -> Iterator[tuple[str, int]]:
    """(metric, milliseconds) of what is known; a decline's time only where no approval's is."""
    if signup.request_ms is not None:
        yield "request", signup.request_ms
    if signup.approve_ms is not None:
        yield "approve", signup.approve_ms
    elif signup.decline_ms is not None:
        yield "decline", signup.decline_ms
    if signup.profile_ms is not None:
        yield "profile", signup.profile_ms


def causes(signup: SignUp) -> Iterator[tuple[Cause, bool]]:
    """((step, code), whether it ended the sign-up), each pair once."""
    ended = signup.error if signup.outcome == "failed" else None
    if ended:
        yield ended, True
    for cause in signup.warnings:
        if cause != ended:
            yield cause, False


def _places(country: str | None, channel: str) -> tuple[tuple[str, str], ...]:
    if country is None:
        return (EVERY, channel), (EVERY, EVERY)
    return (country, channel), (country, EVERY), (EVERY, channel), (EVERY, EVERY)


def _column(outcome: str, step: int) -> str:
    """Completed and declined stand for their furthest step; nobody expires who approved."""
    if outcome in ("completed", "declined"):
        return outcome
    return f"{outcome}_{min(step, 2) if outcome == 'expired' else step}"


def _add_error(
    deltas: Deltas, places: Iterable[tuple[str, str]], at: int, outcome: str, cause: Cause, fatal: bool, sign: int
) -> None:
    for span in ERROR_SPANS:
        for country, channel in places:
            deltas.errors[span, country, channel, floor(at, span), outcome, *cause, int(fatal)] += sign
