"""The drawer with the callbacks that the sandbox posted: each can be sent again, as it was or edited first.

On Try it, in sandbox mode only: from the header, and from each callback of the timeline. Token and state are dots here
and are sent as they were, unless another or none is chosen. It must not act on a callback: what comes of it, the
timeline tells.
"""

import json
from typing import Any

import streamlit as st

from dashboard import labels, shared, state, times
from dashboard.parts import exchange
from signup import door
from signup.clock import moment
from signup.door import Posted
from signup.errors import SignupError
from signup.flow import replay, signups
from signup.model import Event

WIDTH = 560
OPEN, CHOSEN, BODY, TO, TOLD = "callbacks_open", "callbacks_chosen", "callbacks_body", "callbacks_to", "callbacks_told"
AT = "callbacks_at"
WORDS = {"requestId": "Request id", "status": "Status", "endpoint": "Endpoint"}
SECRETS = {"accessToken": "Access token", "state": "State"}
SAME, OTHER, NONE = "As it was", "Another", "Left out"
ACTOR = "user:local"
LOGGED = ":gray[:material/info: The log tells that it was sent, and whether it was edited.]"
ABOUT = "Sent again, a callback is labelled: the log marks what it causes, and no number counts it."


def button() -> None:
    """What opens the drawer."""
    st.button("Callbacks", icon=":material/webhook:", type="tertiary", key="callbacks", on_click=_open)


def show() -> None:
    """Draw the drawer when it was opened: the callbacks of the sign-up that the address names, or everybody's."""
    if state.value(OPEN):
        drawer = st.dialog("Callbacks", position="right", width=WIDTH, icon=":material/webhook:", on_dismiss=_close)
        drawer(_inside)(st.query_params.get(state.SIGNUP))


def offer(event: Event) -> None:
    """In the timeline, under the event of a callback: the way to send it again."""
    if st.button("Send again", icon=":material/replay:", type="tertiary", key=f"again-{event.seq}"):
        _open()
        state.remember(AT, event.at)
        st.rerun()


def _open() -> None:
    state.remember(OPEN, True)
    state.remember(TOLD, None)
    state.remember(AT, None)


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
    at = state.value(AT)
    if at or state.value(CHOSEN) not in posted:
        told_of = [one.id for one in posted.values() if not at or one.at <= at]
        state.remember(CHOSEN, next(iter(told_of or posted)))
        state.remember(AT, None)
    chosen = st.radio("Callback", list(posted), key=CHOSEN, format_func=lambda one: told(posted[one]))
    _editor(posted[str(chosen)])


def told(posted: Posted) -> str:
    """15:32:10 · approved · answered 200"""
    said = "approved" if "accessToken" in posted.body else labels.literal(_shown(posted, "status") or "no status")
    answer = f"answered {posted.status}" if posted.status else "no answer" if posted.tries else "on its way"
    again = " · sent again" if posted.replay else ""
    return f"{times.second(moment(posted.at), times.zone())} · {said} · {answer}{again}"


def _editor(posted: Posted) -> None:
    """Body and address, and the way out."""
    with st.container(horizontal=True, gap="small"):
        for name, title in SECRETS.items():
            ways = [SAME, OTHER, NONE] if name in posted.body else [NONE, OTHER]
            st.segmented_control(title, ways, default=ways[0], required=True, key=_key(posted, name))
    for name, title in WORDS.items():
        st.text_input(title, _shown(posted, name), key=_key(posted, name), placeholder=NONE)
    st.code(exchange.indented(edited(posted)), language=None, wrap_lines=True)
    st.text_input("To", key=TO, placeholder="Our receiver", help="Or another program on this machine.")
    st.button(
        "Send again",
        icon=":material/replay:",
        type="primary",
        key="send_again",
        width="stretch",
        on_click=_send,
        args=(posted,),
    )
    st.markdown(f":small[{state.value(TOLD) or LOGGED}]")


def edited(posted: Posted) -> dict[str, Any]:
    """The body as the fields say at this moment: dots for a secret that is sent as it was."""
    body = dict(posted.body)
    for name in SECRETS:
        way = state.value(_key(posted, name))
        body[name] = f"another-{name}" if way == OTHER else None if way == NONE else body.get(name)
    for name in WORDS:
        said = state.value(_key(posted, name), _shown(posted, name))
        if said != _shown(posted, name):
            body[name] = said or None
    return {name: value for name, value in body.items() if value is not None}


def _shown(posted: Posted, name: str) -> str:
    """A field's word, or as JSON what no field can hold; empty when it is left out."""
    held = posted.body.get(name, "")
    return held if isinstance(held, str) and held.isprintable() else json.dumps(held)


def _key(posted: Posted, name: str) -> str:
    return f"{BODY}_{posted.id}_{name}"


def _send(posted: Posted) -> None:
    """What the fields hold at this moment goes out."""
    body, to = edited(posted), (state.value(TO) or "").strip() or None
    try:
        sent = replay.send_again(shared.services(), posted, body, to=to, actor=ACTOR)
    except SignupError as problem:
        state.remember(TOLD, f":red[:material/error: {problem.sentence}]")
        return
    said = f"answered {sent.status}" if sent.status else "nobody answered"
    state.remember(TOLD, f":green[:material/replay: Sent to `{sent.to}`: {said}.]")
