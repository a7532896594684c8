"""What moved, on made-up periods in which one thing was planted, or nothing."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import pytest

from signup.measure.moved import Cause, Sides, cause

COUNTRIES = {"IN": 40, "SE": 25, "DE": 15, "NG": 12, "KE": 8}
CHANNELS = {"web": 60, "app": 30, "api": 10}
SEEDS = range(20)


@dataclass(slots=True)
class Person:
    country: str
    channel: str
    hour: int
    ending: str
    completes: float = 0.8


Plant = Callable[[random.Random, Person], None]


@dataclass
class Period:
    """(completed, finished) by each value of each dimension, and how the others ended."""

    parts: dict[str, Counter[str]] = field(
        default_factory=lambda: {"country": Counter(), "channel": Counter(), "hour": Counter()}
    )
    wholes: dict[str, Counter[str]] = field(
        default_factory=lambda: {"country": Counter(), "channel": Counter(), "hour": Counter()}
    )
    endings: Counter[str] = field(default_factory=Counter)
    completed: int = 0
    finished: int = 0


def nothing(_: random.Random, __: Person) -> None:
    """All as past."""


@lru_cache
def period(seed: str, plant: Plant, people: int) -> Period:
    """The same for the same seed, plant and number of people."""
    chance, made = random.Random(seed), Period()
    countries = chance.choices(list(COUNTRIES), list(COUNTRIES.values()), k=people)
    channels = chance.choices(list(CHANNELS), list(CHANNELS.values()), k=people)
    hours = chance.choices(range(24), k=people)
    endings = chance.choices(["expired", "declined"], k=people)
    for drawn in zip(countries, channels, hours, endings, strict=True):
        plant(chance, one := Person(*drawn))
        completes = chance.random() < one.completes
        made.finished += 1
        made.completed += completes
        if not completes:
            made.endings[one.ending] += 1
        for name, value in (("country", one.country), ("channel", one.channel), ("hour", str(one.hour))):
            made.wholes[name][value] += 1
            made.parts[name][value] += completes
    return made


def found(seed: int, plant: Plant, people: int = 3_000, before: Plant = nothing) -> Cause | None:
    past, now = period(f"past {seed}", before, people), period(f"now {seed}", plant, people)

    def sides(name: str, value: str) -> Sides:
        now_side = now.parts[name][value], now.wholes[name][value]
        return now_side, (past.parts[name][value], past.wholes[name][value])

    return cause(
        ((now.completed, now.finished), (past.completed, past.finished)),
        {name: {value: sides(name, value) for value in now.wholes[name]} for name in now.wholes},  # type: ignore[misc]
        {
            name: ((now.endings[name], now.finished), (past.endings[name], past.finished))
            for name in now.endings | past.endings
        },
        against=True,
    )


def one_country(_: random.Random, person: Person) -> None:
    if person.country == "DE":
        person.completes = 0.3


def one_channel(_: random.Random, person: Person) -> None:
    if person.channel == "app":
        person.completes = 0.55


def four_hours(_: random.Random, person: Person) -> None:
    if person.hour in (23, 0, 1, 2):
        person.completes = 0.3


def one_code(chance: random.Random, person: Person) -> None:
    if chance.random() < 0.08:
        person.completes, person.ending = 0.0, "bad_app_key"


def a_bad_country(_: random.Random, person: Person) -> None:
    if person.country == "KE":
        person.completes = 0.2


def more_of_a_bad_country(chance: random.Random, person: Person) -> None:
    if chance.random() < 0.15:
        person.country = "KE"
    a_bad_country(chance, person)


def everybody(_: random.Random, person: Person) -> None:
    person.completes = 0.72


@pytest.mark.parametrize(
    ("plant", "dimension", "value"),
    [
        (one_country, "country", "DE"),
        (one_channel, "channel", "app"),
        (one_code, "ending", "bad_app_key"),
    ],
)
def test_a_planted_cause_is_named(plant: Plant, dimension: str, value: str) -> None:
    causes = [found(seed, plant) for seed in SEEDS]
    named = [one for one in causes if one and (one.dimension, one.values) == (dimension, (value,))]
    assert len(named) >= 0.95 * len(SEEDS), causes


def test_a_country_that_only_came_to_weigh_more_is_named_too() -> None:
    causes = [found(seed, more_of_a_bad_country, before=a_bad_country) for seed in SEEDS]
    assert [one.values for one in causes if one] == [("KE",)] * len(SEEDS)


def test_an_outage_of_some_hours_is_named_as_hours_of_it() -> None:
    causes = [found(seed, four_hours) for seed in SEEDS]
    hours = [set(one.values) for one in causes if one and one.dimension == "hour"]
    assert len(hours) >= 0.95 * len(SEEDS)
    assert sum(len(some & {"23", "0", "1", "2"}) >= 3 and len(some) <= 5 for some in hours) >= 0.95 * len(SEEDS)


def test_a_cause_tells_how_much_it_explains_with_its_numbers() -> None:
    one = found(1, one_country)
    assert one is not None
    assert -0.1 < one.explained < -0.05
    assert one.now.share is not None
    assert one.before.share is not None
    assert (round(one.now.share, 1), round(one.before.share, 1)) == (0.3, 0.8)


@pytest.mark.parametrize("plant", [nothing, everybody], ids=["nothing", "all-alike"])
def test_where_nothing_stands_out_nothing_is_said(plant: Plant) -> None:
    assert sum(found(seed, plant) is not None for seed in SEEDS) <= 0.05 * len(SEEDS)


def test_of_few_people_nothing_is_said() -> None:
    assert [found(seed, one_country, people=29) for seed in SEEDS].count(None) == len(SEEDS)
    assert sum(found(seed, one_country, people=100) is not None for seed in SEEDS) <= 0.05 * len(SEEDS)


def test_a_rate_that_stands_on_nothing_says_nothing() -> None:
    assert cause(((0, 0), (0, 0)), {}, {}, against=True) is None


def test_an_ending_that_became_rarer_does_not_explain_a_fall() -> None:
    sides = {"expired": ((10, 1000), (200, 1000)), "declined": ((390, 1000), (0, 1000))}
    one = cause(((600, 1000), (800, 1000)), {}, sides, against=True)
    assert one is not None
    assert one.values == ("declined",)
