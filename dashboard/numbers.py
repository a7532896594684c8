"""The numbers of one question as the pages and the report take them: all that stands between the count and a drawing.

It must not keep anything (shared.py does) and knows no Streamlit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from signup.measure.causes import Moved, causes
from signup.measure.numbers import numbers
from signup.measure.question import NOTHING, Question, SettledQuestion
from signup.services import Services


@dataclass(frozen=True)
class Numbers:
    """The numbers of one question, as signup/measure/numbers.py gives them.

    `before`: of the period it is compared with; None for no comparison. `countries`: every outcome of each country.
    `retries`: how soon people try again. `ages`: open sign-ups by minute. `moved`: what explains a changed rate, where
    something does.
    """

    now: dict[str, Any]
    before: dict[str, Any] | None
    countries: list[dict[str, Any]]
    retries: list[dict[str, Any]]
    ages: list[int]
    moved: Sequence[Moved] = ()


def known(found: Numbers, asked: SettledQuestion, known_from: datetime | None) -> Numbers:
    """The same, compared with nothing where nothing is known of that period. Raises UsageWrong for such a range.

    What was counted stays known when its events leave the log. Only an empty time before all that is known is unknown.
    """
    asked.refuse_unknown(found.now["started"], known_from)
    if found.before and asked.before().is_unknown(found.before["started"], known_from):
        return replace(found, before=None, moved=())
    return found


def counted(services: Services, question: Question, now: datetime) -> Numbers:
    """The numbers of a question, all up to the same event. Raises UsageWrong, StoreUnavailable."""
    with numbers(services) as read:
        alone = question.against == NOTHING
        this, before = (read.stats(question, now), None) if alone else read.overview(question, now)
        return Numbers(
            now=this,
            before=before,
            countries=read.countries(question, now),
            retries=read.retry_histogram(question, now, services.settings.lock_seconds),
            ages=read.open_ages(question, now),
            moved=() if alone else causes(read, question, now, this, before),
        )
