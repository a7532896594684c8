"""Sign-ups: every one of them, newest first, each with its whole timeline.

From top to bottom: filters, the table, how much of it is shown. The first page shows new sign-ups as they come; any
other stands still and counts them. `?signup=` opens one in a drawer.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import listing, shared, state, times
from dashboard.listing import Asked, Found
from dashboard.parts import cards, drawer, header, links, pager, saved_views, signup_filters, signup_table
from dashboard.parts.pager import PAGE, Place
from signup.errors import SignupError
from signup.flow import signups
from signup.record.events import ID

EVERY_SECONDS = 5
NAME = "signups"
services = shared.services()


def show(asked: Asked) -> None:
    """The table and the line under it."""
    place = pager.here(NAME, asked, ID)
    try:
        before = signups.one(services, place.before) if place.before else None
        found = listing.find(services, asked, before, PAGE)
        fresh = listing.newer(services, asked, place.top) if place.top else 0
    except SignupError as problem:
        cards.broken(problem, height=signup_table.HEIGHT)
        return
    if found.rows:
        with st.container(height=signup_table.HEIGHT, border=False):
            signup_table.show(found.rows, times.zone(), f"{found.told_total} sign-ups, the newest first")
    else:
        nothing(asked)
    drawer.choose(signup_table.choices(found.rows))
    rest = len(found.rows) == PAGE
    pager.footer(
        place,
        told(asked, place, found),
        end=found.rows[-1].id if rest else None,
        top=found.rows[0] if found.rows else None,
        fresh=fresh,
        thing="sign-up",
    )


def told(asked: Asked, place: Place, found: Found) -> str:
    """How much of what is shown, and when it was looked at."""
    if asked.words:
        return f"{found.told_total} found by number or id, whenever they began; the filters play no part"
    seen = times.second(services.clock.now(), times.zone())
    return (
        f"Showing {place.shown(len(found.rows))} of {found.told_total} · newest first · :material/sync: updated {seen}"
    )


def nothing(asked: Asked) -> None:
    """Why the table is empty, and the way out."""
    if asked.words:
        note("No sign-up has this number or id. Numbers are searched whole, with + and country code.", "search_off")
    elif shared.is_empty():
        with note("No sign-ups yet. The first one appears here by itself.", "group"):
            if st.button("Try it", icon=":material/smartphone:", type="primary", key="go_try_it"):
                links.go(links.TRY_IT)
    elif asked.narrowed:
        with note("No sign-ups match.", "filter_alt_off"):
            st.button("Clear filters", key="clear_filters", on_click=clear)
    else:
        note("No sign-ups in this range. Choose a longer one.", "event_busy")


def note(sentence: str, icon: str) -> DeltaGenerator:
    return cards.note(sentence, height=signup_table.HEIGHT, icon=icon)


def clear() -> None:
    signup_filters.clear()
    st.rerun()


actions = header.show("Sign-ups", "Every sign-up, newest first. Open one to see its whole timeline")
with actions:
    follow = st.toggle("Auto-refresh", value=True, key=state.AUTO_REFRESH, help="Look again every 5 seconds")
asked = signup_filters.row(*shared.known())
with actions:
    saved_views.show("signups", signup_filters.address(asked))
st.fragment(show, run_every=EVERY_SECONDS if follow and not asked.words else None)(asked)
drawer.show()
