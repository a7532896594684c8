"""Overview: how people get through sign-up, what goes wrong and what to do about it.

From top to bottom: filters, what is shown and when it was counted, seven figures, seven cards. The body asks again
every five seconds; filters stay outside of it. Before the first sign-up it says how to make one.
"""

from contextlib import AbstractContextManager

import streamlit as st

from dashboard import labels, shared, state
from dashboard.parts import (
    breakdowns,
    cards,
    filters,
    first_run,
    header,
    kpis,
    moved,
    report_button,
    saved_views,
    trends,
)
from dashboard.parts.filters import Filters
from dashboard.parts.view import View, look
from dashboard.parts.window import tell
from signup.errors import SignupError
from signup.words import FUNNEL

EVERY_SECONDS = 5
WHOLE_HEIGHT = 420


def show(chosen: Filters) -> None:
    """Everything under the filters."""
    try:
        view = look(chosen)
    except SignupError as problem:
        cards.broken(problem, height=WHOLE_HEIGHT)
        return
    tell(view)
    with cards.guarded():
        kpis.show(view.numbers)
    with cards.guarded():
        moved.show(view)
    over_time(view)
    causes(view)


def over_time(view: View) -> None:
    """Outcomes and funnel, success rate and lock, latency."""
    left, right = st.columns([8, 5], gap="small")
    with left, card("Outcomes over time", "sign-ups by start time", "outcomes", "series"):
        trends.outcomes(view)
    with right, card("Funnel", "every sign-up of the range", "funnel", "funnel", *FUNNEL):
        trends.funnel(view)
    left, right = st.columns([8, 5], gap="small")
    with left, card("Success rate", "completed ÷ finished", "success", "successRate", "Rates"):
        trends.success(view)
    with right, card("Lock", breakdowns.lock_counted(), "lock", "lockHits", "retrySeconds"):
        breakdowns.lock(view)
    with card("Latency", trends.latency_counted(view), "latency", "latency", "Percentiles"):
        trends.latency(view)


def causes(view: View) -> None:
    """Errors with their cure, and countries."""
    left, right = st.columns([8, 5], gap="small")
    with left, card("Errors and what to do", "step × code", "errors", "errors"):
        breakdowns.errors(view)
    with right, card("By country", "from the number range", "countries", "byCountry"):
        breakdowns.countries(view)


def card(title: str, what: str, name: str, *numbers: str) -> AbstractContextManager[None]:
    """A card whose help sign tells how these numbers of the glossary are counted."""
    return cards.card(title, what, key=f"card_{name}", told=labels.counted(*numbers))


actions = header.show("Overview", "How people get through Truecaller sign-up")
with st.skeleton(height=WHOLE_HEIGHT):
    empty = shared.is_empty()
if empty:
    first_run.show()
else:
    with actions:
        follow = st.toggle("Auto-refresh", value=True, key=state.AUTO_REFRESH, help="Count again every 5 seconds")
    now = shared.services().clock.now()
    chosen = filters.row(*shared.known(), now)
    with actions:
        saved_views.show("overview", chosen.whole_address())
        report_button.show(chosen)
    st.fragment(show, run_every=EVERY_SECONDS if follow and chosen.moves(now) else None)(chosen)
