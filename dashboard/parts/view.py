"""One look at the Overview: what was asked, the numbers, and what every card needs to draw them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import streamlit as st

from dashboard import labels, rows, shared, state, times
from dashboard.numbers import Numbers, known
from dashboard.parts.filters import CUSTOM, Filters
from signup import clock
from signup.errors import SignupError
from signup.measure.question import SettledQuestion


@dataclass(frozen=True)
class View:
    """`asked`: the question with both ends and its interval. `seen`: the moment it was looked at.

    `known_from`: what was before may have left the log uncounted; None as long as the log has lost nothing.
    """

    filters: Filters
    asked: SettledQuestion
    numbers: Numbers
    seen: datetime
    as_of: datetime
    problem: SignupError | None
    known_from: datetime | None = None

    @property
    def dark(self) -> bool:
        """Whether the viewer's theme is the dark one."""
        return st.context.theme.type == "dark"

    @cached_property
    def cut(self) -> list[rows.Row]:
        """The buckets of the range."""
        return rows.buckets(self.numbers.now["series"], self.asked, self.seen)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The outcomes to draw and list: those of the filter, else all."""
        return tuple(name for name in labels.OUTCOME if name in self.filters.outcomes) or tuple(labels.OUTCOME)

    def window(self, at: str) -> dict[str, str] | None:
        """The part of an address that means one bucket, cut to the range; None once the range has left it behind."""
        place = next((i for i, row in enumerate(self.cut) if row["at"] == at), None)
        if place is None:
            return None
        start = max(clock.moment(self.cut[place]["start"]), self.asked.start)
        following = self.cut[place + 1 : place + 2]
        end = clock.moment(following[0]["start"]) if following else self.asked.end
        edges = {state.FROM: times.written(start, self.asked.zone), state.TO: times.written(end, self.asked.zone)}
        return {state.RANGE: CUSTOM, **edges}


def look(filters: Filters) -> View:
    """Ask for the numbers. Raises SignupError's kinds: a range that makes no sense, a log that cannot be read."""
    seen = shared.services().clock.now()
    question = filters.question()
    asked = question.settled(seen)
    found = shared.overview(question)
    numbers = known(found.numbers, asked, found.known_from)
    return View(filters, asked, numbers, seen, found.as_of, found.problem, found.known_from)
