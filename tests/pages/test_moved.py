"""What moved, from the log to the sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.numbers import counted
from dashboard.parts.moved import NOTHING_STANDS_OUT, TOO_FEW, sentence
from signup.measure.fold import fold_to_the_end
from signup.measure.question import Question
from signup.model import Event
from signup.services import Services
from tests.pages.fixtures import lives
from tests.pages.fixtures.visits import said

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
WEEK = Question(preset="7d")


def two_weeks(end: datetime, ends: Callable[[str, int, bool], str], a_day: int = 72) -> list[Event]:
    """Sign-ups of two weeks by three countries in turn; how each ends, by its country, its hour and whether it is of
    the second week."""
    told: list[Event] = []
    for day in range(14):
        for nth in range(a_day):
            at = end - timedelta(days=day, minutes=10 + nth * 1440 // a_day)
            country = ("IN", "SE", "NG")[nth % 3]
            told += lives.life(at, ends(country, at.hour, day < 7) if nth % 5 else "declined", country=country)
    return sorted(told, key=lambda event: event.at)


def sentences(services: Services, told: list[Event]) -> list[str]:
    lives.write(services, told)
    fold_to_the_end(services)
    return [sentence(one) for one in counted(services, WEEK, NOW).moved]


def test_a_country_that_stopped_working_is_named_with_its_numbers(services_on_each: Services) -> None:
    told = two_weeks(NOW, lambda country, _, late: "expired" if late and country == "SE" else "completed")
    (one,) = sentences(services_on_each, told)
    assert one.startswith("Success rate fell by 26.")
    assert one.endswith("Sweden explains all of it: 79.1% before, 0.0% (0 of 158) now.")


def test_hours_that_stopped_working_are_named(services: Services) -> None:
    told = two_weeks(NOW, lambda _, hour, late: "failed" if late and 2 <= hour < 5 else "completed")
    (one,) = sentences(services, told)
    assert one.startswith("Success rate fell by")
    assert "The hours from 02:00 to 05:00 explain all of it" in one, "and the error rate for the same cause is not told"


@pytest.mark.parametrize("a_day", [72, 3])
def test_weeks_alike_and_weeks_with_few_people_say_nothing(services: Services, a_day: int) -> None:
    alike = two_weeks(NOW, lambda *_: "completed", a_day)
    assert sentences(services, alike) == []


def test_the_overview_says_it_under_its_figures_with_the_way_there(dashboard: Callable[..., AppTest]) -> None:
    now = datetime.now(UTC)
    told = two_weeks(now, lambda country, _, late: "expired" if late and country == "SE" else "completed")
    page: Any = dashboard(told, range="7d")
    assert not page.exception
    assert "Sweden explains all of it" in said(page)
    assert {"country": ["SE"], "range": ["7d"]} in [parse_qs(link.proto.query_string) for link in page.get("page_link")]


def test_an_error_is_named_and_leads_to_those_whom_it_ended(dashboard: Callable[..., AppTest]) -> None:
    now = datetime.now(UTC)
    told = [
        replace(event, details={**event.details, "step": "request", "code": "bad_app_key"})
        if event.kind == "signup.failed" and event.details
        else event
        for event in two_weeks(now, lambda _, hour, late: "failed" if late and hour % 3 == 0 else "completed")
    ]
    page: Any = dashboard(told, range="7d")
    assert "The error bad_app_key explains" in said(page)
    queries = [parse_qs(link.proto.query_string) for link in page.get("page_link")]
    assert {"range": ["7d"], "outcome": ["failed"], "step": ["request"], "code": ["bad_app_key"]} in queries


def test_where_nothing_stands_out_the_line_is_there_and_says_so(dashboard: Callable[..., AppTest]) -> None:
    page: Any = dashboard(two_weeks(datetime.now(UTC), lambda *_: "completed"), range="7d")
    assert NOTHING_STANDS_OUT in said(page)


def test_of_too_few_sign_ups_nothing_is_said_to_stand_out_or_not(dashboard: Callable[..., AppTest]) -> None:
    page: Any = dashboard(lives.life(datetime.now(UTC), "completed"), range="7d")
    assert TOO_FEW in said(page)
    assert NOTHING_STANDS_OUT not in said(page)
