"""The menu that moves the clock: past the lock, past the answer and the token, further. Only in sandbox mode.

Every program of the sandbox's street moves along. It must not offer a way back: there is none.
"""

import streamlit as st

from dashboard import shared, state
from dashboard.parts import clocks
from signup.errors import SignupError
from signup.sandbox_clock import SandboxClock
from signup.scenario.play import past
from signup.settings import Settings

MENU = "clock_menu"


def show() -> None:
    """The menu, where there is a clock to move."""
    wired = shared.services()
    if not isinstance(wired.clock, SandboxClock):
        return
    st.menu_button(
        "Clock",
        list(leaps(wired.settings)),
        key=MENU,
        icon=":material/fast_forward:",
        on_click=_move,
        args=(wired.clock, wired.settings),
        help="Lets time pass for all programs of this sandbox. There is no way back: docs/sandbox.md.",
    )


def leaps(settings: Settings) -> dict[str, float]:
    """What the menu offers, and how many seconds each is."""
    over = past(settings)
    ways = {
        "A little": 30.0,
        "Past the lock": over["lock"],
        "Past answer and token": over["answer"],
        "An hour": 3600.0,
    }
    return {f"{name} · {clocks.ahead(seconds)}": seconds for name, seconds in ways.items()}


def _move(clock: SandboxClock, settings: Settings) -> None:
    try:
        clock.move(leaps(settings)[state.value(MENU)])
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
