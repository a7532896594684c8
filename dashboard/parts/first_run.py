"""What the Overview shows before the first sign-up: what to do, and whether the way is clear.

It asks again every few seconds and makes room for the numbers as soon as there are any. It must not start anything.
"""

import streamlit as st

from dashboard import labels, shared
from dashboard.parts import findings, links
from signup.doctor import Check
from signup.doctor.going_live import HTTPS, UNKNOWN

EVERY_SECONDS = 5
CARDS = {
    "App key": ("App key",),
    "Callback URL": ("Callback URL", "Receiver", *HTTPS),
    "First callback": ("Last callback",),
}
"""What each card looks at: it shows the first of these checks that is not fine, else the last."""
_LOOKS = {True: ":green[:material/check_circle:]", None: ":gray[:material/pending:]", False: ":red[:material/error:]"}


def show() -> None:
    """One sentence, three ways on, three checks."""
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
        if st.button("Go live", icon=":material/rocket_launch:", key="go_live"):
            links.go(links.GO_LIVE)
        if st.button("Check the set-up", icon=":material/stethoscope:", key="go_health"):
            links.go(links.HEALTH)


def _checks() -> None:
    if not shared.is_empty():
        st.rerun()
    checks = {check.name: check for check in findings.latest(shared.services().settings.database_name).checks}
    for column, (name, wanted) in zip(st.columns(len(CARDS), gap="small"), CARDS.items(), strict=True):
        found = [checks[one] for one in wanted if one in checks]
        with column.container(border=True, height="stretch", gap="xsmall"):
            _card(name, next((check for check in found if not check.ok), found[-1] if found else None))


def _card(name: str, check: Check | None) -> None:
    st.markdown(f"{_LOOKS[check.ok if check else None]} **{name}**")
    told = f"{check.detail} {check.cure or ''}" if check else UNKNOWN
    st.caption(labels.coded(told))
