"""The whole made-up past, decided before anything of it happens: who begins a sign-up when, and how it goes.

People are awake by day, rest a little at weekends, come more every week, and try again too early. Two weeks ago
Truecaller had a bad hour; three weeks ago no watcher ran for a while. It must not touch a database.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import phonenumbers

from signup.seed import fates
from signup.seed.fates import Draw, Fate
from signup.settings import Settings

NIGHT, MORNING = (25, 15, 10, 10, 10, 20), (40, 70, 95, 110, 115, 110)
AFTERNOON, EVENING = (105, 105, 105, 110, 115, 125), (140, 150, 140, 110, 75, 45)
DAY_SHAPE = (*NIGHT, *MORNING, *AFTERNOON, *EVENING)
WEEK_SHAPE = (100, 102, 104, 103, 98, 82, 85)
GROWTH = 0.32
BUSIEST = max(DAY_SHAPE) * max(WEEK_SHAPE) * (1 + GROWTH)

COUNTRIES = {
    "IN": (410, 5.5),
    "SE": (200, 1),
    "NG": (150, 1),
    "EG": (125, 2),
    "ZA": (75, 2),
    "US": (12, -5),
    "GB": (9, 0),
    "KE": (7, 3),
    "ID": (5, 7),
    "BR": (4, -3),
    "DE": (3, 1),
}
"""Shares, and hours from UTC."""

CHANNELS = {"web": 66, "api": 22, "try": 8, "cli": 4}
REJECTS = ("call me", "+46 70 12", "12345", "+46 70 123 45 67 89 10", "+91 00000 00000", "+234 1", "unknown", "+27 1")

BAD_HOUR_DAYS, BAD_HOUR_SHARE, BAD_HOUR_FAILS = 14, 0.007, 0.75
PAUSE_DAYS, PAUSE_MINUTES, PAUSED = 23, 16, 4
RECENT = 6
REJECTED_SHARE, STRANGER_SHARE = 0.035, 0.004
COMES_BACK, COMES_BACK_REFUSED = 0.08, 0.5
HIT_SHARE, HITS_AGAIN = 0.11, 0.55
DIGITS_DRAWN = 6


@dataclass(frozen=True)
class Life:
    """One sign-up, from its start to its end.

    `hits`: (seconds after the start, channel) of further starts, which the lock refuses.
    """

    start: datetime
    country: str
    number: int
    channel: str
    fate: Fate
    hits: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that happens. `rejected`: (when, text, channel); `strangers`: when a callback of nobody's comes.

    `pause`: from when to when no watcher runs.
    """

    lives: list[Life]
    rejected: list[tuple[datetime, str, str]]
    strangers: list[datetime]
    pause: tuple[datetime, datetime]


