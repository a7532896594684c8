"""What the doctor found: how many problems, each with its cure, and every check by the side it looks to.

The checks themselves are signup/doctor. It must not make a phone ring: none of them does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import labels, shared
from dashboard.parts import cards
from signup import doctor
from signup.doctor import Check
from signup.measure.figures import duration

GOOD_FOR_SECONDS = 9
LEVELS = {"problem": ("red", "error"), "look at": ("orange", "warning"), "fine": ("green", "check_circle")}


@dataclass(frozen=True)
class Round:
    """The checks of one round, when they were asked and how long that took."""

    checks: list[Check]
    at: datetime
    seconds: float

    def of(self, level: str) -> list[Check]:
        """Those that found so much."""
        return [check for check in self.checks if check.level == level]

    @property
    def not_fine(self) -> tuple[str, ...]:
        """The names of those that are not fine."""
        return tuple(check.name for check in self.checks if not check.ok)


@st.cache_data(ttl=GOOD_FOR_SECONDS, max_entries=1, show_spinner=False)
def latest(database: str) -> Round:  # noqa: ARG001  whose findings: a cache key
    """The last round, or a new one once it is too old: one for all visitors."""
    services = shared.services()
    began = services.clock.monotonic()
    checks = doctor.checks(services)
    return Round(checks, services.clock.now(), services.clock.monotonic() - began)


def again() -> None:
    """Forget the last round."""
    latest.clear()


def badges(found: Round, at: str) -> None:
    """How many of each, and when they were asked."""
    names = {"problem": ("problem", "problems"), "look at": ("to look at", "to look at"), "fine": ("fine", "fine")}
    parts = []
    for level, (one, many) in names.items():
        colour, icon = LEVELS[level]
        count = len(found.of(level))
        parts.append(labels.badge(f"{count} {one if count == 1 else many}", colour if count else "gray", icon))
    st.markdown(f"{' '.join(parts)} {labels.quiet(f'checked {at} in {duration(found.seconds)}')}")


def problems(found: Round, held: Sequence[str]) -> None:
    """What is wrong, then what to look at, each with what to do.

    `held`: the names that stood here when the page was opened. One of them that was mended keeps its place, and a new
    one that is only to look at waits in the tables below: nothing moves because time passed, but for a new problem.
    """
    for check in found.of("problem"):
        st.error(_body(check), title=_title(check), icon=":material/error:")
    for check in found.of("look at"):
        if check.name in held:
            st.warning(_body(check), title=_title(check), icon=":material/warning:")
    for check in found.of("fine"):
        if check.name in held:
            st.success("It was mended since the page was opened.", title=_title(check), icon=":material/check_circle:")


def table(found: Round, side: str, title: str) -> None:
    """The checks of one side, each with what it found."""
    checks = [check for check in found.checks if check.side == side]
    with cards.card(title, key=f"side_{side}"):
        st.table({_name(check): check.detail for check in checks}, border="horizontal", alt=_told(title, checks))


def _name(check: Check) -> str:
    colour, icon = LEVELS[check.level]
    return f":{colour}[:material/{icon}:] {check.name}"


def _told(title: str, checks: Sequence[Check]) -> str:
    fine = sum(check.level == "fine" for check in checks)
    return f"{title}: {fine} of {len(checks)} checks are fine"


def _title(check: Check) -> str:
    """What it is: the first sentence of what was found."""
    return f"{check.name}: {check.detail.partition('. ')[0].rstrip('.')}"


def _body(check: Check) -> str:
    """The rest of it, and what to do."""
    why = check.detail.partition(". ")[2]
    return f"{why}  \n**Cure:** {check.cure}" if why else f"**Cure:** {check.cure}"
