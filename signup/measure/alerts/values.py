"""What the rules look at: the counts of each minute, and any rule's reading at any minute out of them.

    counted = values.read(services, start, end)
    counted.reading(rule, at)

The one place where alerts meet the numbers: the watcher reads the last hour with it, a trial the last month. Everything
belongs to the minute of its start, a lock hit to its own. It must not judge a value.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from signup import clock
from signup.errors import NumbersBehind, StoreHeld
from signup.measure.alerts.rules import Reading, Rule
from signup.measure.contribution import micros
from signup.measure.fold import fold
from signup.measure.rows import OPENED, SENT
from signup.model import OPEN, Status
from signup.record import log
from signup.services import Services
from signup.store import Row

MINUTE = timedelta(minutes=1)
NAMES = ("started", "sent", "opened", "completed", "failed", "finished", "badAppKey", "lockHits", "tries")
PATIENCE = 10.0
"""How many seconds a reader folds what is not counted yet."""

Counted = tuple[str, int, int]
"""A name, a minute since 1970, how many."""

_MICROSECONDS = 60_000_000


class Minutes:
    """The counts of every whole minute in [start, end), both aware UTC, kept as sums so far: a range costs nothing."""

    def __init__(self, start: datetime, end: datetime, found: Iterable[Counted]) -> None:
        """`found` in any order; what lies outside is left out."""
        self.start, self.end = whole_minute(start), whole_minute(end)
        size, first = max(0, (self.end - self.start) // MINUTE), minute_of(start)
        counts = {name: [0] * size for name in NAMES}
        for name, minute, count in found:
            if 0 <= minute - first < size:
                counts[name][minute - first] += count
        self._sums = {name: [0, *accumulate(each)] for name, each in counts.items()}

    def reading(self, rule: Rule, at: datetime) -> Reading:
        """What the rule's figure was at the beginning of the minute `at`; what lies outside counts as nothing."""
        now = whole_minute(at)
        start, end = now - rule.since * MINUTE, now - rule.until * MINUTE
        part = self._between(rule.figure.part, start, end)
        if rule.figure.whole is None:
            return Reading(part, 1, self._between("started", start, end))
        whole = self._between(rule.figure.whole, start, end)
        return Reading(part, whole, whole)

    def _between(self, name: str, start: datetime, end: datetime) -> int:
        sums = self._sums[name]
        first, last = (min(max((edge - self.start) // MINUTE, 0), len(sums) - 1) for edge in (start, end))
        return sums[last] - sums[first]


def whole_minute(moment: datetime) -> datetime:
    """The beginning of a moment's minute."""
    return moment.replace(second=0, microsecond=0)


def minute_of(moment: datetime) -> int:
    """A moment's minute, counted from 1970."""
    return micros(clock.text(moment)) // _MICROSECONDS


def read(services: Services, start: datetime, end: datetime, patience: float = PATIENCE) -> Minutes:
    """The counts of [start, end) as the log tells them now: sealed, folded, then read.

    Raises NumbersBehind when `patience` seconds of folding are not enough, or somebody else counts all that time;
    StoreUnavailable, RecordAltered.
    """
    log.seal_first(services)
    until = services.clock.monotonic() + patience
    try:
        behind = fold(services, go_on=lambda: services.clock.monotonic() < until, anew=False).behind
    except StoreHeld:
        behind = True
    if behind:
        raise NumbersBehind("The numbers are still being counted: look again in a minute.")
    span = {"start": minute_of(start) * _MICROSECONDS, "end": minute_of(end) * _MICROSECONDS}
    with services.rolls.read() as tx:
        signups, hits = tx.all("started_by_minute", **span), tx.all("hits_by_minute", **span)
    found = [(name, row["minute"], row["n"]) for row in signups for name in _names(row)]
    found += [(name, row["minute"], row["n"]) for row in hits for name in ("lockHits", "tries")]
    return Minutes(start, end, found)


def _names(row: Row) -> Iterator[str]:
    """What the sign-ups of a row count as."""
    yield from ("started", "tries")
    if row["step"] >= SENT:
        yield "sent"
    if row["step"] >= OPENED:
        yield "opened"
    if row["status"] not in OPEN:
        yield "finished"
    if row["status"] in (Status.COMPLETED, Status.FAILED):
        yield row["status"]
    if row["status"] == Status.FAILED and row["bad_app_key"]:
        yield "badAppKey"
