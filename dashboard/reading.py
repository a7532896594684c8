"""One look at the audit log: the head, one page of what was asked for, and how much came since the page stood still.

Between the record and the Audit page. What is sealed never changes, but for what is redacted or pruned: so a look up to
the same event is kept until then, and costs nothing while nothing happens. It must not draw.
"""

from dataclasses import dataclass

import streamlit as st

from dashboard import shared
from dashboard.parts.pager import PAGE, Place
from signup.model import Event
from signup.record import log
from signup.record.log import MOST_COUNTED, Head, LogQuery


@dataclass(frozen=True)
class Look:
    """`place`: where the visitor now is. `total`: how many events match. `fresh`: how many came since `place.top`.

    Neither is counted beyond MOST_COUNTED.
    """

    head: Head
    place: Place
    events: list[Event]
    total: int
    fresh: int


def look(query: LogQuery, place: Place, *, follow: bool) -> Look:
    """Seal what waits, then read. An empty table shows what comes even where it is not followed: nothing in it can
    move. Raises StoreUnavailable, RecordAltered."""
    services = shared.services()
    log.seal_first(services)
    head = log.head(services)
    place = place.settled(head.seq, follow=follow)
    top = head.seq if place.live else place.top
    log_as_it_is = (head.log_id, head.pruned_to, head.redaction)
    events = _page(log_as_it_is, query, int(place.before or top + 1))
    total = _total(log_as_it_is, query, 0, head.seq)
    fresh = 0 if place.live else _total(log_as_it_is, query, top, head.seq)
    if fresh and not events and not place.cursors:
        return look(query, Place(place.name, place.about), follow=follow)
    return Look(head, place, events, total, fresh)


@st.cache_data(max_entries=50, show_spinner=False)
def _page(about: tuple[object, ...], query: LogQuery, before: int) -> list[Event]:  # noqa: ARG001  a cache key
    return log.page(shared.services(), query, before=before, limit=PAGE)


@st.cache_data(max_entries=200, show_spinner=False)
def _total(about: tuple[object, ...], query: LogQuery, after: int, up_to: int) -> int:  # noqa: ARG001
    return log.count(shared.services(), query, up_to, after=after, most=MOST_COUNTED)
