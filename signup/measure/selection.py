"""The rows a question is about: those in its range that pass its filters.

Stands between the history and the count (stats.py). A sign-up belongs to the time of its start; a lock hit, a rejected
number, a quarantined callback to its own. It must not count.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from signup import clock
from signup.measure.calendar import Bucket
from signup.measure.history import History
from signup.measure.question import SettledQuestion
from signup.measure.rows import Hit, Quarantined, Rejected, SignUp


class Timed(Protocol):
    """A row with a time, as fixed-width text."""

    @property
    def at(self) -> str: ...


Row = TypeVar("Row", bound=Timed)


@dataclass(frozen=True)
class Selection:
    """The rows of one question. `by_outcome`: only sign-ups of some outcomes, so nothing may be divided by them."""

    signups: list[SignUp]
    hits: list[Hit]
    rejected: list[Rejected]
    quarantined: list[Quarantined]
    by_outcome: bool


def select(history: History, question: SettledQuestion) -> Selection:
    """The rows of a question. Naming every country or channel the log knows is no filter."""
    countries = _filter(question.countries, history.countries)
    channels = _filter(question.channels, history.channels)
    low, high = clock.text(question.start), clock.text(question.end)

    def within(row: SignUp | Hit | Rejected) -> bool:
        return (
            low <= row.at < high
            and (not countries or row.country in countries)
            and (not channels or row.channel in channels)
        )

    unfiltered = not (countries or channels or question.outcomes)
    return Selection(
        signups=[row for row in history.signups if within(row) and row.outcome in (question.outcomes or {row.outcome})],
        hits=[row for row in history.hits if within(row)],
        rejected=[row for row in history.rejected if within(row)],
        quarantined=[row for row in history.quarantined if unfiltered and low <= row.at < high],
        by_outcome=bool(question.outcomes),
    )


def grouped(rows: Iterable[Row], buckets: Sequence[Bucket]) -> list[list[Row]]:
    """The rows of each bucket; every row must lie in one of them."""
    starts = [clock.text(bucket.start) for bucket in buckets]
    groups: list[list[Row]] = [[] for _ in buckets]
    for row in rows:
        groups[bisect_right(starts, row.at) - 1].append(row)
    return groups


def _filter(chosen: frozenset[str], known: set[str]) -> frozenset[str]:
    return frozenset() if known and chosen >= known else chosen
