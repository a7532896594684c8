"""The drawer that shows one sign-up: who (masked), how it stands, its profile, its timeline. `?signup=` opens it.

On every page with sign-ups in a table. It follows a sign-up that is still open. It must not show a number or a profile
unmasked but after a reveal, which asks for a reason and is an event.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from dashboard import labels, shared, state, times
from dashboard.parts import clocks, erase, links, timeline
from dashboard.parts.filters import CUSTOM
from signup import phone
from signup.errors import SignupError
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.measure.figures import count, duration
from signup.model import OPEN, Event, Profile
from signup.record.reasons import MOST_WORDS

WIDTH = 560
TICK = 1.0
REASON, REVEALED = "reveal_reason", "revealed"
DRAWN = "drawer_drawn"
CHOSEN = "chosen_timeline"
ACTOR = "user:local"
RECENT = timedelta(days=27)


def opened(click: str, ids: Sequence[str | None]) -> None:
    """A table's button was pressed: open the sign-up of that row. `click`: the button column's key."""
    row = state.value(click).row
    chosen = ids[row] if row < len(ids) else None
    if chosen:
        st.query_params[state.SIGNUP] = chosen
        st.rerun()


def choose(shown: Mapping[str, str]) -> None:
    """The same way by keyboard, which no button inside a table answers to. `shown`: each id with its words."""
    st.selectbox(
        "Open a timeline",
        list(shown),
        index=None,
        key=CHOSEN,
        format_func=lambda signup_id: shown.get(signup_id, ""),
        placeholder="Open a timeline",
        on_change=_chosen,
        disabled=not shown,
        label_visibility="collapsed",
        width=380,
    )


def _chosen() -> None:
    signup_id = state.value(CHOSEN)
    state.remember(CHOSEN, None)
    if signup_id:
        st.query_params[state.SIGNUP] = signup_id
        st.rerun()


@contextmanager
def guarded() -> Iterator[None]:
    """Around a whole page: what a drawer shows unmasked, or once, is forgotten by a run that does not draw it, whatever
    way it was left by.
    """
    state.remember(DRAWN, None)
    yield
    if state.value(DRAWN) is None:
        _forget()
    elif state.value(REVEALED) not in (None, state.value(DRAWN)):
        state.remember(REVEALED, None)


def is_open() -> bool:
    """Whether the address names a sign-up."""
    return bool(st.query_params.get(state.SIGNUP))


def show() -> bool:
    """Draw the drawer when the address names a sign-up; whether it did."""
    signup_id = st.query_params.get(state.SIGNUP)
    if not signup_id:
        return False
    try:
        found = signups.one(shared.services(), signup_id)
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
        return False
    if found is None:
        st.query_params.pop(state.SIGNUP)
        st.toast("This sign-up is not known here: it may have been removed.", icon=":material/search_off:")
        return False
    state.remember(DRAWN, signup_id)
    drawer = st.dialog(erase.title(found), position="right", width=WIDTH, icon=":material/person:", on_dismiss=_close)
    drawer(_inside)(found)
    return True


def _close() -> None:
    _forget()
    st.query_params.pop(state.SIGNUP, None)


def _forget() -> None:
    state.remember(REVEALED, None)
    erase.forget()


def _inside(found: SignUp) -> None:
    st.fragment(_told, run_every=TICK if found.status in OPEN else None)(found.id)


def _told(signup_id: str) -> None:
    services = shared.services()
    try:
        found = signups.one(services, signup_id)
        events = signups.timeline(services, signup_id)
        steps = signups.exchanges(services, signup_id)
        profile = signups.profile(services, signup_id)
        locked = signups.locked_until(services, signup_id)
    except SignupError as problem:
        st.error(problem.sentence, icon=":material/error:")
        return
    if found is None:
        return
    _head(found, locked)
    erase.receipt(found)
    if profile:
        _profile(signup_id, profile)
    timeline.show(found, events, steps, services.settings, locked=locked)
    _sealed(found, events)
    erase.offer(found, ACTOR)


def _head(found: SignUp, locked: datetime | None) -> None:
    """How it stands, where from, the clocks as long as somebody moves them, and its id to copy."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        country = f"**{phone.country_name(found.country)}** :gray[(number range)]"
        st.markdown(f"{labels.STATUS[found.status].badge()} {country} · {found.channel}", width="content")
        st.markdown(clocks.told(found, locked) if found.status in OPEN else "", width="content")
    zone = times.zone()
    parts = [f"Started {times.day_and_second(found.started_at, zone)}"]
    if found.decided_at:
        parts.append(f"decided after {duration((found.decided_at - found.started_at).total_seconds())}")
    elif found.status in OPEN:
        parts.append(f"gives up at {times.second(found.expires_at, zone)}")
    st.caption(" · ".join(parts))
    st.code(found.id, language=None)


