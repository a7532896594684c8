"""The filters of the Audit log: words, range, kinds of events, actor, sign-up.

All but the words live in the address: what somebody looks for is nobody else's business, and stays in the browser's
tab. What they ask for is what the screen shows and what an export writes.
"""

from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from dashboard import state, times
from dashboard.parts import filters
from dashboard.parts.filters import CUSTOM, Filters
from signup.clock import text
from signup.measure.question import SettledQuestion
from signup.record.events import ACTOR, ID, Kind
from signup.record.log import LogQuery

FAMILIES = tuple(dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in Kind))
KINDS = (*FAMILIES, *Kind)
ACTORS = ("watcher", "callback", "cli", "user:local", "system")
KEYS = (state.KIND, state.ACTOR, state.ABOUT)
SEARCH = "search_events"
MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Asked:
    """What the visitor chose. `about`: the id of one sign-up; `text`: the words searched for."""

    filters: Filters
    kinds: tuple[str, ...] = ()
    actor: str | None = None
    about: str | None = None
    text: str | None = field(default=None, repr=False)

    @property
    def narrowed(self) -> bool:
        """Whether more than the range is chosen."""
        return bool(self.kinds or self.actor or self.about or self.text)

    def settled(self, now: datetime) -> SettledQuestion:
        """The range with both ends. Raises UsageWrong."""
        return self.filters.question().settled(now)

    def query(self, now: datetime) -> LogQuery:
        """The same as a question to the log; without an end unless one was chosen. Raises UsageWrong."""
        settled = self.settled(now)
        end = text(settled.end) if self.filters.range == CUSTOM and self.filters.end else None
        return LogQuery(self.kinds, self.about, self.actor, text(settled.start), end, self.text)


def row() -> tuple[Asked, bool]:
    """The whole row, and whether new events are followed."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key="filters"):
        searched, chosen = _search(), filters.period()
        what = _kinds(), _actor(), _about(), searched
        follow = st.toggle(
            "Follow",
            key=state.FOLLOW,
            help="Show new events as they come, on the first page. Off: they are counted, and no row moves",
        )
    start, end = filters.ends(chosen)
    return Asked(Filters(chosen, start, end, zone=times.shown_zone()), *what), follow


def clear() -> None:
    """Everything but the range."""
    state.clear(KEYS)
    state.remember(SEARCH, "")


def _search() -> str | None:
    typed = st.text_input(
        "Search",
        key=SEARCH,
        type="search",
        on_change=state.clear,
        args=((),),
        placeholder="Search events, ids, codes",
        help="Events with all these words, as an export writes them. They stay in this tab: not in the address, no log",
        label_visibility="collapsed",
        width=300,
    )
    return (typed or "").strip()[:MOST_CHARACTERS] or None


def _kinds() -> tuple[str, ...]:
    state.many(state.KIND, KINDS)
    chosen = st.multiselect(
        "Events",
        KINDS,
        key=state.KIND,
        max_selections=state.MOST_VALUES,
        placeholder="All events",
        on_change=state.keep,
        args=(state.KIND,),
        label_visibility="collapsed",
        width=220,
    )
    return tuple(chosen)


def _actor() -> str | None:
    """A known one, or one that is typed, such as api:web."""
    state.word(state.ACTOR, ACTOR)
    return st.selectbox(
        "Actor",
        ACTORS,
        index=None,
        key=state.ACTOR,
        accept_new_options=True,
        placeholder="All actors",
        on_change=state.keep,
        args=(state.ACTOR,),
        label_visibility="collapsed",
        width=140,
    )


def _about() -> str | None:
    state.word(state.ABOUT, ID)
    return (
        st.text_input(
            "Sign-up",
            key=state.ABOUT,
            placeholder="One sign-up's id",
            validate=(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "A sign-up's id has 36 characters"),
            on_change=state.keep,
            args=(state.ABOUT,),
            label_visibility="collapsed",
            width=170,
        )
        or None
    )
