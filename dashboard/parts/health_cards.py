"""The other cards of the Health page: who waits, what matches nothing, the settings, versions and processes.

Numbers are masked, and of a secret only whether it is set. It must not judge: that is the doctor's.
"""

import platform
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import labels, times
from dashboard.parts import cards
from signup.doctor import lists
from signup.doctor.check import span
from signup.doctor.inward import LONG_SECONDS
from signup.doctor.lists import Apart
from signup.errors import SignupError
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.measure.figures import count
from signup.services import Services
from signup.settings import SettingRow

ROW = 34
ROOM = ROW * 6 + 2
NOT_KNOWN = "not known while the database is away"
OPENED, UNSEEN = "opened", "not opened"


def waiting(services: Services) -> None:
    """Sign-ups whose prompt is out and of which no decision was heard, the newest first."""
    told = f"sent over {LONG_SECONDS} s ago, no decision yet"
    rows = signups.waiting(services, longer_than=LONG_SECONDS)
    with cards.card("Waiting without an answer", told, key="waiting_card"):
        if not rows:
            cards.note(f"Nobody waits longer than {LONG_SECONDS} s.", height=ROOM, icon="check_circle")
            return
        column, most = st.column_config, services.settings.answer_seconds
        with st.container(height=ROOM, border=False):
            st.dataframe(
                pd.DataFrame([_waits(row, services.clock.now()) for row in rows]),
                key="waiting",
                hide_index=True,
                row_height=ROW,
                height="content" if len(rows) <= ROOM // ROW - 1 else ROOM,
                column_config={
                    "Number": column.TextColumn(width=140),
                    "Waiting": column.ProgressColumn(
                        f"Waiting (of {span(most)})", min_value=0, max_value=most, format="%d s", width=170
                    ),
                    "Prompt": column.MultiselectColumn(
                        options=[OPENED, UNSEEN], color=[labels.CELL["blue"], labels.CELL["gray"]], width=100
                    ),
                    "Sent": column.DatetimeColumn(format="HH:mm:ss", width=80),
                    "Gives up at": column.DatetimeColumn(format="HH:mm:ss", width=90),
                },
                alt=f"{len(rows)} sign-ups wait without an answer",
            )


def apart(services: Services) -> None:
    """Callbacks that belong to no request of ours, by reason."""
    rows = lists.apart(services)
    with cards.card("Arrived, but matches nothing", f"last {lists.HOURS} h", key="apart_card"):
        told = f"{count(sum(row.count for row in rows))} callbacks match nothing"
        st.table({row.reason: _counted(row) for row in rows}, border="horizontal", alt=told)
        st.caption("Kept 10 minutes apart, never acted on.")


def settings(services: Services) -> None:
    """Each setting in force, and where it was given. Paths and addresses stand under the table, whose cells never break
    a long word: a phone would cut them off."""
    with cards.card("Settings", "a secret's value is never shown", key="settings_card"):
        rows = services.settings.describe()
        short = {f"`{row.name}`": _value(row) for row in rows if "/" not in row.value}
        st.table(short, border="horizontal", alt=f"{len(rows)} settings in force, those with a path under the table")
        st.markdown("\n\n".join(f"`{row.name}`  \n{_value(row)}" for row in rows if "/" in row.value))


def versions(services: Services, *, readable: bool) -> None:
    """What runs here, and where. `readable`: whether it is worth while to ask the database."""
    chosen = services.settings
    database, watchers = _told_by_database(services) if readable else (NOT_KNOWN, NOT_KNOWN)
    told = {
        "Python": platform.python_version(),
        "Streamlit": st.__version__,
        "Database": database,
        "Dashboard": f"`{chosen.bind}:{chosen.dashboard_port}`",
        "Receiver": f"`{chosen.callback_bind}:{chosen.callback_port}`",
        "Sandbox": f"`127.0.0.1:{chosen.sandbox_port}`" if chosen.mode == "sandbox" else "none in live mode",
        "Watchers": watchers,
    }
    with cards.card("Versions and processes", key="versions_card"):
        st.table(told, border="horizontal", alt="Versions of what runs here, and where it listens")


def _told_by_database(services: Services) -> tuple[str, str]:
    """Its version, and which watchers have said that they live."""
    now = services.clock.now()
    try:
        about, watching = services.store.about(), lists.watching(services)
    except SignupError:
        return NOT_KNOWN, NOT_KNOWN
    watchers = [
        f"{one.mode} on {one.host}, process {one.pid}, seen {span((now - one.seen_at).total_seconds())} ago"
        for one in watching
    ]
    return f"{about['library']}, {about['durability']}", "; ".join(watchers) or "none"


def _waits(row: SignUp, now: datetime) -> dict[str, Any]:
    zone = times.zone()
    return {
        "Number": row.masked or "forgotten",
        "Waiting": round((now - row.started_at).total_seconds()),
        "Prompt": [OPENED if row.opened_at else UNSEEN],
        "Sent": times.wall(row.started_at, zone),
        "Gives up at": times.wall(row.expires_at, zone),
    }


def _counted(row: Apart) -> str:
    if not row.count:
        return labels.quiet("0")
    last = f" {labels.quiet('· the last ' + times.day_and_minute(row.last, times.zone()))}" if row.last else ""
    return f"**{count(row.count)}**{last}"


def _value(row: SettingRow) -> str:
    if row.secret and row.name != "SIGNUP_DATABASE_URL":
        value = ":green[:material/check:] set" if row.value == "set" else "not set"
    else:
        value = f"`{row.value}`" if row.value else "not set"
    if value == "not set":
        return f"not set {labels.quiet('· ' + row.default)}" if row.default else "not set"
    source = "default" if row.source == "default" else f"from {'a file' if row.source == 'file' else row.source}"
    return f"{value} {labels.quiet(source)}"
