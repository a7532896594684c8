"""What is asked of the numbers: a range, a zone, an interval, filters. One reading of it for page and command line.

Stands between a person's texts and the count (stats.py). It must not look at the history; the moment "now" is always
handed in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from signup.errors import UsageWrong
from signup.measure import calendar
from signup.words import OUTCOMES

DEFAULT_LENGTH = timedelta(days=28)
AGAINST = PERIOD, YEAR, NOTHING = ("period", "year", "nothing")
_YEARS = range(1970, 2200)
_COUNTRY = re.compile(r"[A-Z]{2}|001")
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,15}")


@dataclass(frozen=True)
class Question:
    """A question about [start, end). Several values of one filter mean "any of", none means all.

    `start`, `end`, `interval` may be open: `settled(now)` fills them in, a `preset` wins over both ends. `against`: one
    of AGAINST, what it is compared with.
    """

    start: datetime | None = None
    end: datetime | None = None
    zone: str = "UTC"
    interval: str | None = None
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    preset: str | None = None
    against: str = PERIOD

    def settled(self, now: datetime) -> "SettledQuestion":
        """The same question with nothing left open; UsageWrong when it ends before it begins.

        Without an end: up to the end of the current minute. Without a start: 28 days before the end.
        """
        if self.preset:
            start, end = calendar.preset(self.preset, now, self.zone)
        else:
            end = self.end or calendar.end_of_minute(now)
            start = self.start or end - DEFAULT_LENGTH
        if start >= end:
            raise UsageWrong("The range ends before it begins: choose a start before its end.")
        return SettledQuestion(
            start=start,
            end=end,
            zone=calendar.zone_named(self.zone),
            interval=self.interval or calendar.default_interval(start, end),
            countries=frozenset(self.countries),
            channels=frozenset(self.channels),
            outcomes=frozenset() if set(self.outcomes) >= set(OUTCOMES) else frozenset(self.outcomes),
            full_length=calendar.PRESETS[self.preset] if self.preset else timedelta(0),
            against=self.against,
        )


@dataclass(frozen=True)
class SettledQuestion:
    """A question with both ends, its zone and its interval; all outcomes chosen is no filter. It is hashable."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    interval: str
    countries: frozenset[str]
    channels: frozenset[str]
    outcomes: frozenset[str]
    full_length: timedelta
    against: str = PERIOD

    @property
    def earliest(self) -> datetime:
        """From when on anything would have to be known."""
        return self.start if self.against == NOTHING else self.before().start

    def before(self) -> "SettledQuestion":
        """The same question about the period it is compared with, cut into the same kind of buckets."""
        if self.against == YEAR:
            start, end = calendar.year_before(self.start, self.end, self.zone)
        else:
            start, end = calendar.previous(self.start, self.end, self.zone, self.full_length)
        return replace(self, start=start, end=end)

    def is_unknown(self, started: int, known_from: datetime | None) -> bool:
        """Whether nothing is counted in a time that a log has lost: nobody knows then whether anything happened.

        `known_from`: the first day of which such a log knows anything; None as long as it has lost nothing.
        """
        return known_from is not None and self.end <= known_from and not started

    def refuse_unknown(self, started: int, known_from: datetime | None) -> None:
        """Raise UsageWrong instead of telling zeros of such a time."""
        if known_from and self.is_unknown(started, known_from):
            day = f"{known_from.astimezone(self.zone):%d %b %Y}"
            raise UsageWrong(
                f"Old events have left the log, and nothing is known from before {day}: choose a later range."
            )


def question(
    *,
    from_: str | None = None,
    to: str | None = None,
    tz: str = "UTC",
    interval: str | None = None,
    country: str | Iterable[str] | None = None,
    channel: str | Iterable[str] | None = None,
    outcome: str | Iterable[str] | None = None,
    preset: str | None = None,
    against: str = PERIOD,
) -> Question:
    """A question from texts, as an address bar or a command line holds them; UsageWrong names what makes no sense.

    Times: our own UTC text, an ISO date (its first instant in the zone) or an ISO date with a time (the zone's clock
    unless it says another). Filters: one value, several joined by commas, or an iterable of values.
    """
    zone = calendar.zone_named(tz)
    if interval is not None and interval not in calendar.INTERVALS:
        raise UsageWrong(f"The interval is not known: choose one of {', '.join(calendar.INTERVALS)}.")
    if preset is not None and preset not in calendar.PRESETS:
        raise UsageWrong(f"The range is not known: choose one of {', '.join(calendar.PRESETS)}.")
    countries = tuple(value.upper() for value in _values(country))
    channels, outcomes = _values(channel), _values(outcome)
    if not all(_COUNTRY.fullmatch(value) for value in countries):
        raise UsageWrong("A country is two letters such as SE, or 001 for numbers of no country.")
    if not all(_CHANNEL.fullmatch(value) for value in channels):
        raise UsageWrong("A channel is up to 16 lower-case letters, digits and hyphens, such as web.")
    if not set(outcomes) <= set(OUTCOMES):
        raise UsageWrong(f"The outcome is not known: choose from {', '.join(OUTCOMES)}.")
    return Question(
        start=_time("from", from_, zone),
        end=_time("to", to, zone),
        zone=tz,
        interval=interval,
        countries=countries,
        channels=channels,
        outcomes=outcomes,
        preset=preset,
        against=against,
    )


def _values(given: str | Iterable[str] | None) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else given or ()
    return tuple(sorted({part.strip() for text in texts for part in text.split(",")} - {""}))


def _time(name: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UsageWrong(
            f"`{name}` is not a time: write a date (2026-11-24) or a date with a time (2026-11-24T15:32)."
        ) from None
    if read.year not in _YEARS:
        raise UsageWrong(f"`{name}` is outside the years {_YEARS.start} to {_YEARS.stop - 1}.")
    return read.astimezone(UTC) if read.tzinfo else calendar.first_instant(read, zone)
