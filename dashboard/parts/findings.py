"""What the doctor found: why no callback comes, what else is wrong with its cure, every check by the side it looks to.

The checks themselves are signup/doctor. It must not make a phone ring: none of them does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import labels, shared
from dashboard.parts import cards
from signup import doctor
from signup.doctor import Cause, Check, Examined
from signup.measure.figures import duration

GOOD_FOR_SECONDS = 9
NO_CAUSE = (
    ":green[:material/check_circle:] No known cause: every link from Truecaller to this database that can be "
    "tried from here is sound."
)
LEVELS = {"problem": ("red", "error"), "look at": ("orange", "warning"), "fine": ("green", "check_circle")}


@dataclass(frozen=True)
class Round:
    """The checks of one round, when they were asked and how long that took."""

    examined: Examined
    at: datetime
    seconds: float

    @property
    def checks(self) -> list[Check]:
        """Every check."""
        return self.examined.checks

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
    found = doctor.examine(services)
    return Round(found, services.clock.now(), services.clock.monotonic() - began)


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


def why(found: Round) -> None:
    """The first known cause with its evidence and cure, the others below; or that none is known."""
    tried, causes = found.examined.url, found.examined.causes
    with cards.card("Why does no callback come?", f"`{tried}` was tried" if tried else "", key="why_card"):
        if tried is None:
            st.markdown(":gray[:material/help:] The way of a callback cannot be tried now.")
        elif not causes:
            st.markdown(NO_CAUSE)
        for place, cause in enumerate(causes):
            (st.warning if place else st.error)(
                _body(cause), title=labels.coded(_first(cause.detail)), icon=":material/link_off:"
            )


def problems(found: Round, held: Sequence[str]) -> None:
    """What else is wrong, then what to look at, each with what to do; a cause that stands above is not said again.

    `held`: the names that stood here when the page was opened. One of them that was mended keeps its place, and a new
    one that is only to look at waits in the tables below: nothing moves because time passed, but for a new problem.
    """
    told = {cause.check for cause in found.examined.causes}
    for check in found.of("problem"):
        if check.name not in told:
            st.error(_body(check), title=_title(check), icon=":material/error:")
    for check in found.of("look at"):
        if check.name in held and check.name not in told:
            st.warning(_body(check), title=_title(check), icon=":material/warning:")
    for check in found.of("fine"):
        if check.name in held:
            st.success("It was mended since the page was opened.", title=_title(check), icon=":material/check_circle:")


def table(found: Round, side: str, title: str) -> None:
    """The checks of one side, each with what it found."""
    checks = [check for check in found.checks if check.side == side]
    with cards.card(title, key=f"side_{side}"):
        st.table(
            {_name(check): labels.coded(check.detail) for check in checks},
            border="horizontal",
            alt=_told(title, checks),
        )


def _name(check: Check) -> str:
    colour, icon = LEVELS[check.level]
    return f":{colour}[:material/{icon}:] {check.name}"


def _told(title: str, checks: Sequence[Check]) -> str:
    fine = sum(check.level == "fine" for check in checks)
    return f"{title}: {fine} of {len(checks)} checks are fine"


def _title(check: Check) -> str:
    """What it is: the first sentence of what was found."""
    return labels.coded(f"{check.name}: {_first(check.detail)}")


def _first(detail: str) -> str:
    return detail.partition(". ")[0].rstrip(".")


def _body(found: Check | Cause) -> str:
    """The rest of it, and what to do."""
    rest, cure = found.detail.partition(". ")[2], f"**Cure:** {found.cure}"
    return labels.coded(f"{rest}  \n{cure}" if rest else cure)
