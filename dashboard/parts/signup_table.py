"""The table of sign-ups: masked, newest first, each with a button that opens its timeline.

It must not read anything: the rows are handed in.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import labels, times
from dashboard.parts import drawer
from signup.flow.signups import SignUp
from signup.measure.figures import NOTHING
from signup.model import OPEN
from signup.phone import country_name

ROW = 36
FEW = 14
HEIGHT = ROW * (FEW + 1) + 2
CLICK = "open_timeline"
FORGOTTEN = "forgotten"


def show(rows: Sequence[SignUp], zone: ZoneInfo, told: str) -> None:
    """Draw it. `told`: for those who cannot see it."""
    looks = list(labels.OUTCOME.values())
    column = st.column_config
    st.dataframe(
        frame(rows, zone),
        key="signups",
        hide_index=True,
        row_height=ROW,
        height="content" if len(rows) <= FEW else HEIGHT,
        placeholder=NOTHING,
        column_config={
            "Status": column.MultiselectColumn(
                options=[look.name for look in looks], color=[labels.CELL[look.colour] for look in looks], width=120
            ),
            "Number": column.TextColumn(width=150),
            "Timeline": column.ButtonColumn(
                "", key=CLICK, on_click=drawer.opened, args=(CLICK, [row.id for row in rows]), width=90
            ),
            "Country": column.TextColumn(help="From the number's range", width=120),
            "Channel": column.TextColumn(width=80),
            "Started": column.DatetimeColumn(format="DD MMM HH:mm:ss", width=130),
            "Decided after": column.NumberColumn(format="%.1f s", width=100),
            "Code": column.TextColumn(help="Why it was declined or failed", width=150),
            "Sign-up": column.TextColumn(width=120),
        },
        alt=told,
    )


def choices(rows: Sequence[SignUp]) -> dict[str, str]:
    """Each row's id and what to know it by, for drawer.choose."""
    return {row.id: f"{row.masked or FORGOTTEN} · {labels.STATUS[row.status].name} · {row.id[:13]}" for row in rows}


def frame(rows: Sequence[SignUp], zone: ZoneInfo) -> pd.DataFrame:
    """The rows as a table's cells, times as the zone's clock shows them."""
    return pd.DataFrame(
        {
            "Status": [[labels.OUTCOME["open" if row.status in OPEN else row.status].name] for row in rows],
            "Number": [row.masked or FORGOTTEN for row in rows],
            "Timeline": ["Timeline" for _ in rows],
            "Country": [country_name(row.country) for row in rows],
            "Channel": [row.channel for row in rows],
            "Started": [times.wall(row.started_at, zone) for row in rows],
            "Decided after": [_decided_after(row) for row in rows],
            "Code": [row.code for row in rows],
            "Sign-up": [row.id[:13] for row in rows],
        }
    )


def _decided_after(row: SignUp) -> float | None:
    return (row.decided_at - row.started_at).total_seconds() if row.decided_at else None
