"""The phone on the screen: it rings when the sandbox rings, and its buttons are the person's thumb.

Drawn with native elements. Its screen changes, its size never does. Of several prompts it shows one until that is
answered, or another is picked: none takes its place by itself. Only in sandbox mode: nobody's real phone is here.
"""

from collections.abc import Sequence

import streamlit as st

from dashboard import labels, shared, state, times
from signup import door, phone
from signup.door import Ringing
from signup.errors import NumberRejected, SignupError
from signup.flow.signups import SignUp
from signup.model import OPEN

WIDTH, HEIGHT = 306, 520
ROOM_FOR_A_CHOICE = 44
SHOWN, PREFERRED, CHOICE = "phone_shown", "phone_preferred", "phone_choice"


def show(request_id: str | None, last_word: str) -> None:
    """Draw the phone. `request_id`: whose prompt to prefer; `last_word`: what the screen says when nothing rings."""
    try:
        ringing = door.ringing(shared.services())
    except SignupError:
        ringing, last_word = [], "The sandbox does not answer: look at the Health page."
    mine = _one_of(ringing, request_id)
    with (
        st.container(horizontal_alignment="center"),
        st.container(border=True, width=WIDTH, height=HEIGHT, vertical_alignment="distribute", key="phone"),
    ):
        _status_line(len(ringing))
        _choice(ringing)
        _screen(mine, last_word)
        _buttons(mine)


def _one_of(ringing: Sequence[Ringing], request_id: str | None) -> Ringing | None:
    """The prompt that the phone shows: the page's own when it begins to ring, then that one as long as it rings."""
    names = {one.name: one for one in ringing}
    own = next((one.name for one in ringing if one.request_id == request_id), None)
    if own and own != state.value(PREFERRED):
        state.remember(PREFERRED, own)
        state.remember(SHOWN, own)
    elif state.value(SHOWN) not in names:
        state.remember(SHOWN, ringing[-1].name if ringing else None)
    return names.get(state.value(SHOWN, ""))


def last_word(found: SignUp | None) -> str:
    """What the phone's screen says when nothing rings."""
    if found is None:
        return ":gray[Start a sign-up and this phone rings.]"
    if found.status in OPEN:
        return ":gray[Nothing is ringing at the moment.]"
    return labels.STATUS[found.status].badge()


def _status_line(ringing: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        now = shared.services().clock.now().astimezone(times.zone())
        st.markdown(f":gray[{now:%H:%M}]", width="content")
        more = f"{ringing} ringing · " if ringing > 1 else ""
        icons = ":material/signal_cellular_alt: :material/wifi: :material/battery_full:"
        st.markdown(f":gray[{more}{icons}]", width="content")


def _choice(ringing: Sequence[Ringing]) -> None:
    """Which one to show, when more than one rings; its room is there in any case."""
    with st.container(height=ROOM_FOR_A_CHOICE, border=False, key="phone-choice"):
        if len(ringing) > 1:
            told = {one.name: f"{_pretty(one.number)} · {times.second(one.since, times.zone())}" for one in ringing}
            state.remember(CHOICE, state.value(SHOWN))
            st.selectbox(
                f"Phones that ring: {len(ringing)}",
                list(told),
                key=CHOICE,
                format_func=lambda name: told.get(name, ""),
                on_change=lambda: state.remember(SHOWN, state.value(CHOICE)),
                label_visibility="collapsed",
                icon=":material/notifications_active:",
                required=True,
            )


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
        with st.container(horizontal=True, wrap=False, gap="xsmall"):
            _button("Decline", "decline", "block", mine, shortcut="d")
            _button("Ignore", "ignore", "notifications_off", mine)


def _button(
    label: str, answer: str, icon: str, mine: Ringing | None, *, shortcut: str | None = None, primary: bool = False
) -> None:
    st.button(
        label,
        key=f"phone-{answer}-{mine.name if mine else 'asleep'}",  # a second click never meets another prompt
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
