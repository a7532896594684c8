"""Try it: type a number, start, answer the phone, and watch each request as it happens.

Top to bottom: the form with the number checked while typing, then the phone beside the timeline of the sign-up that
the address names (`?signup=`).
"""

from datetime import datetime

import streamlit as st

from dashboard import door, labels, shared, state
from dashboard.parts import cards, header, phone, timeline
from signup import phone as numbers
from signup import words
from signup.errors import NumberRejected, SignupError
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.flow.start import StartResult, start
from signup.model import OPEN, Status

services = shared.services()
SANDBOX = services.settings.mode == "sandbox"
NUMBER, PERSONA, RESULT = "try_number", "try_persona", "try_result"
OPEN_TICK, TICK = 0.5, 1.0
HEIGHT = 600


def fill() -> None:
    """A persona was picked: its number goes into the field."""
    picked = state.value(PERSONA)
    if picked:
        state.remember(NUMBER, f"+{picked.number}")


def begin() -> None:
    """Start a sign-up for the number in the field."""
    try:
        result = start(services, state.value(NUMBER, ""), channel="try", actor="user:local")
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
        return
    state.remember(RESULT, result)
    if result.signup_id:
        st.query_params[state.SIGNUP] = result.signup_id


def form() -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            typed = st.text_input(
                "Phone number", key=NUMBER, type="phone", live="200ms", placeholder="+46 76 123 45 67"
            )
            if SANDBOX:
                personas_box()
            checked, verdict = check(typed)
            st.button(
                "Start sign-up", type="primary", icon=":material/play_arrow:", on_click=begin, disabled=not checked
            )
        st.markdown(verdict)


def personas_box() -> None:
    try:
        cast = door.personas(services)
    except SignupError:
        cast = []
    st.selectbox(
        "Persona",
        cast,
        index=None,
        key=PERSONA,
        format_func=lambda one: one.description,
        placeholder="Test numbers",
        on_change=fill,
        width=300,
        help="Reserved numbers that always do the same. Any other number rings until you answer.",
    )


def check(typed: str) -> tuple[bool, str]:
    """Whether the number can be started, and what to say of it."""
    if not typed.strip():
        return False, ":gray[Type a number with + and the country code. It is checked as you type.]"
    try:
        number = numbers.read(typed, services.settings.default_region)
    except NumberRejected as rejected:
        return (
            False,
            f"{labels.badge('Not valid', 'red', 'close')} {words.REJECTS[rejected.reason]} {words.NOTHING_SENT}",
        )
    country = numbers.country_name(number.country)
    return True, (
        f"{labels.badge('Valid', 'green', 'check')} **{country}** :gray[(number range)] · "
        f"shown as **{number.masked}** · sent as `{number.value}`"
    )


def running() -> SignUp | None:
    signup_id = st.query_params.get(state.SIGNUP)
    return signups.one(services, signup_id) if signup_id else None


def last_word(found: SignUp | None) -> str:
    if found is None:
        return ":gray[Start a sign-up and this phone rings.]"
    if found.status in OPEN:
        return ":gray[Nothing rings at the moment.]"
    return labels.STATUS[found.status].badge()


def countdown(name: str, icon: str, colour: str, until: datetime | None) -> str:
    left = max(0, round((until - services.clock.now()).total_seconds())) if until else 0
    return f":{colour}[:material/{icon}:] {name} **{left // 60}:{left % 60:02}**" if left else ""


def sequence(found: SignUp) -> None:
    events, steps = signups.timeline(services, found.id), signups.exchanges(services, found.id)
    now, later = timeline.AHEAD.get(found.status, (None, []))
    timeline.show(events, steps, running=now, to_come=later)


def watched() -> None:
    """The phone and the timeline, again at every tick."""
    found = running()
    left, right = st.columns([5, 8], gap="small") if SANDBOX else (None, st.container())
    if left:
        with left, cards.card("The phone", "played by the sandbox", key="phone-card"):
            phone.show(signups.request_id(services, found.id) if found else None, last_word(found))
    with right, st.container(border=True, gap="xsmall", height="stretch", key="sequence-card"):
        told(found)
    if found and found.status not in OPEN and tick == OPEN_TICK:
        st.rerun()


def told(found: SignUp | None) -> None:
    """Which sign-up, the clocks that run, and its timeline; or why there is none."""
    result = state.value(RESULT)
    refused = result if result and not result.signup_id else None
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        whose = f"`{found.id[:13]}` {labels.STATUS[found.status].badge()}" if found else ""
        st.markdown(f"**Sign-up** {whose}", width="content")
        st.markdown(clocks(found, refused), width="content")
    if refused and refused.code == "locked":
        with st.container(horizontal=True):
            st.markdown(labels.LOCK_HIT.badge(f"{refused.number} is locked, nothing was sent"))
    if found:
        sequence(found)
    elif not refused:
        cards.note("Each step stands here as it happens, with its HTTP.", height=HEIGHT, icon="timeline")


def clocks(found: SignUp | None, refused: StartResult | None) -> str:
    """How long the lock and the answer still run."""
    locked = signups.locked_until(services, found.id) if found else None
    locked = refused.locked_until if refused else locked
    answer = found.expires_at if found and found.status in (Status.REQUESTED, Status.WAITING) else None
    shown = countdown("lock", "lock", "violet", locked), countdown("answer within", "hourglass_top", "blue", answer)
    return "&emsp;".join(clock for clock in shown if clock)


header.show("Try it", "Type a number, start, and answer the phone. You see every request as it happens.", in_zone=False)
form()
opened = running()
tick = OPEN_TICK if opened and opened.status in OPEN else TICK
st.fragment(watched, run_every=tick)()
