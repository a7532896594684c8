"""The filters of the Sign-ups page: search, range, country, channel, outcome, and the error that a link asks for.

All but the search live in the address: what is searched for may be a phone number, and that never gets there.
"""

import streamlit as st

from dashboard import labels, state, times
from dashboard.listing import Asked
from dashboard.parts import filters
from dashboard.parts.filters import Filters
from signup import words

SEARCH = "search_signups"
MOST_CHARACTERS = 64
CAUSE = (state.STEP, state.CODE, state.WARNED)


def row(countries: list[str], channels: list[str]) -> Asked:
    """Two rows: what to look through, and what of it."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="xsmall", key="filters"):
        searched, chosen = _search(), filters.period()
        country, channel = filters.country(countries), filters.channel(channels)
    start, end = filters.ends(chosen)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="outcomes"):
        outcomes = _outcomes()
        cause, warned = _cause()
    zone = times.shown_zone()
    narrowed = Filters(chosen, start, end, countries=country, outcomes=outcomes, channels=channel, zone=zone)
    return Asked(narrowed, searched, cause, warned)


def address(asked: Asked) -> dict[str, str | list[str]]:
    """The same filters as the address holds them; the search is not among them."""
    step, code = asked.cause or ("", "")
    warned = "1" if asked.warned else ""
    return asked.filters.address(**{state.STEP: step, state.CODE: code, state.WARNED: warned})


def clear() -> None:
    """Everything but the range."""
    state.clear((state.COUNTRY, state.OUTCOME, state.CHANNEL, *CAUSE))


def _search() -> str:
    typed = st.text_input(
        "Search",
        key=SEARCH,
        type="search",
        on_change=state.clear,
        args=((),),
        placeholder="Number, sign-up id, request id",
        label_visibility="collapsed",
        width=300,
    )
    return (typed or "").strip()[:MOST_CHARACTERS]


def _outcomes() -> tuple[str, ...]:
    names = {code: f"{labels.icon(look.icon)} {look.name}" for code, look in labels.OUTCOME.items()}
    state.many(state.OUTCOME, names)
    chosen = st.pills(
        "Outcome",
        list(names),
        selection_mode="multi",
        key=state.OUTCOME,
        format_func=names.__getitem__,
        on_change=state.keep,
        args=(state.OUTCOME,),
        label_visibility="collapsed",
    )
    return tuple(chosen)


def _cause() -> tuple[tuple[str, str] | None, bool]:
    """An error that was followed from the Overview, and whether as a warning, with the way out of it."""
    step, code = st.query_params.get(state.STEP), st.query_params.get(state.CODE)
    if step not in words.STEPS or code not in words.CODES:
        return None, False
    warned = state.is_on(state.WARNED)
    st.button(
        f"{words.CODES[code]} `{code}`{' · a warning' if warned else ''}",
        key="cause",
        icon=":material/close:",
        help="Show the others too",
        on_click=state.clear,
        args=(CAUSE,),
    )
    return (step, code), warned
