"""Alerts: what raises one, from which value on, and what was sent.

Top to bottom: a card for each rule with its state and its value of the last minute, then what was sent by webhook. A
rule is edited, and tried on the last 30 days, in a drawer. The page looks again four times a minute.
"""

import streamlit as st

from dashboard import shared, state, times, watched
from dashboard.parts import alert_cards, cards, header, links, rule_drawer
from signup.errors import SignupError
from signup.measure.alerts import delivery
from signup.record.events import Kind

EVERY_SECONDS = 15
CARD, HEIGHT = 220, 180
services = shared.services()


def show() -> None:
    """Everything under the header."""
    found = watched.rules()
    if found is None:
        st.error("The rules cannot be read now: see Health.", icon=":material/error:")
        return
    now = services.clock.now()
    if since := alert_cards.last_looked(found, now):
        at = times.lately(since, now, times.zone())
        st.caption(f"The rules were last looked at {at}: all of this is that old. Health shows whether a watcher runs.")
    with st.grid(len(found), min_column_width=CARD, gap="small"):
        for each in found:
            alert_cards.rule(each, now)
    with cards.card("Sent by webhook", alert_cards.told_to(services.settings), key="webhooks_card"):
        try:
            alert_cards.deliveries(delivery.latest(services), services.settings)
        except SignupError as problem:
            cards.broken(problem, height=HEIGHT)


with header.show("Alerts", "What raises an alert, from which value on, and what was sent"):
    links.see(links.AUDIT, "Every change", {state.KIND: [Kind.ALERT_CHANGED, Kind.SETTINGS_CHANGED]})
st.fragment(show, run_every=EVERY_SECONDS)()
rule_drawer.show()
