"""What a page remembers of its visitor: the filters in the address, and a few values of this browser tab.

The address is the only memory of a filter. Before a widget is drawn it takes its value from there (`one`, `many`,
`flag`, `moment`), and a change is written back (`keep`). So a link, the back button and a copied address all show the
same screen, and a value that makes no sense falls back to the default.

Streamlit's own `bind="query-params"` was tried first: with a bound filter set, `st.switch_page` raises and
`st.page_link` loses its parameters, so no page could open another one filtered; and it puts "Sweden" for "SE" into the
address. This is the only module that touches `st.session_state`; a number, a token or a request id must never get here.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import streamlit as st

RANGE = "range"
FROM = "from"
TO = "to"
INTERVAL = "interval"
COMPARE = "compare"
COUNTRY = "country"
OUTCOME = "outcome"
CHANNEL = "channel"
STEP = "step"
CODE = "code"
WARNED = "warned"
BEFORE = "before"
KIND = "kind"
SIGNUP = "signup"
ABOUT = "about"
RULE = "rule"
ACTOR = "actor"
UTC = "utc"
AUTO_REFRESH = "auto_refresh"
FOLLOW = "follow"

MOST_VALUES = 5
"""How many values of one filter are taken: more would cost the count too much."""


def place(fits: Callable[[str], object]) -> str | None:
    """After which row the address begins an older page, when that makes sense."""
    value = st.query_params.get(BEFORE)
    return value if value and fits(value) else None


def go_to(before: str | None) -> None:
    """Write into the address after which row a page begins; None: the first page."""
    if before is None:
        st.query_params.pop(BEFORE, None)
    else:
        st.query_params[BEFORE] = before


def one(key: str, allowed: Collection[str], default: str) -> str:
    """Give the widget `key` the address's value, or the default."""
    value = st.query_params.get(key, default)
    return str(_give(key, value if value in allowed else default))


def many(key: str, allowed: Collection[str]) -> list[str]:
    """Give the widget `key` those of the address's values that can be, each once."""
    values = dict.fromkeys(value for value in st.query_params.get_all(key) if value in allowed)
    return list(_give(key, list(values)[:MOST_VALUES]))


def is_on(key: str) -> bool:
    """Whether a switch is on in the address; may be asked before and after its widget is drawn."""
    return st.query_params.get(key) == "1"


def flag(key: str) -> None:
    """Give the switch `key` the address's value, right before it is drawn."""
    _give(key, is_on(key))


def word(key: str, fits: Callable[[str], object]) -> str | None:
    """Give the widget `key` the address's value when it fits, else nothing."""
    value = st.query_params.get(key)
    found = value if value and fits(value) else None
    if (
        key not in st.session_state or st.session_state[key] != found
    ):  # a text is set only when it differs, so that nothing being typed is overwritten
        _give(key, found)
    return found


def moment(key: str, earliest: datetime, latest: datetime) -> None:
    """Give the widget `key` the address's wall-clock time, None where there is none between the two."""
    read = written(key)
    wall = read.replace(tzinfo=None) if read else None
    _give(key, wall if wall and earliest <= wall <= latest else None)


def written(key: str) -> datetime | None:
    """The time in the address, to the minute, with its offset where it has one."""
    try:
        return datetime.fromisoformat(st.query_params.get(key, "")).replace(second=0, microsecond=0)
    except ValueError:
        return None


def keep(key: str, default: Any = None) -> None:
    """A widget's `on_change`: write its value into the address; the default leaves it. A list begins anew."""
    st.query_params.pop(BEFORE, None)
    value = st.session_state[key]
    if value is None or value in (default, [], False):
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = _as_text(value)


def clear(keys: Collection[str]) -> None:
    """Take filters out of the address, and the place in a list that they made."""
    for key in (*keys, BEFORE):
        st.query_params.pop(key, None)


def put(address: Mapping[str, list[str]], keys: Collection[str]) -> None:
    """Replace these filters by those of an address, in one step that the back button takes back."""
    others = {key: st.query_params.get_all(key) for key in st.query_params if key not in keys and key != BEFORE}
    st.query_params.from_dict({**others, **address})


def value(key: str, default: Any = None) -> Any:
    """A value that this browser tab remembers, not in the address."""
    return st.session_state.get(key, default)


def remember(key: str, value: Any) -> None:
    """Remember a value for this browser tab."""
    st.session_state[key] = value


def _give(key: str, value: Any) -> Any:
    """Set a widget's value at every run: after a step back the browser may have forgotten it, which we cannot see."""
    st.session_state[key] = value
    return value


def _as_text(value: Any) -> str | list[str]:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if value is True:
        return "1"
    return [str(item) for item in value] if isinstance(value, list) else str(value)
