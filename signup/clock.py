"""Time, read once per step and passed down. The only module that asks the machine what time it is.

Times are aware UTC in memory and fixed-width text `YYYY-MM-DDTHH:MM:SS.ffffffZ` at rest, which sorts as it reads.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

LONGEST_WAIT = 86_400


class Clock(Protocol):
    """What a step asks for the time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and deadlines."""
        ...

    def ahead(self) -> float:
        """Seconds that the wall clock was moved ahead of the machine's; 0 for nearly all."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def ahead(self) -> float:
        return 0.0


class HandClock:
    """A clock moved by hand: the seed plays a past with it, tests never sleep."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def ahead(self) -> float:
        return 0.0

    def move(self, seconds: float) -> None:
        """Move both clocks forward (or the wall clock back, with a negative number)."""
        self._now += timedelta(seconds=seconds)
        self._seconds += max(seconds, 0.0)

    def set(self, moment: datetime) -> None:
        """Put the wall clock at a moment."""
        self.move((moment - self._now).total_seconds())


def text(moment: datetime) -> str:
    """A moment as fixed-width UTC text, microseconds included."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment a fixed-width text names; ValueError for any other form."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def milliseconds(seconds: float) -> int:
    """A duration in whole milliseconds; a negative one (a clock was set back) counts as 0."""
    return max(0, round(seconds * 1000))


def retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """What an HTTP answer asks for, as whole seconds from 0 to a day; None when it is absent or unreadable."""
    from email.utils import parsedate_to_datetime  # heavy, and this module is everywhere

    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(int(told[:10]), LONGEST_WAIT)
    try:
        then = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return round(min(max((then - now).total_seconds(), 0), LONGEST_WAIT))
