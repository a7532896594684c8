"""What the Overview shows before the first sign-up: what to do, and whether the way is clear.

It asks again every few seconds and makes room for the numbers as soon as there are any. It must not start anything.
"""

from collections.abc import Callable

import streamlit as st

from dashboard import shared
from dashboard.parts import links
from signup.doctor import inward, outward
from signup.doctor.check import Finding, wrong
from signup.errors import SignupError
from signup.services import Services

EVERY_SECONDS = 5
CHECKS: dict[str, Callable[[Services], Finding]] = {
    "App key": outward.app_key,
    "Receiver": inward.receiver,
    "First callback": inward.last_callback,
}
_LOOKS = {True: ":green[:material/check_circle:]", None: ":gray[:material/pending:]", False: ":red[:material/error:]"}


def show() -> None:
    """One sentence, two ways on, three checks."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key="first_run"):
        st.space("medium")
        st.markdown(":material/notifications_active:", width="content")
        st.subheader("No sign-ups yet", anchor=False, width="content", text_alignment="center")
        st.markdown(
            "This page fills itself as soon as the first person starts a sign-up. Nothing here needs a reload.",
            width="content",
            text_alignment="center",
        )
        st.space("small")
        _ways()
        st.space("small")
        with st.container():
            st.fragment(_checks, run_every=EVERY_SECONDS)()


def _ways() -> None:
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        if st.button("Try it", icon=":material/smartphone:", type="primary", key="go_try_it"):
            links.go(links.TRY_IT)
        if st.button("Check the set-up", icon=":material/stethoscope:", key="go_health"):
            links.go(links.HEALTH)


def _checks() -> None:
    if not shared.is_empty():
        st.rerun()
    services = shared.services()
    for column, (name, check) in zip(st.columns(len(CHECKS), gap="small"), CHECKS.items(), strict=True):
        found = _asked(check, services)
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"{_LOOKS[found.ok]} **{name}**")
            st.caption(found.detail if found.ok else f"{found.detail} {found.cure}")


def _asked(check: Callable[[Services], Finding], services: Services) -> Finding:
    try:
        return check(services)
    except SignupError as problem:
        return wrong("This could not be checked.", problem.sentence)
