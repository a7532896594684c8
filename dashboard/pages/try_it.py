"""Try it: type a number, start, answer the phone, and watch each request as it happens.

Top to bottom: the form, then the phone beside the timeline of the sign-up that the address names (`?signup=`). The
two are drawn again three times a second while something runs, once a second else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import labels, shared, state
from dashboard.parts import (
    callbacks_drawer,
    cards,
    clocks,
    header,
    phone,
    real_phone,
    scenarios_drawer,
    start_form,
    timeline,
)
from signup.errors import SignupError
from signup.flow import signups
from signup.flow.signups import SignUp, Step
from signup.flow.start import StartResult
from signup.model import OPEN, Event

services = shared.services()
OPEN_TICK, TICK = 0.3, 1.0
HEIGHT = 440


@dataclass(frozen=True)
class Watched:
    """A sign-up with all that is shown of it. `locked`: until when its number is locked by it."""

    signup: SignUp
    request_id: str | None
    locked: datetime | None
    events: Sequence[Event]
    steps: Sequence[Step]


def look() -> Watched | None:
    """The sign-up that the address names. Raises StoreUnavailable, RecordAltered."""
    signup_id = st.query_params.get(state.SIGNUP)
    found = signups.one(services, signup_id) if signup_id else None
    if found is None:
        return None
    return Watched(
        found,
        signups.request_id(services, found.id),
        signups.locked_until(services, found.id),
        signups.timeline(services, found.id),
        signups.exchanges(services, found.id),
    )


def is_open() -> bool:
    """Whether it still runs; False as long as nobody could look."""
    signup_id = st.query_params.get(state.SIGNUP)
    try:
        found = signups.one(services, signup_id) if signup_id else None
    except SignupError:
        return False
    return found is not None and found.status in OPEN


def show() -> None:
    """The phone and the timeline, again at every tick."""
    try:
        seen = look()
    except SignupError as problem:
        cards.broken(problem, height=HEIGHT)
        return
    found = seen.signup if seen else None
    left, right = st.columns([5, 8], gap="small") if services.settings.mode == "sandbox" else (None, st.container())
    if left:
        with left, cards.card("The phone", "played by the sandbox", key="phone-card"):
            phone.show(seen.request_id if seen else None, phone.last_word(found))
    with right, st.container(border=True, gap="xsmall", height="stretch", key="sequence-card"):
        told(seen, start_form.refused(found.id if found else None))
    if found and found.status not in OPEN and tick == OPEN_TICK:
        st.rerun()


def told(seen: Watched | None, refused: StartResult | None) -> None:
    """Which sign-up, the clocks that run, and its timeline; or why there is none."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        whose = f"`{seen.signup.id[:13]}` {labels.STATUS[seen.signup.status].badge()}" if seen else ""
        st.markdown(f"**Sign-up** {whose}", width="content")
        locked = refused.locked_until if refused else seen.locked if seen else None
        st.markdown(clocks.told(seen.signup if seen else None, locked), width="content")
    if refused:
        st.markdown(labels.LOCK_HIT.badge(f"{refused.number} is locked, nothing was sent"))
    if seen:
        again = callbacks_drawer.offer if services.settings.mode == "sandbox" else None
        timeline.show(seen.signup, seen.events, seen.steps, services.settings, locked=seen.locked, again=again)
    elif not refused:
        cards.note("Each step appears here as it happens, with its HTTP.", height=HEIGHT, icon="timeline")


with header.show("Try it", "Type a number, start, and answer the phone. You see every request.", in_zone=False):
    if services.settings.mode == "sandbox":
        real_phone.show()
        callbacks_drawer.button()
        scenarios_drawer.button()
start_form.show()
tick = OPEN_TICK if is_open() else TICK
st.fragment(show, run_every=tick)()
callbacks_drawer.show()
scenarios_drawer.show()
