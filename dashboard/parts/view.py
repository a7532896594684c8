"""One look at the Overview: what was asked, the numbers, and what every card needs to draw them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import streamlit as st

from dashboard import labels, rows, shared, state, times
from dashboard.numbers import Numbers
from dashboard.parts.filters import CUSTOM, Filters
from signup import clock
from signup.errors import SignupError, UsageWrong
from signup.measure.question import NOTHING, SettledQuestion


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

    @property
    def earliest(self) -> datetime:
        """From when on anything would have to be known."""
        return self.asked.start if self.asked.against == NOTHING else self.asked.before().start

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
        wall = [moment.astimezone(self.asked.zone).strftime("%Y-%m-%dT%H:%M") for moment in (start, end)]
        return {state.RANGE: CUSTOM, state.FROM: wall[0], state.TO: wall[1]}


def look(filters: Filters) -> View:
    """Ask for the numbers. Raises SignupError's kinds: a range that makes no sense, a log that cannot be read.

    What was counted stays known when its events leave the log. Only an empty time before all that is known is unknown:
    it is told so and not as zeros, and is no period to compare with.
    """
    seen = shared.services().clock.now()
    question = filters.question()
    asked = question.settled(seen)
    found = shared.overview(question)
    numbers, known_from = found.numbers, found.known_from
    if known_from and _is_unknown(numbers.now, asked, known_from):
        day = times.day(known_from, asked.zone)
        raise UsageWrong(f"Old events have left the log, and nothing is known from before {day}: choose a later range.")
    if known_from and numbers.before and _is_unknown(numbers.before, asked.before(), known_from):
        numbers = replace(numbers, before=None, moved=())
    return View(filters, asked, numbers, seen, found.as_of, found.problem, known_from)


def _is_unknown(counted: Mapping[str, Any], asked: SettledQuestion, known_from: datetime) -> bool:
    """Whether a range of a pruned log may have held what nobody counted, and nothing is counted in it."""
    return asked.end <= known_from and not counted["started"]
