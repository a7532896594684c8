"""The numbers of one question as the pages and the report take them: all that stands between the count and a drawing.

It must not keep anything (shared.py does) and knows no Streamlit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signup.measure import stats
from signup.measure.history import History
from signup.measure.question import Question


@dataclass(frozen=True)
class Numbers:
    """The numbers of one question and of the period before it, as measure.stats gives them.

    `countries`: every outcome of each country. `retries`: how soon people try again. `ages`: open sign-ups by minute.
    """

    now: dict[str, Any]
    before: dict[str, Any]
    countries: list[dict[str, Any]]
    retries: list[dict[str, Any]]
    ages: list[int]


def counted(history: History, lock_seconds: float, question: Question, now: datetime) -> Numbers:
    """The numbers of a question."""
    this, before = stats.overview(history, question, now)
    return Numbers(
        now=this,
        before=before,
        countries=stats.countries(history, question, now),
        retries=stats.retry_histogram(history, question, now, lock_seconds),
        ages=stats.open_ages(history, question, now),
    )
