"""Go live: from nothing to the first live sign-up, one step after the other, each ticked by the doctor.

How far it is and five steps, the first that is not done open; beside them what the doctor tried. It looks again every
ten seconds. It must not set anything: what to set is shown to be copied.
"""

import streamlit as st

from dashboard import shared
from dashboard.parts import cards, findings, go_live_steps, header, links
from signup.doctor import going_live
from signup.errors import SignupError

EVERY_SECONDS = 10
HEIGHT = 420
services = shared.services()


def show(opened: str | None) -> None:
    """Every step. `opened`: the one that was next when the page was opened; none opens or closes by itself."""
    found = findings.latest(services.settings.database_name)
    left, right = st.columns([8, 5], gap="small")
    with left, cards.card("From nothing to the first live sign-up", key="go_live"):
        steps = look()
        st.progress(sum(step.done for step in steps) / len(steps), text=go_live_steps.progress(steps))
        for number, step in enumerate(steps, 1):
            go_live_steps.step(number, step, services.settings, expanded=step.id == opened)
    with right:
        findings.table(found, "in", "What the doctor tried")


def look() -> list[going_live.Step]:
    """The steps as the doctor sees them now. Raises StoreUnavailable."""
    checks = findings.latest(services.settings.database_name).checks
    return going_live.steps(services.settings, checks, signed_up=going_live.is_signed_up(services))


def next_step() -> str | None:
    """The first that is not done; None when all are, or nobody could look."""
    try:
        return next((step.id for step in look() if not step.done), None)
    except SignupError:
        return None


with header.show("Go live", "What to set, in which order, each step ticked by the doctor", in_zone=False):
    links.see(links.HEALTH, "Every check", {})
    st.button("Check again", icon=":material/refresh:", key="check_again", on_click=findings.again)
with st.skeleton(height=HEIGHT):
    opened = next_step()
st.fragment(show, run_every=EVERY_SECONDS)(opened)
