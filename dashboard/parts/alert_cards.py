"""The cards of the Alerts page: how one rule stands, and what was sent by webhook.

Of a webhook's address only the host is shown, for the rest may be a secret. It must not judge a value.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from dashboard import labels, times
from dashboard.parts import cards, rule_drawer
from signup.measure.alerts import told
from signup.measure.alerts.delivery import Delivery
from signup.measure.alerts.kept import Watched
from signup.measure.figures import NOTHING, count
from signup.settings import Settings

STALE = timedelta(minutes=3)
"""The rules are looked at once a minute: so late, nobody looks."""

ROW = 36
FEW = 10
ROOM = ROW * 5
TAKEN, WAITING, GIVEN_UP = "taken", "waiting", "given up"
PARTS = {"completed": "completed", "failed": "failed", "lockHits": "lock hits", "opened": "prompts opened"}
"""What the counted part of a value is, in words: "No callbacks, 100.0%" would say the opposite of what it means."""

WHY = {
    "name": "an unknown name",
    "connect": "no connection",
    "tls": "no trusted TLS",
    "timeout": "no answer in time",
    "broken": "the connection broke",
    "private": "a private address",
    "unsendable": "cannot be sent",
}


def rule(each: Watched, now: datetime) -> None:
    """One rule: state, value, how old they are when nobody looks, from where on it is bad, and the way to edit it.

    A value of less than the rule needs is grey: it says nothing yet.
    """
    wanted, seen = each.rule, each.seen
    shown = told.value(wanted, seen.reading) if seen else NOTHING
    value, _, counts = shown.rstrip(")").partition(" (")
    few = bool(counts) and seen is not None and seen.reading.n < wanted.least
    with st.container(border=True, height="stretch", vertical_alignment="distribute", key=f"rule_{wanted.id}"):
        with st.container(gap="xsmall"):
            st.markdown(f"**{wanted.figure.name}**")
            st.metric(wanted.figure.name, f":gray[{value}]" if few else value, label_visibility="collapsed")
            st.markdown(_state(each, now))
            of = f"{counts} {PARTS[wanted.figure.part]} · " if counts else ""
            st.caption(told.begun(f"{of}{told.minutes(wanted)}"))
            least = f"; needs at least {count(wanted.least)}" if wanted.least else ""
            st.caption(f"{told.begun(told.limits(wanted))}{least}{' · edited' if each.changed else ''}")
        about = f"Edit and try {wanted.figure.name}"
        if st.button("Edit and try", icon=":material/tune:", key=f"edit_{wanted.id}", help=about):
            rule_drawer.open_it(wanted.id)
            st.rerun()


def last_looked(found: Sequence[Watched], now: datetime) -> datetime | None:
    """When the rules were last looked at, if that is too long ago."""
    newest = max((each.seen.minute for each in found if each.seen), default=None)
    return newest if newest and now - newest > STALE else None


def told_to(settings: Settings) -> str:
    """To whom, for the card's first line."""
    if not settings.webhook_url:
        return "to nobody yet"
    return f"to {urlsplit(settings.webhook_url.get_secret_value()).hostname}, signed; kept 30 days"


def deliveries(found: Sequence[Delivery], settings: Settings) -> None:
    """The newest messages, and what became of each."""
    if not settings.webhook_url:
        hint = "Set SIGNUP_WEBHOOK_URL and SIGNUP_WEBHOOK_SECRET: then every change of an alert is sent there."
        cards.note(labels.coded(hint), height=ROOM, icon="webhook")
        return
    if not found:
        cards.note("Nothing has been sent yet.", height=ROOM, icon="check_circle")
        return
    column = st.column_config
    st.dataframe(
        pd.DataFrame([_row(each) for each in found]),
        key="deliveries",
        hide_index=True,
        row_height=ROW,
        height="content" if len(found) <= FEW else ROW * (FEW + 1),
        column_config={
            "When": column.DatetimeColumn(format="DD MMM HH:mm:ss", width=130),
            "Delivery": column.MultiselectColumn(
                options=[TAKEN, WAITING, GIVEN_UP],
                color=[labels.CELL["green"], labels.CELL["orange"], labels.CELL["red"]],
                width=100,
            ),
            "Message": column.TextColumn(width=520),
            "Answer": column.TextColumn(width=170),
            "Tries": column.NumberColumn(width=60),
            "Next try": column.DatetimeColumn(format="HH:mm:ss", width=90),
        },
        placeholder=NOTHING,
        alt=f"{count(len(found))} messages, {count(sum(each.taken for each in found))} of them taken",
    )


def _state(each: Watched, now: datetime) -> str:
    """The state's badge, since when, and of when it is unless of just now."""
    if each.seen is None:
        return labels.badge(told.NOT_YET, "gray", "schedule")
    standing, zone = each.seen.standing, times.zone()
    look = labels.ALERT[standing.state]
    name = f"{look.name}, a warning" if standing.fires and not each.is_alert else look.name
    colour = "orange" if standing.fires and not each.is_alert else look.colour
    told_of = (
        f"{labels.badge(name, colour, look.icon)} {labels.quiet(f'since {times.lately(standing.since, now, zone)}')}"
    )
    if last_looked([each], now):
        told_of += f" :orange[as of {times.lately(each.seen.minute, now, zone)}]"
    return told_of


def _row(each: Delivery) -> dict[str, object]:
    zone = times.zone()
    state = TAKEN if each.taken else WAITING if each.due else GIVEN_UP
    return {
        "When": times.wall(each.at, zone),
        "Delivery": [state],
        "Message": json.loads(each.body)["data"]["sentence"],
        "Answer": WHY.get(each.answer, each.answer) if each.answer else None,
        "Tries": each.tries,
        "Next try": times.wall(each.due, zone) if each.due else None,
    }
