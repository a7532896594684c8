"""The drawer with the callbacks that the sandbox posted: each can be sent again, as it was or edited first.

On Try it, in sandbox mode only. Token and state are dots here; dots that are left alone are sent as they were. It must
not act on a callback: what comes of it, the timeline tells.
"""

import json
from typing import Any

import streamlit as st

from dashboard import shared, state, times
from signup import door
from signup.clock import moment
from signup.door import Posted
from signup.errors import SignupError
from signup.flow import replay, signups

WIDTH = 560
OPEN, CHOSEN, BODY, TO, TOLD = "callbacks_open", "callbacks_chosen", "callbacks_body", "callbacks_to", "callbacks_told"
ACTOR = "user:local"
ABOUT = "Sent again, a callback is labelled: the log marks what it causes, and no number counts it."


def button() -> None:
    """What opens the drawer."""
    st.button("Callbacks", icon=":material/webhook:", type="tertiary", key="callbacks", on_click=_open)


def show() -> None:
    """Draw the drawer when it was opened: the callbacks of the sign-up that the address names, or everybody's."""
    if state.value(OPEN):
        drawer = st.dialog("Callbacks", position="right", width=WIDTH, icon=":material/webhook:", on_dismiss=_close)
        drawer(_inside)(st.query_params.get(state.SIGNUP))


def _open() -> None:
    state.remember(OPEN, True)
    state.remember(TOLD, None)


def _close() -> None:
    state.remember(OPEN, False)


def _inside(signup_id: str | None) -> None:
    services = shared.services()
    try:
        request_id = signups.request_id(services, signup_id) if signup_id else None
        posted = {one.id: one for one in door.callbacks(services, request_id)}
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    st.caption(f"The last ones that the sandbox posted{' for this sign-up' if request_id else ''}. {ABOUT}")
    if not posted:
        st.markdown(":gray[None yet: answer the phone, and its callback stands here.]")
        return
    if state.value(CHOSEN) not in posted:
        state.remember(CHOSEN, next(iter(posted)))
    chosen = st.radio("Callback", list(posted), key=CHOSEN, format_func=lambda one: told(posted[one]))
    _editor(posted[str(chosen)])


def told(posted: Posted) -> str:
    """15:32:10 · approved · answered 200"""
    said = "approved" if "accessToken" in posted.body else f"`{posted.body.get('status', 'no status')}`"
    answer = f"answered {posted.status}" if posted.status else "no answer" if posted.tries else "on its way"
    again = " · sent again" if posted.replay else ""
    return f"{times.second(moment(posted.at), times.zone())} · {said} · {answer}{again}"


def _editor(posted: Posted) -> None:
    """Body and address, and the way out."""
    key, shown = f"{BODY}_{posted.id}", json.dumps(posted.body, indent=2, ensure_ascii=False)
    body = read(st.text_area("Body", shown, key=key, height=190))
    st.text_input("To", key=TO, placeholder=posted.to, help="Our receiver, or another program on this machine.")
    if body is None:
        st.caption(":orange[:material/warning: The body is no JSON object: a callback is one.]")
    st.button(
        "Send again",
        icon=":material/replay:",
        type="primary",
        key="send_again",
        width="stretch",
        disabled=body is None,
        on_click=_send,
        args=(posted, key),
    )
    st.caption(state.value(TOLD) or ":material/info: The log tells that it was sent, and whether it was edited.")


def read(written: str | None) -> dict[str, Any] | None:
    """The body as an object; None for anything else."""
    try:
        body = json.loads(written or "")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _send(posted: Posted, key: str) -> None:
    """What the fields hold at this moment goes out. `key`: the body's field."""
    body, to = read(state.value(key)), (state.value(TO) or "").strip() or None
    if body is None:
        return
    try:
        sent = replay.send_again(shared.services(), posted, body, to=to, actor=ACTOR)
    except SignupError as problem:
        state.remember(TOLD, f":red[:material/error: {problem.sentence}]")
        return
    said = f"answered {sent.status}" if sent.status else "nobody answered"
    state.remember(TOLD, f":green[:material/replay: Sent to `{sent.to}`: {said}.]")
