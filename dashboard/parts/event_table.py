"""The table of audit events: seq, time, kind in its family's colour, details in words, sign-up, actor.

It must not read anything: the events are handed in.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import labels, telling, times
from dashboard.parts import drawer
from signup.clock import moment
from signup.model import Event
from signup.record.events import Kind

ROW = 34
FEW = 15
HEIGHT = ROW * (FEW + 1) + 2
CLICK = "open_event"


def show(events: Sequence[Event], zone: ZoneInfo, told: str) -> None:
    """Draw it. `told`: for those who cannot see it."""
    column = st.column_config
    st.dataframe(
        frame(events, zone),
        key="events",
        hide_index=True,
        row_height=ROW,
        height="content" if len(events) <= FEW else HEIGHT,
        column_config={
            "Seq": column.NumberColumn(format="localized", pinned=True, width=70),
            "Time": column.DatetimeColumn(format="DD MMM HH:mm:ss.SSS", width=150),
            "Event": column.MultiselectColumn(
                options=list(Kind), color=[labels.CELL[labels.event_colour(kind)] for kind in Kind], width=160
            ),
            "Details": column.TextColumn(width=390),
            "Sign-up": column.ButtonColumn(
                key=CLICK,
                type="tertiary",
                alignment="left",
                on_click=drawer.opened,
                args=(CLICK, [event.signup_id for event in events]),
                width=130,
            ),
            "Actor": column.TextColumn(width=100),
        },
        alt=told,
    )


def choices(events: Sequence[Event]) -> dict[str, str]:
    """Each sign-up of the page and the newest event of it, for drawer.choose."""
    oldest_first = [event for event in reversed(events) if event.signup_id]
    newest = {event.signup_id: event for event in oldest_first}
    found = sorted(newest.values(), key=lambda event: -(event.seq or 0))
    return {str(event.signup_id): f"{str(event.signup_id)[:13]} · {event.kind} · seq {event.seq:,}" for event in found}


def frame(events: Sequence[Event], zone: ZoneInfo) -> pd.DataFrame:
    """The events as a table's cells, times as the zone's clock shows them."""
    return pd.DataFrame(
        {
            "Seq": [event.seq for event in events],
            "Time": [times.wall(moment(event.at), zone) for event in events],
            "Event": [[event.kind] for event in events],
            "Details": [telling.in_words(event) for event in events],
            "Sign-up": [event.signup_id[:13] if event.signup_id else None for event in events],
            "Actor": [event.actor for event in events],
        }
    )
