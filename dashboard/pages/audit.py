"""Audit log: every event in order, sealed. Export from here.

From top to bottom: the seal, filters, the table, how much of it is shown. While following, the first page shows new
events as they come; paused or on an older page it stands still and counts them.
"""

import streamlit as st

from dashboard import shared, state, times
from dashboard.parts import cards, drawer, event_filters, event_table, export_drawer, header, pager, seal
from dashboard.parts.event_filters import Asked
from dashboard.parts.pager import PAGE, Place
from dashboard.reading import Look, look
from signup.errors import SignupError
from signup.measure.figures import count

EVERY_SECONDS = 2
NAME = "events"
services = shared.services()


def show(asked: Asked, *, follow: bool) -> None:
    """The table and the line under it."""
    try:
        seen = look(asked.query(services.clock.now()), pager.here(NAME, asked), follow=follow)
    except SignupError as problem:
        cards.broken(problem, height=event_table.HEIGHT)
        return
    pager.go(seen.place)
    if seen.events:
        with st.container(height=event_table.HEIGHT, border=False):
            event_table.show(seen.events, times.zone(), f"{count(seen.total)} events, the newest first")
    else:
        nothing(asked)
    pager.footer(
        seen.place,
        told(seen, seen.place, follow=follow),
        end=seen.events[-1].seq if len(seen.events) == PAGE else None,
        top=seen.head.seq,
        fresh=seen.fresh,
        thing="event",
    )


def told(seen: Look, place: Place, *, follow: bool) -> str:
    """How many match, and whether the table moves."""
    state_of_it = "paused" if not follow else "following" if place.live else "standing still on an older page"
    icon = "sync" if place.live else "pause"
    return (
        f"{count(seen.total)} of {count(seen.head.seq)} events match · {place.shown(len(seen.events))}, newest first · "
        f":material/{icon}: {state_of_it}"
    )


def nothing(asked: Asked) -> None:
    """Why the table is empty, and the way out."""
    if asked.narrowed:
        with cards.note("No events match.", height=event_table.HEIGHT, icon="filter_alt_off"):
            st.button("Clear filters", key="clear_filters", on_click=clear)
    else:
        told = "No events in this range. The first sign-up writes the first ones."
        cards.note(told, height=event_table.HEIGHT, icon="event_busy")


def clear() -> None:
    state.clear(event_filters.KEYS)
    st.rerun()


header.show("Audit log", "Every event in order, sealed as it happens")
seal.show()
asked, follow = event_filters.row()
st.fragment(show, run_every=EVERY_SECONDS)(asked, follow=follow)
if not drawer.show():
    export_drawer.show(asked)
