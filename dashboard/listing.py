"""Which sign-ups a list shows: by filters, by a search, or those behind one of the Overview's warnings.

Stands between the reading side of the flow and the Sign-ups page. It must not draw, and knows no Streamlit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dashboard import shared
from dashboard.parts.filters import Filters
from signup.clock import text
from signup.flow import signups
from signup.flow.signups import MOST_COUNTED, SignUp, Wanted
from signup.measure.figures import up_to
from signup.model import OPEN
from signup.services import Services

JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """`words`: what was searched for, and then nothing else counts. `cause`: (step, code) of an error.

    `warned`: whether it is asked who met that error and went on, which only the events know, or whom it ended.
    """

    filters: Filters
    words: str = ""
    cause: tuple[str, str] | None = None
    warned: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether more than the range is chosen."""
        return self.filters.narrowed or self.cause is not None


@dataclass(frozen=True)
class Found:
    """One page of sign-ups, newest first, and how many there are in all."""

    rows: list[SignUp]
    total: int

    @property
    def told_total(self) -> str:
        """935, or 10,000+ from where nobody counts on."""
        return up_to(self.total, MOST_COUNTED)


def find(services: Services, asked: Asked, before: SignUp | None, size: int) -> Found:
    """The page that begins after `before`. Raises UsageWrong, StoreUnavailable."""
    if asked.words:
        rows = signups.find(services, asked.words, limit=size)
        return Found(rows, len(rows))
    if asked.warned:
        return _behind_a_warning(services, asked, before, size)
    wanted = _wanted(asked, services.clock.now())
    return Found(signups.page(services, wanted, before=before, limit=size), signups.count(services, wanted))


def newer(services: Services, asked: Asked, top: SignUp) -> int:
    """How many came after the one that was the newest. Raises UsageWrong, StoreUnavailable."""
    if asked.words:
        return 0
    if asked.warned:
        return sum(signup_id > top.id for signup_id in _warned(asked))
    wanted = _wanted(asked, services.clock.now())
    return signups.count(services, replace(wanted, since=max(wanted.since, text(top.started_at + JUST_AFTER))))


def _wanted(asked: Asked, now: datetime) -> Wanted:
    settled = asked.filters.question().settled(now)
    statuses = [status for name in asked.filters.outcomes for status in (OPEN if name == "open" else (name,))]
    return Wanted(
        since=text(settled.start),
        until=text(settled.end),
        statuses=tuple(statuses),
        countries=asked.filters.countries,
        channels=asked.filters.channels,
        codes=(asked.cause[1],) if asked.cause else (),
    )


def _behind_a_warning(services: Services, asked: Asked, before: SignUp | None, size: int) -> Found:
    ids = _warned(asked)
    following = ids[ids.index(before.id) + 1 :] if before and before.id in ids else ids
    rows = (signups.one(services, signup_id) for signup_id in following[:size])
    return Found([row for row in rows if row], len(ids))


def _warned(asked: Asked) -> list[str]:
    assert asked.cause is not None, "a warning has a cause"
    return shared.warned(asked.filters.question(), *asked.cause)
