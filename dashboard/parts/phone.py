"""The phone on the screen: it rings when the sandbox rings, and its buttons are the person's thumb.

Drawn with native elements. Its screen changes, its size never does. Only in sandbox mode: nobody's real phone is here.
"""

import streamlit as st

from dashboard import shared, times
from signup import door, phone
from signup.door import Ringing
from signup.errors import NumberRejected, SignupError

WIDTH, HEIGHT = 306, 520
QUIET = "phone-quiet"


def show(request_id: str | None, last_word: str) -> None:
    """Draw the phone. `request_id`: whose prompt to prefer; `last_word`: what the screen says when nothing rings."""
    try:
        ringing = door.ringing(shared.services())
    except SignupError:
        ringing, last_word = [], "The sandbox does not answer: look at the Health page."
    mine = next((one for one in ringing if one.request_id == request_id), ringing[0] if ringing else None)
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, width=WIDTH, height=HEIGHT, vertical_alignment="distribute", key="phone"),
    ):
        _status_line(len(ringing))
        _screen(mine, last_word)
        _buttons(mine)


def _status_line(ringing: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        now = shared.services().clock.now().astimezone(times.zone())
        st.markdown(f":gray[{now:%H:%M}]", width="content")
        more = f"{ringing} ring · " if ringing > 1 else ""
        icons = ":material/signal_cellular_alt: :material/wifi: :material/battery_full:"
        st.markdown(f":gray[{more}{icons}]", width="content")


def _screen(mine: Ringing | None, last_word: str) -> None:
    if mine is None:
        st.markdown(":gray[:material/smartphone:]", text_alignment="center")
        st.markdown(last_word, text_alignment="center")
        return
    st.markdown(
        ":blue[:material/notifications_active:]  \n:shimmer[Ringing]",
        text_alignment="center",
    )
    with st.container(border=True, gap="xsmall"):
        st.markdown(":gray[:material/verified_user: truecaller]", text_alignment="center")
        st.markdown("**Sign up to Example Shop**  \nwith your number", text_alignment="center")
        st.markdown(f"**{_pretty(mine.number)}**", text_alignment="center")


def _pretty(number: int) -> str:
    """As people write it; one that cannot be a phone's, which another program made ring, as it is."""
    try:
        return phone.read(f"+{number}").pretty
    except NumberRejected:
        return f"+{number}"


def _buttons(mine: Ringing | None) -> None:
    """Always there, asleep while nothing rings, so that nothing moves under the thumb."""
    with st.container(gap="xsmall"):
        _button("Approve", "approve", "check", mine, shortcut="a", primary=True)
        _button("Use another number", "another_number", "swap_horiz", mine)
        left, right = st.columns(2, gap="xsmall")
        with left:
            _button("Decline", "decline", "block", mine, shortcut="d")
        with right:
            _button("Ignore", "ignore", "notifications_off", mine)


def _button(
    label: str, answer: str, icon: str, mine: Ringing | None, *, shortcut: str | None = None, primary: bool = False
) -> None:
    st.button(
        label,
        key=f"phone-{answer}",
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        shortcut=shortcut,
        width="stretch",
        disabled=mine is None,
        on_click=_tap,
        args=(mine.request_id if mine else "", answer),
    )


def _tap(request_id: str, answer: str) -> None:
    try:
        door.tap(shared.services(), request_id, answer)
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
