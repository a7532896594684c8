"""Health: why did the callback not come? What is wrong stands first, with its cure.

Top to bottom: how many problems, why no callback comes, what else is wrong with what to do, then every check in both
directions, who waits, what matches nothing, this machine and its settings. It looks again every ten seconds; a check
never makes a phone ring.
"""

import streamlit as st

from dashboard import shared, times
from dashboard.parts import cards, findings, header, health_cards, links
from signup.errors import SignupError

EVERY_SECONDS = 10
HEIGHT = 420
services = shared.services()


def show(held: tuple[str, ...]) -> None:
    """Everything under the header. `held`: what was not fine when the page was opened."""
    found = findings.latest(services.settings.database_name)
    findings.badges(found, times.second(found.at, times.zone()))
    findings.why(found)
    findings.problems(found, held)
    left, right = st.columns(2, gap="small")
    with left:
        findings.table(found, "in", "From Truecaller to us")
    with right:
        findings.table(found, "out", "From us to Truecaller")
    readable = callbacks()
    left, right = st.columns([8, 5], gap="small")
    with left:
        health_cards.settings(services)
    with right:
        findings.table(found, "here", "This machine")
        health_cards.versions(services, readable=readable)


def callbacks() -> bool:
    """Who waits for one, and which ones nobody waited for; whether that could be read."""
    left, right = st.columns([8, 5], gap="small")
    try:
        with left:
            health_cards.waiting(services)
        with right:
            health_cards.apart(services)
    except SignupError as problem:
        cards.broken(problem, height=HEIGHT)
        return False
    return True


with header.show("Health", "Why did the callback not come? What is wrong stands first, with its cure"):
    links.see(links.GO_LIVE, "Go live", {})
    st.button("Check again", icon=":material/refresh:", key="check_again", on_click=findings.again)
with st.skeleton(height=HEIGHT):
    first = findings.latest(services.settings.database_name)
st.fragment(show, run_every=EVERY_SECONDS)(first.not_fine)
