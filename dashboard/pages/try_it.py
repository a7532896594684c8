"""Try it: type a number, start, answer the phone, and watch each request as it happens.

Top to bottom: the form, then the phone beside the timeline of the sign-up that the address names (`?signup=`). The
two are drawn again twice a second while something runs, once a second else.
"""

from datetime import datetime, timedelta

import streamlit as st

from dashboard import labels, shared, state
from dashboard.parts import cards, header, phone, start_form, timeline
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.flow.start import StartResult
from signup.model import OPEN, Status

services = shared.services()
OPEN_TICK, TICK = 0.5, 1.0
HEIGHT = 440


def running() -> SignUp | None:
    """The sign-up that the address names."""
    signup_id = st.query_params.get(state.SIGNUP)
    return signups.one(services, signup_id) if signup_id else None


def watched() -> None:
    """The phone and the timeline, again at every tick."""
    found = running()
    left, right = st.columns([5, 8], gap="small") if services.settings.mode == "sandbox" else (None, st.container())
    if left:
        with left, cards.card("The phone", "played by the sandbox", key="phone-card"):
            phone.show(signups.request_id(services, found.id) if found else None, last_word(found))
    with right, st.container(border=True, gap="xsmall", height="stretch", key="sequence-card"):
        told(found, start_form.refused(found.id if found else None))
    if found and found.status not in OPEN and tick == OPEN_TICK:
        st.rerun()


def last_word(found: SignUp | None) -> str:
    """What the phone's screen says when nothing rings."""
    if found is None:
        return ":gray[Start a sign-up and this phone rings.]"
    if found.status in OPEN:
        return ":gray[Nothing rings at the moment.]"
    return labels.STATUS[found.status].badge()


def told(found: SignUp | None, refused: StartResult | None) -> None:
    """Which sign-up, the clocks that run, and its timeline; or why there is none."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        whose = f"`{found.id[:13]}` {labels.STATUS[found.status].badge()}" if found else ""
        st.markdown(f"**Sign-up** {whose}", width="content")
        st.markdown(clocks(found, refused), width="content")
    if refused:
        st.markdown(labels.LOCK_HIT.badge(f"{refused.number} is locked, nothing was sent"))
    if found:
        events, steps = signups.timeline(services, found.id), signups.exchanges(services, found.id)
        now, later = timeline.AHEAD.get(found.status, (None, []))
        timeline.show(events, steps, running=now, to_come=later)
    elif not refused:
        cards.note("Each step stands here as it happens, with its HTTP.", height=HEIGHT, icon="timeline")


def clocks(found: SignUp | None, refused: StartResult | None) -> str:
    """How long the lock, the answer and the token still run."""
    locked = signups.locked_until(services, found.id) if found else None
    locked = refused.locked_until if refused else locked
    answer = found.expires_at if found and found.status in (Status.REQUESTED, Status.WAITING) else None
    shown = (
        countdown("lock", "lock", "violet", locked),
        countdown("answer within", "hourglass_top", "blue", answer),
        countdown("token", "key", "orange", token_until(found) if found else None),
    )
    return "&emsp;".join(clock for clock in shown if clock)


def token_until(found: SignUp) -> datetime | None:
    """Until when the token of the approval can be used; None once it is wiped, or before it came."""
    if found.status is not Status.APPROVED or found.decided_at is None:
        return None
    return found.decided_at + timedelta(seconds=services.settings.token_seconds)


def countdown(name: str, icon: str, colour: str, until: datetime | None) -> str:
    """`lock 4:45`, or nothing once it is over."""
    left = max(0, round((until - services.clock.now()).total_seconds())) if until else 0
    return f":{colour}[:material/{icon}:] {name} **{left // 60}:{left % 60:02}**" if left else ""


header.show("Try it", "Type a number, start, and answer the phone. You see every request as it happens.", in_zone=False)
start_form.show()
opened = running()
tick = OPEN_TICK if opened and opened.status in OPEN else TICK
st.fragment(watched, run_every=tick)()
