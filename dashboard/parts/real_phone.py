"""The way to the phone alone: an address to open on a real phone, and the code that lets it in once.

In the header of Try it, sandbox mode only. A code is made when somebody asks for one, and is remembered for this
browser tab alone.
"""

import streamlit as st

from dashboard import shared, state
from signup import door
from signup.door import PhoneCode
from signup.errors import SignupError

MADE = "real_phone_code"


def show() -> None:
    """A button that opens what to do."""
    with st.popover("On a real phone", icon=":material/mobile_friendly:", key="real-phone"):
        st.markdown("A phone in the same network can ring instead of the one on this page.")
        made: PhoneCode | None = state.value(MADE)
        if made and made.address:
            _told(made, made.address)
        elif made:
            st.markdown(
                "The sandbox listens on this machine only. Set `SIGNUP_SANDBOX_BIND=0.0.0.0` and start again: "
                "then other machines reach this phone, after a code, and nothing else of it."
            )
        st.button("Make a code", type="primary", icon=":material/key:", key="real-phone-code", on_click=_make)


def _told(made: PhoneCode, address: str) -> None:
    st.markdown("Open this address there:")
    st.code(address, language=None)
    st.markdown(f"and type this code, good once and for {made.seconds // 60} minutes:")
    st.code(f"{made.code[:3]} {made.code[3:]}", language=None)


def _make() -> None:
    try:
        state.remember(MADE, door.phone_code(shared.services()))
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
