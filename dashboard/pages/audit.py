"""Audit log: every event in order, sealed. Export from here.

From top to bottom: the seal, filters, the table, how much of it is shown. New events are counted, and no row moves
until somebody asks for them. Only who switches Follow on sees them come by themselves, on the first page, while no
sign-up is open beside it.
"""

import re

import streamlit as st

from dashboard import shared, times
from dashboard.parts import cards, drawer, event_filters, event_table, export_drawer, header, pager, seal
from dashboard.parts.event_filters import Asked
from dashboard.parts.pager import PAGE, Place
from dashboard.reading import Look, look
from signup.errors import SignupError
from signup.measure.figures import count, up_to
from signup.record.log import MOST_COUNTED

EVERY_SECONDS = 2
NAME = "events"
A_SEQ = re.compile("[1-9][0-9]{0,17}").fullmatch
services = shared.services()


def show(asked: Asked, *, follow: bool) -> None:
    """The table and the line under it."""
    try:
        place = pager.here(NAME, asked, A_SEQ)
        seen = look(asked.query(services.clock.now()), place, follow=follow and not drawer.is_open())
    except SignupError as problem:
        cards.broken(problem, height=event_table.HEIGHT)
        return
    pager.hold(seen.place)
    if seen.events:
        with st.container(height=event_table.HEIGHT, border=False):
            event_table.show(seen.events, times.zone(), f"{matching(seen)} events, the newest first")
    else:
        nothing(asked)
    drawer.choose(event_table.choices(seen.events))
    pager.footer(
        seen.place,
        told(seen, seen.place, follow=follow),
        end=str(seen.events[-1].seq) if len(seen.events) == PAGE else None,
        top=seen.head.seq,
        fresh=seen.fresh,
        thing="event",
    )


def told(seen: Look, place: Place, *, follow: bool) -> str:
    """How many match, and whether the table moves."""
    still = "standing still" if place.cursors or follow else "new events are only counted"
    moves = ":material/sync: following" if place.live else f":material/pause: {still}"
    whole = count(seen.head.seq - seen.head.pruned_to)
    shown = f" · {place.shown(len(seen.events))}, newest first" if seen.events else ""
    return f"{matching(seen)} of {whole} events match{shown} · {moves}"


def matching(seen: Look) -> str:
    """935, or 10,000+: of a long log nobody counts on."""
    return up_to(seen.total, MOST_COUNTED)


def nothing(asked: Asked) -> None:
    """Why the table is empty, and the way out."""
    if asked.narrowed:
        with cards.note("No events match in this range.", height=event_table.HEIGHT, icon="filter_alt_off"):
            st.button("Clear filters", key="clear_filters", on_click=clear)
    else:
        told = "No events in this range. The first sign-up writes the first ones."
        cards.note(told, height=event_table.HEIGHT, icon="event_busy")


def clear() -> None:
    event_filters.clear()
    st.rerun()


header.show("Audit log", "Every event in order, sealed as it happens")
seal.show()
asked, follow = event_filters.row()
st.fragment(show, run_every=EVERY_SECONDS)(asked, follow=follow)
if not drawer.show():
    export_drawer.show(asked)