class Planner:
    """Plans one past, the same one for the same number."""

    def __init__(self, settings: Settings, *, now: datetime, days: int, chance: int) -> None:
        self._chance = random.Random(chance)  # noqa: S311  a made-up past needs no secrets
        self._draw = Draw(self._chance, settings)
        self._lock_seconds = settings.lock_seconds
        self._now = now
        self._days = days
        self._free: dict[int, datetime] = {}
        self._refused: list[int] = []

    def plan(self, signups: int) -> Plan:
        """A past with so many sign-ups."""
        pause = self._day(PAUSE_DAYS)
        placed = list(self._placed(signups, pause)) if signups >= fates.ENOUGH and self._days > PAUSE_DAYS else []
        lives = [*placed, *(self._life(fate(self._draw)) for fate in fates.dealt(self._draw, signups - len(placed)))]
        return Plan(
            lives=[self._named(life) for life in sorted(lives, key=lambda life: life.start)],
            rejected=[self._reject() for _ in range(round(signups * REJECTED_SHARE))],
            strangers=[self._moment(601) for _ in range(round(signups * STRANGER_SHARE))],
            pause=(pause, pause + timedelta(minutes=PAUSE_MINUTES)),
        )

    def _day(self, back: int) -> datetime:
        """Early in the afternoon, so many days ago."""
        return (self._now - timedelta(days=back)).replace(hour=13, minute=0, second=0, microsecond=0)

    def _life(self, fate: Fate, start: datetime | None = None) -> Life:
        """Somebody's; when people are about, or at a given moment."""
        country = self._of({name: share for name, (share, _) in COUNTRIES.items()})
        start = start or self._moment(fate.lasts, COUNTRIES[country][1])
        return Life(start, country, 0, self._of(CHANNELS), fate)

    def _placed(self, signups: int, pause: datetime) -> Iterator[Life]:
        """Those in the bad hour, those that nobody watched, and those of the last minutes."""
        for _ in range(round(signups * BAD_HOUR_SHARE)):
            down = self._chance.random() < BAD_HOUR_FAILS
            fate = (fates.truecaller_down if down else fates.completed)(self._draw)
            yield self._life(fate, self._day(BAD_HOUR_DAYS) + timedelta(minutes=self._chance.uniform(0, 60)))
        for _ in range(PAUSED):
            yield self._life(fates.completed(self._draw), pause + timedelta(minutes=self._chance.uniform(0, 3)))
        for back in range(RECENT):
            fate = fates.completed(self._draw)
            yield self._life(fate, self._now - timedelta(seconds=fate.lasts, minutes=back * self._chance.uniform(1, 3)))

    def _named(self, life: Life) -> Life:
        """Whose it is: somebody new, somebody who was refused a moment ago, or somebody from earlier."""
        number = self._known(life.start) or self._stranger(life.country)
        locked = self._lock_seconds if life.fate.locks else life.fate.lasts
        self._free[number] = life.start + timedelta(seconds=locked)
        if not life.fate.locks:
            self._refused.append(number)
        return replace(life, number=number, hits=tuple(self._hits(life)))

    def _known(self, start: datetime) -> int | None:
        if self._refused and self._chance.random() < COMES_BACK_REFUSED:
            number = self._refused.pop()
        elif self._free and self._chance.random() < COMES_BACK:
            number = self._chance.choice(list(self._free))
        else:
            return None
        return number if self._free[number] <= start else None

    def _stranger(self, country: str) -> int:
        """A valid mobile number that was not used yet."""
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        assert example is not None, "libphonenumber knows the countries above"
        kept = str(example.national_number)[:-DIGITS_DRAWN]
        while True:
            digits = f"{kept}{self._chance.randrange(10**DIGITS_DRAWN):0{DIGITS_DRAWN}}"
            drawn = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=int(digits))
            number = int(f"{example.country_code}{digits}")
            if number not in self._free and phonenumbers.is_valid_number_for_region(drawn, country):
                return number

    def _hits(self, life: Life) -> Iterator[tuple[float, str]]:
        """Some people try again at once, some of them several times; a lock refuses each."""
        after, chance = 0.0, HIT_SHARE
        ends = min(self._lock_seconds, (self._now - life.start).total_seconds()) - 1
        while life.fate.locks and self._chance.random() < chance:
            after += self._draw.spread(36, 150)
            if after >= ends:
                return
            yield after, life.channel
            chance = HITS_AGAIN

    def _reject(self) -> tuple[datetime, str, str]:
        return self._moment(1), self._chance.choice(REJECTS), self._of(CHANNELS)

    def _moment(self, lasts: float, hours: float = 5.5) -> datetime:
        """When people are about, early enough to be over now."""
        while True:
            share = self._chance.random()
            moment = self._now - timedelta(days=self._days * (1 - share))
            there = moment + timedelta(hours=hours)
            busy = DAY_SHAPE[there.hour] * WEEK_SHAPE[there.weekday()] * (1 + GROWTH * share)
            if self._chance.random() * BUSIEST < busy:
                return min(moment, self._now - timedelta(seconds=lasts + self._chance.uniform(0, 20)))

    def _of(self, shares: dict[str, int]) -> str:
        return self._chance.choices(list(shares), weights=list(shares.values()))[0]
