"""The line under the Overview's filters: which time is shown, what it is compared with, and when it was counted."""

import streamlit as st

from dashboard import labels, times
from dashboard.parts import kpis
from dashboard.parts.filters import CUSTOM
from dashboard.parts.view import View
from signup.measure import compare
from signup.measure.question import YEAR


def tell(view: View) -> None:
    """Draw the line. Numbers that could not be renewed say how old they are, and why.

    Not a caption: Streamlit pales those, and with them a warning.
    """
    zone = view.asked.zone
    end = min(view.asked.end, view.seen)
    parts = [
        times.between(view.asked.start, end, zone, view.seen),
        *([] if view.numbers.before is None else [f"compared with {_compared(view)}"]),
        *([] if view.problem else [f":material/sync: updated {times.second(view.seen, zone)}"]),
    ]
    if view.known_from and view.asked.earliest < view.known_from:
        parts.append(f":material/info: nothing is known from before {times.day(view.known_from, zone)}")
    if kpis.too_few(view.numbers):
        parts.append(f":material/info: {compare.TOO_FEW} (under {compare.FEWEST})")
    told = labels.quiet(" · ".join(parts))
    if view.problem:
        age = f":material/sync_problem: as of {times.second(view.as_of, zone)}. {view.problem.sentence}"
        told = f"{told} :small[:orange[{age}]]"
    st.markdown(told)


def _compared(view: View) -> str:
    if view.filters.range == CUSTOM and view.filters.compare != YEAR:
        before = view.asked.before()
        return times.between(before.start, before.end, view.asked.zone, view.seen)
    same = ", same weekdays" if view.filters.range.endswith("d") or view.filters.compare == YEAR else ""
    return view.filters.before + same
