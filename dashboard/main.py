"""The gate and the navigation: what every visit runs first, before the page itself.

The gate opens the shared services; where they cannot open, it says why and what to do, and no page is drawn. To add a
page: a file in `pages/`, a line in PAGES.
"""

from pathlib import Path

import streamlit as st

from dashboard import shared
from dashboard.parts import drawer
from signup.errors import CannotStart, StoreUnavailable

HERE = Path(__file__).parent
ICON = str(HERE / "assets" / "icon.svg")

# File, title, icon, what it is for.
PAGES = (
    ("overview", "Overview", "monitoring", "How people get through sign-up: rates, errors with their cure, countries."),
    ("try_it", "Try it", "smartphone", "Start a sign-up yourself and watch every request as it happens."),
    ("signups", "Sign-ups", "group", "Every sign-up, newest first, with its whole timeline."),
    ("alerts", "Alerts", "notification_important", "What raises an alert, from which value on, and what was sent."),
    (
        "audit",
        "Audit log",
        "verified_user",
        "Every event in order, sealed so that a change cannot hide. Export from here.",
    ),
    ("health", "Health", "stethoscope", "Why did the callback not come? What is wrong stands first, with its cure."),
    ("go_live", "Go live", "rocket_launch", "From nothing to the first live sign-up, each step ticked by the doctor."),
)
ON_THE_WAY = ("go_live",)
"""Pages that others lead to, once in a while: they take no room in the navigation."""

st.set_page_config(page_title="Truecaller sign-up", page_icon=ICON, layout="wide")
st.logo(ICON)
page = st.navigation(
    [
        st.Page(
            HERE / "pages" / f"{name}.py",
            title=title,
            icon=f":material/{icon}:",
            help=purpose,
            visibility="hidden" if name in ON_THE_WAY else "visible",
        )
        for name, title, icon, purpose in PAGES
    ],
    position="top",
)
try:
    shared.services()
except (CannotStart, StoreUnavailable) as problem:
    st.error(problem.sentence, title="The dashboard cannot start", icon=":material/error:")
    st.stop()
with drawer.guarded():
    page.run()