def _profile(signup_id: str, profile: Profile) -> None:
    """What Truecaller told of the person: the number masked and the rest only counted, or all of it after a reveal."""
    with st.container(border=True, gap="xsmall", key="profile"):
        if state.value(REVEALED) == signup_id:
            st.markdown(f"**Profile** {labels.quiet('· shown until this panel is closed; the audit log says so')}")
            _unmasked(profile)
            return
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            numbers = ", ".join(signups.masked_profile(profile)["numbers"])
            told = (
                f"{_fields(len(profile.declared))}, as declared by the person" if profile.declared else "nothing else"
            )
            st.markdown(f"**Profile** · {numbers} :green[proved]  \n{labels.quiet(told)}", width="content")
            _ask_for_a_reason(signup_id)


def _unmasked(profile: Profile) -> None:
    """A table of plain text: what a person declares must never be read as Markdown."""
    rows = [("Number", f"+{number}") for number in profile.numbers]
    rows += [(name, _text(value)) for name, value in sorted(profile.declared.items())]
    st.dataframe(
        pd.DataFrame(rows, columns=["Field", "Value"]),
        key="profile_fields",
        hide_index=True,
        height="content",
        column_config={"Field": st.column_config.TextColumn(width=130)},
        alt=f"The profile, unmasked: {len(rows)} fields",
    )


def _ask_for_a_reason(signup_id: str) -> None:
    with st.popover("Reveal", icon=":material/visibility:", key="reveal"), st.form("reveal_form", border=False):
        st.text_input(
            "Reason", key=REASON, max_chars=MOST_WORDS, placeholder="Kept sealed; the audit log says that you looked"
        )
        st.form_submit_button("Reveal", type="primary", on_click=_reveal, args=(signup_id,))


def _reveal(signup_id: str) -> None:
    reason = str(state.value(REASON, "")).strip()
    if not reason:
        st.toast("Say why you need to see it: nothing is shown without a reason.", icon=":material/info:")
        return
    try:
        signups.reveal(shared.services(), signup_id, reason=reason, actor=ACTOR)
    except SignupError as problem:
        st.toast(problem.sentence, icon=":material/error:")
        return
    state.remember(REVEALED, signup_id)


def _fields(number: int) -> str:
    return "1 more field" if number == 1 else f"{count(number)} more fields"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sealed(found: SignUp, events: Sequence[Event]) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if events:
            told = "The one event is" if len(events) == 1 else f"All {count(len(events))} events are"
            last = f"the last one has seq {count(events[-1].seq)}"
            st.caption(f":material/verified: {told} sealed; {last}.", width="content")
        links.see(links.AUDIT, "In the audit log", _in_the_log(found))


def _in_the_log(found: SignUp) -> dict[str, str]:
    """The address of its events; an older one needs a longer range than the default."""
    address = {state.ABOUT: found.id}
    if state.is_on(state.UTC):
        address[state.UTC] = "1"
    if shared.services().clock.now() - found.started_at > RECENT:
        start = times.wall(found.started_at, times.zone())
        address |= {state.RANGE: CUSTOM, state.FROM: start.isoformat(timespec="minutes")}
    return address
