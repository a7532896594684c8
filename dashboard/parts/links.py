"""Ways from one page to the rows behind a number, with the filters in the address.

A link is a real one: it can be opened in another tab, and the back button comes back. It must not change a filter of
the page it stands on.
"""

from collections.abc import Mapping

import streamlit as st

OVERVIEW = "pages/overview.py"
SIGNUPS = "pages/signups.py"
TRY_IT = "pages/try_it.py"
HEALTH = "pages/health.py"
GO_LIVE = "pages/go_live.py"
AUDIT = "pages/audit.py"
ALERTS = "pages/alerts.py"

Address = Mapping[str, str | list[str]]


def see(page: str, label: str, address: Address) -> None:
    """A quiet link with an arrow behind its words."""
    st.page_link(page, label=label, icon=":material/arrow_forward:", icon_position="right", query_params=dict(address))


def go(page: str) -> None:
    """Open a page at once, for a button. Not with filters: they would stay in the address of this page too."""
    st.switch_page(page)
