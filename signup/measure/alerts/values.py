"""What the rules look at: the counts of each minute, and any rule's reading at any minute out of them.

    counted = values.read(services, start, end)
    counted.reading(rule, at)

The one place where alerts meet the numbers: the watcher reads the last hour with it, a trial the last month. Everything
belongs to the minute of its start, a lock hit to its own. It must not judge a value.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate

from signup import clock
from signup.measure.alerts.rules import Reading, Rule
from signup.measure.history import History
from signup.measure.rows import OPENED, SENT, SignUp
from signup.record import log
from signup.services import Services

MINUTE = timedelta(minutes=1)
NAMES = ("started", "sent", "opened", "completed", "failed", "finished", "badAppKey", "lockHits", "tries")
PAGE = 5_000


class Minutes:
    """The counts of every whole minute in [start, end), both aware UTC, kept as sums so far: a range costs nothing."""

    def __init__(self, start: datetime, end: datetime, found: Iterable[tuple[str, str, int]]) -> None:
        """`found`: (name, fixed-width time, count) in any order; what lies outside is left out."""
        self.start, self.end = whole_minute(start), whole_minute(end)
        size = max(0, (self.end - self.start) // MINUTE)
        counts = {name: [0] * size for name in NAMES}
        for name, at, count in found:
            place = (clock.moment(at) - self.start) // MINUTE
            if 0 <= place < size:
                counts[name][place] += count
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


def read(services: Services, start: datetime, end: datetime) -> Minutes:
    """The counts of [start, end) as the log tells them now. Raises StoreUnavailable, RecordAltered."""
    history, query = History(), log.LogQuery(start=clock.text(whole_minute(start)))
    page_is_full = True
    while page_is_full:
        events = log.after(services, query, history.seq, PAGE)
        for event in events:
            history.apply(event)
        page_is_full = len(events) == PAGE
    return of(history, start, end)


def of(history: History, start: datetime, end: datetime) -> Minutes:
    """The counts of [start, end) out of a history."""
    found = [(name, signup.at, 1) for signup in history.signups for name in _names(signup)]
    found += [(name, hit.at, 1) for hit in history.hits for name in ("lockHits", "tries")]
    return Minutes(start, end, found)


def _names(signup: SignUp) -> list[str]:
    """What one sign-up counts as."""
    says = {
        "started": True,
        "tries": True,
        "sent": signup.step >= SENT,
        "opened": signup.step >= OPENED,
        "completed": signup.outcome == "completed",
        "failed": signup.outcome == "failed",
        "finished": signup.outcome != "open",
        "badAppKey": signup.outcome == "failed" and signup.error == ("request", "bad_app_key"),
    }
    return [name for name, so in says.items() if so]
