"""Saved views: what is kept, what is refused, and what the log tells of it."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from signup.errors import UsageWrong
from signup.measure import views
from signup.services import Services
from tests.steps.story import details, everything

ME = "user:local"
NOBODY = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
INDIA = {"range": "7d", "country": ["SE", "IN"], "utc": "1"}


def keep(services: Services, name: str, page: str = "overview", **address: Any) -> views.SavedView:
    return views.save(services, name, page, address, ME)


def names(services: Services) -> list[str]:
    return [view.name for view in views.every(services)]


def test_a_view_brings_back_its_page_and_every_filter(services_on_each: Services) -> None:
    made = keep(services_on_each, "  India and\tSweden ", **INDIA)
    assert views.every(services_on_each) == [made]
    assert (made.name, made.page) == ("India and Sweden", "overview")
    assert made.address == {"range": ["7d"], "country": ["IN", "SE"], "utc": ["1"]}


def test_views_are_listed_by_name_whatever_their_capitals(services_on_each: Services) -> None:
    for name in ("web", "India", "Älvsjö", "api"):
        keep(services_on_each, name)
    assert names(services_on_each) == ["api", "India", "web", "Älvsjö"]


def test_every_change_is_an_event_that_names_no_view(services_on_each: Services) -> None:
    made = keep(services_on_each, "Ada's numbers")
    views.rename(services_on_each, made.id, "Ada's other numbers", ME)
    views.remove(services_on_each, made.id, ME)
    told = [{"viewId": made.id}, {"viewId": made.id}, {"viewId": made.id, "removed": True}]
    assert details(services_on_each, "view.saved") == told
    assert {event.actor for event in everything(services_on_each)} == {ME}
    assert names(services_on_each) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\u202eb"])
def test_a_name_is_one_line_of_1_to_60_characters(services: Services, name: str) -> None:
    made = keep(services, "x" * 60)
    for act in (lambda: keep(services, name), lambda: views.rename(services, made.id, name, ME)):
        with pytest.raises(UsageWrong, match="1 to 60 characters"):
            act()
    assert names(services) == ["x" * 60]


@pytest.mark.parametrize("other", ["India", "INDIA", " india"])
def test_no_two_views_have_one_name(services_on_each: Services, other: str) -> None:
    keep(services_on_each, "India")
    sweden = keep(services_on_each, "Sweden")
    for act in (lambda: keep(services_on_each, other), lambda: views.rename(services_on_each, sweden.id, other, ME)):
        with pytest.raises(UsageWrong, match="this name already"):
            act()
    assert names(services_on_each) == ["India", "Sweden"]
    assert len(details(services_on_each, "view.saved")) == 2


def test_a_view_may_be_spelled_otherwise(services: Services) -> None:
    views.rename(services, keep(services, "india").id, "India", ME)
    assert names(services) == ["India"]


@pytest.mark.parametrize("act", [lambda s: views.rename(s, NOBODY, "India", ME), lambda s: views.remove(s, NOBODY, ME)])
def test_a_view_that_is_gone_is_told_and_leaves_no_event(
    services_on_each: Services, act: Callable[[Services], None]
) -> None:
    with pytest.raises(UsageWrong, match="somebody removed it"):
        act(services_on_each)
    assert everything(services_on_each) == []


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("overview", {"signup": NOBODY}),
        ("overview", {"before": NOBODY}),
        ("overview", {"about": NOBODY}),
        ("overview", {"search_signups": "+46 76 123 45 67"}),
        ("overview", {"step": "request"}),
        ("signups", {"interval": "day"}),
        ("overview", {"country": "+46761234567"}),
        ("overview", {"country": ["SE", "Ada"]}),
        ("overview", {"country": ["SE"] * 21}),
        ("overview", {"from": "2026-11-24 10:00"}),
        ("overview", {"from": "2026-11-24T10:00:30"}),
        ("overview", {"to": "yesterday"}),
        ("overview", {"channel": "Ada Lovelace"}),
        ("overview", {"utc": "yes"}),
        ("signups", {"code": "nothing known"}),
        ("audit", {}),
        ("../health", {}),
    ],
)
def test_nothing_but_a_known_filter_fits_into_a_view(services: Services, page: str, address: Any) -> None:
    with pytest.raises(UsageWrong):
        views.save(services, "Sweden", page, address, ME)
    assert names(services) == []


def test_there_are_at_most_fifty_views_and_each_name_once_however_many_save_at_once(services_on_each: Services) -> None:
    for nth in range(views.MOST - 2):
        keep(services_on_each, f"{nth:02d}")
    refused: list[str] = []

    def save(name: str) -> None:
        try:
            keep(services_on_each, name)
        except UsageWrong as problem:
            refused.append(problem.sentence)

    threads = [threading.Thread(target=save, args=(name,)) for name in ("a", "A", "b", "B", "c", "C")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(services_on_each)) == views.MOST
    assert len({name.casefold() for name in names(services_on_each)}) == views.MOST
    assert len(refused) == 4
