"""The form that starts a sign-up: the number is checked while it is typed, a persona fills it in.

What became of the last start is remembered for this browser tab; the sign-up itself stands in the address. It must not
show a full number anywhere but in the field it was typed into.
"""

import streamlit as st

from dashboard import labels, shared, state
from dashboard.parts import clock_menu
from signup import door, phone, words
from signup.errors import NumberRejected, SignupError
from signup.flow import signups
from signup.flow.start import StartResult, start

NUMBER, PERSONA, RESULT = "try_number", "try_persona", "try_result"


def show() -> None:
    """Number, persona and Start in one row, and what the number is under them."""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            typed = st.text_input(
                "Phone number", key=NUMBER, type="phone", live="200ms", placeholder="+46 76 123 45 67"
            )
            if shared.services().settings.mode == "sandbox":
                _personas()
            valid, verdict = check(typed)
            st.button(
                "Start sign-up", type="primary", icon=":material/play_arrow:", on_click=_begin, disabled=not valid
            )
            clock_menu.show()
        st.markdown(verdict)


def refused(holder: str | None) -> StartResult | None:
    """The last start, if it was a lock hit and the lock still runs, held by the sign-up that is shown, if any is."""
    result: StartResult | None = state.value(RESULT)
    if not (result and result.code == "locked" and result.locked_until):
        return None
    if holder and signups.locked_until(shared.services(), holder) != result.locked_until:
        return None
    return result if result.locked_until > shared.services().clock.now() else None


def check(typed: str) -> tuple[bool, str]:
    """Whether the number can be started, and what to say of it."""
    if not typed.strip():
        return False, ":gray[Type a number with + and the country code. It is checked as you type.]"
    try:
        number = phone.read(typed, shared.services().settings.default_region)
    except NumberRejected as rejected:
        why = f"{words.REJECTS[rejected.reason]} {words.NOTHING_SENT}"
        return False, f"{labels.badge('Not valid', 'red', 'close')} {why}"
    shown = number.masked.replace(" ", "\u00a0")  # a number is not broken where a phone's line ends
    return True, (
        f"{labels.badge('Valid', 'green', 'check')} **{phone.country_name(number.country)}** :gray[(number range)] · "
        f"shown as **{shown}** · sent as `{number.value}`"
    )


def _personas() -> None:
    try:
        cast = door.personas(shared.services())
    except SignupError:
        cast = []
    st.selectbox(
        "Persona",
        cast,
        index=None,
        key=PERSONA,
        format_func=lambda one: one.description,
        placeholder="Test numbers",
        on_change=_fill,
        width=520,
        help="Reserved numbers that always do the same. Any other number rings until you answer.",
    )


def _fill() -> None:
    """A persona was picked: its number goes into the field."""
    picked = state.value(PERSONA)
    if picked:
        state.remember(NUMBER, f"+{picked.numbers[0]}")


def _begin() -> None:
    """Start a sign-up for the number in the field."""
    try:
        result = start(shared.services(), state.value(NUMBER, ""), channel="try", actor="user:local")
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
        return
    state.remember(RESULT, result)
    if result.signup_id:
        st.query_params[state.SIGNUP] = result.signup_id
    elif not refused(st.query_params.get(state.SIGNUP)):
        st.query_params.pop(state.SIGNUP, None)
