"""The top of every page: what it is, whose clock it tells and how far it was moved, what fires, the mode, its actions.

    with header.show("Overview", "How people get through Truecaller sign-up"):
        st.toggle("Auto-refresh", ...)

Alerts come and go by themselves, at a place that is theirs in any case. It must not count anything.
"""

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import labels, shared, state, times, watched
from dashboard.parts import clocks, links
from signup.measure.figures import count

PLACE = 224
"""What comes and goes has its place in any case, so that nothing moves for it: a clock and an alert."""
NOW_SECONDS = 30
"""The rules are looked at once a minute, and many open pages must stay cheap."""


def show(title: str, caption: str, *, in_zone: bool = True) -> DeltaGenerator:
    """Draw the header; the row at its right, where the page puts its actions. `in_zone`: the page shows times."""
    zone = f" · times in {times.shown_zone()}" if in_zone else ""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        with st.container(width="content", gap=None):
            st.subheader(title, anchor=False)
            st.caption(f"{caption}{zone}")
        with _row("stretch"):
            with _row():
                with st.container(width=PLACE, key="now"):
                    st.fragment(_now, run_every=NOW_SECONDS)()
                st.markdown(labels.MODE[shared.services().settings.mode].badge(), width="content")
            actions = _row()
    if in_zone:
        with actions:
            _zone_switch()
    return actions


def _row(width: Literal["content", "stretch"] = "content") -> DeltaGenerator:
    """On a narrow screen its parts stand under each other, at the right."""
    return st.container(
        horizontal=True, horizontal_alignment="right", width=width, vertical_alignment="center", gap="small"
    )


def _now() -> None:
    """The clock, while it is ahead; and what fires."""
    ahead = shared.services().clock.ahead()
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        if ahead:
            st.markdown(labels.CLOCK.badge(f"Clock {clocks.ahead(ahead)}"), width="content")
        _alerts()


def _alerts() -> None:
    """What fires, by name when it is one thing, and the way to it."""
    found = watched.firing()
    if not found:
        return
    what = found[0].rule.figure.name if len(found) == 1 else f"{count(len(found))} alerts"
    colour = "red" if found[0].is_alert else "orange"
    st.page_link(links.ALERTS, label=labels.badge(what, colour, "notification_important"), width="content")


def _zone_switch() -> None:
    """Only where it would change anything."""
    if times.viewer_zone() != times.UTC:
        state.flag(state.UTC)
        st.toggle("UTC", key=state.UTC, on_change=state.keep, args=(state.UTC,))
