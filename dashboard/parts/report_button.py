"""The Overview's report: the same filters, as one file. `python -m signup report` writes it in a process of its own.

Nothing is offered until the panel is open, for the link to the file lives a minute.
"""

import streamlit as st

from dashboard import shared
from dashboard.parts import work
from dashboard.parts.filters import Filters
from signup import clock
from signup.errors import SignupError

PANEL, WORK = "report_panel", "report_work"


def show(chosen: Filters) -> None:
    """The button, and its panel with how far the report is."""
    panel = st.popover("Report", icon=":material/lab_profile:", key=PANEL, on_change="rerun")
    if panel.open:
        with panel:
            st.fragment(_inside)(chosen)


def _inside(chosen: Filters) -> None:
    st.caption("The Overview as one HTML file, with its charts also as PNG: to send around, to print, to keep.")
    try:
        words = _options(chosen)
    except SignupError as problem:
        words = []
        st.error(problem.sentence, icon=":material/error:")
    st.button(
        "Write the report",
        icon=":material/lab_profile:",
        type="primary",
        key="start_report",
        width="stretch",
        disabled=not words or work.busy(WORK),
        on_click=_begin,
        args=(words,),
    )
    work.show(WORK)


def _begin(words: list[str]) -> None:
    work.begin(WORK, "Drawing", ["report", *words], "sign-ups", "html")


def _options(chosen: Filters) -> list[str]:
    """The screen's filters as the command's options. Raises UsageWrong for a range that ends before it begins.

    A range that moves with the clock goes by its name, so that it is compared with what the page compares it with.
    """
    question = chosen.question()
    question.settled(shared.services().clock.now())
    several = {"country": question.countries, "channel": question.channels, "outcome": question.outcomes}
    told = [f"--{name}={value}" for name, values in several.items() for value in values]
    told += [f"--tz={question.zone}", f"--against={question.against}"]
    single = {"interval": question.interval, "range": question.preset}
    ends = {"from": question.start, "to": question.end}
    told += [f"--{name}={value}" for name, value in single.items() if value]
    return told + [f"--{name}={clock.text(moment)}" for name, moment in ends.items() if moment]
