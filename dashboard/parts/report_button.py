"""The Overview's report: the same filters, as one file. `python -m signup report` writes it in a process of its own."""

import streamlit as st

from dashboard import shared
from dashboard.parts import work
from dashboard.parts.filters import Filters
from signup import clock
from signup.measure.question import Question

WORK = "report_work"


def show(chosen: Filters) -> None:
    """The button, and under it how far the report is."""
    with st.popover("Report", icon=":material/lab_profile:", key="report_panel"):
        st.caption("The Overview as one HTML file, with its charts also as PNG: to send around, to print, to keep.")
        st.button(
            "Write the report",
            icon=":material/lab_profile:",
            type="primary",
            key="start_report",
            width="stretch",
            disabled=work.busy(WORK),
            on_click=_begin,
            args=(chosen,),
        )
        work.show(WORK)


def _begin(chosen: Filters) -> None:
    work.begin(WORK, "Drawing", ["report", *_options(chosen)], "sign-ups", "html")


def _options(chosen: Filters) -> list[str]:
    """The screen's filters as the command's options. The outcome filter plays no part: see dashboard/shared.py."""
    question = chosen.question()
    several = {"country": question.countries, "channel": question.channels}
    told = [f"--{name}={value}" for name, values in several.items() for value in values]
    told += [f"--tz={question.zone}", f"--against={question.against}"]
    told += [f"--interval={question.interval}"] if question.interval else []
    return told + [f"--{name}={moment}" for name, moment in _ends(question).items()]


def _ends(question: Question) -> dict[str, str]:
    """Both ends as UTC texts; a range that moves with the clock is fixed at its present one."""
    settled = question.settled(shared.services().clock.now())
    return {"from": clock.text(settled.start), "to": clock.text(settled.end)}
