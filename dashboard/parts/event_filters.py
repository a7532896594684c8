"""The filters of the Audit log: range, kinds of events, actor, sign-up. All of them live in the address.

What they ask for is what the screen shows and what an export writes.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Asked:
    """What the visitor chose. `about`: the id of one sign-up."""

    filters: Filters
    kinds: tuple[str, ...] = ()
    actor: str | None = None
    about: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether more than the range is chosen."""
        return bool(self.kinds or self.actor or self.about)

    def settled(self, now: datetime) -> SettledQuestion:
        """The range with both ends. Raises UsageWrong."""
        return self.filters.question().settled(now)

    def query(self, now: datetime) -> LogQuery:
        """The same as a question to the log; without an end unless one was chosen. Raises UsageWrong."""
        settled = self.settled(now)
        end = text(settled.end) if self.filters.range == CUSTOM and self.filters.end else None
        return LogQuery(self.kinds, self.about, self.actor, text(settled.start), end)


def row() -> tuple[Asked, bool]:
    """The whole row, and whether new events are followed."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key="filters"):
        chosen, start, end = filters.period()
        asked = Asked(Filters(chosen, start, end, zone=times.shown_zone()), _kinds(), _actor(), _about())
        follow = st.toggle(
            "Follow", value=True, key=state.FOLLOW, help="Show new events as they come; off: they are only counted"
        )
    return asked, follow


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
        width=250,
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
        width=160,
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
            width=300,
        )
        or None
    )
