"""How the alert rules stand, for every page's head: read at most once a second, however many pages are open.

Between what is stored (signup/measure/alerts/kept.py) and whoever shows it. It must not draw.
"""

import streamlit as st

from dashboard import shared
from signup.errors import SignupError
from signup.measure.alerts import kept
from signup.measure.alerts.kept import Watched

GOOD_FOR_SECONDS = 1.0


def rules() -> list[Watched] | None:
    """Every rule with how it stands, in order; None while nobody can look."""
    return _read(shared.services().settings.database_name)


def firing() -> list[Watched]:
    """Those that fire, the worst first; none while nobody can look, which the pages themselves say."""
    return sorted((each for each in rules() or [] if each.fires), key=lambda each: not each.is_alert)


def again() -> None:
    """Read anew the next time: a rule was edited."""
    _read.clear()


@st.cache_data(ttl=GOOD_FOR_SECONDS, max_entries=1, show_spinner=False)
def _read(database: str) -> list[Watched] | None:  # noqa: ARG001  whose rules: a cache key
    try:
        return kept.watched(shared.services())
    except SignupError:
        return None
