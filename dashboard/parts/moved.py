"""What moved, as one sentence for each changed rate, and the way to its sign-ups. Silent where nothing stands out.

`sentence` says it for page and report alike. It must not decide what is worth saying (signup/measure/causes.py).
"""

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import state
from dashboard.parts import kpis, links
from signup.measure.causes import Moved
from signup.measure.compare import Rate
from signup.measure.figures import count, percent
from signup.phone import country_name
from signup.words import MEASURES

if TYPE_CHECKING:  # the report says the sentences too, and keeps nothing that view.py brings along
    from dashboard.parts.view import View

ALL_OF_IT = 0.95
TOO_FEW = "Too few sign-ups to say what moved the rates."
NOTHING_STANDS_OUT = "No single country, channel, hour or error explains a change in the rates."


def show(view: "View") -> None:
    """Draw the sentences under the figures. Their line is there in any case, so that nothing moves when one comes."""
    if view.numbers.before is None:
        return
    for one in view.numbers.moved:
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"moved_{one.name}"):
            st.markdown(f":gray[:material/troubleshoot:] {sentence(one)}", width="content")
            if address := _address(one):
                links.see(links.SIGNUPS, "See them", view.filters.address(**address))
    if not view.numbers.moved:
        nothing = TOO_FEW if kpis.too_few(view.numbers) else NOTHING_STANDS_OUT
        st.markdown(f":gray[:material/troubleshoot: {nothing}]")


def sentence(one: Moved) -> str:
    """Success rate fell by 9.8 points, to 70.1%. Germany explains 8.9 of them: 81.2% before, 30.4% now (137 of 451)."""
    way = "rose" if one.points > 0 else "fell"
    now = percent(one.now[0] / one.now[1])
    share = one.cause.explained / one.points
    points = "all of it" if share >= ALL_OF_IT else f"{abs(one.cause.explained) * 100:.1f} of them"
    rates = f"{percent(one.cause.before.share)} before, {_told(one.cause.now)} now"
    return f"{MEASURES[one.name]} {way} by {abs(one.points) * 100:.1f} points, to {now}. {_who(one)} {points}: {rates}."


def _who(one: Moved) -> str:
    values = one.cause.values
    if one.cause.dimension == "country":
        return f"{country_name(values[0])} explains"
    if one.cause.dimension == "channel":
        return f"The channel {values[0]} explains"
    if one.cause.dimension == "hour":
        return f"The hours from {int(values[0]):02d}:00 to {(int(values[-1]) + 1) % 24:02d}:00 explain"
    return f"The error {values[0].partition(' ')[2]} explains"


def _told(rate: Rate) -> str:
    return f"{percent(rate.share)} ({count(rate.part)} of {count(rate.whole)})"


def _address(one: Moved) -> dict[str, str] | None:
    """What narrows the list of sign-ups to them; None where no filter does."""
    (value, *_), dimension = one.cause.values, one.cause.dimension
    if dimension == "country":
        return {state.COUNTRY: value}
    if dimension == "channel":
        return {state.CHANNEL: value}
    if dimension == "hour":
        return None
    step, _, code = value.partition(" ")
    return {state.OUTCOME: "failed", state.STEP: step, state.CODE: code}
