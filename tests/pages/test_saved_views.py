"""Saved views on the pages: what is kept of a screen, and the way back to it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from dashboard.parts import saved_views, signup_filters
from signup.measure import views
from signup.services import Services, open_services
from signup.settings import load
from tests.pages.fixtures import lives
from tests.pages.fixtures.visits import NUMBER, OTHER, completed, said, visit

LIFE = lives.life(datetime.now(UTC) - timedelta(hours=3), "completed")


@pytest.fixture
def overview(dashboard: Any) -> Any:
    """`overview(range="7d")`: the Overview at that address, its panel of views open."""

    def build(**address: Any) -> AppTest:
        return opened(dashboard(LIFE, **address))

    return build


def opened(page: AppTest) -> AppTest:
    """The page with its panel open."""
    page.session_state[saved_views.PANEL] = True
    page.run()
    assert not page.exception
    return page


def save(page: AppTest, name: str) -> AppTest:
    page.text_input(key=saved_views.NAME).set_value(name)
    pressed(page, "Save this view")
    assert not page.exception
    return page


def pressed(page: AppTest, label: str) -> AppTest:
    """The page after its one button of this name was pressed."""
    (button,) = [button for button in page.button if button.label == label]
    return button.click().run()


def kept() -> list[views.SavedView]:
    with open_services(load()) as services:
        return views.every(services)


def test_the_filters_of_the_screen_are_kept_under_a_name(overview: Any) -> None:
    page = save(
        overview(range="7d", interval="day", compare="year", country="SE", outcome=["failed", "open"], utc="1"),
        "Sweden",
    )
    (view,) = kept()
    assert (view.name, view.page) == ("Sweden", "overview")
    assert view.address == {
        "range": ["7d"],
        "interval": ["day"],
        "compare": ["year"],
        "country": ["SE"],
        "outcome": ["failed", "open"],
        "utc": ["1"],
    }
    assert page.text_input(key=saved_views.NAME).value == ""
    assert [button.icon for button in page.button if button.label == "Sweden"] == [":material/check:"]


def test_opening_a_view_replaces_every_filter(overview: Any) -> None:
    save(overview(range="7d", country="SE"), "Sweden")
    page = overview(range="24h", channel="web", country="")
    pressed(page, "Sweden")
    assert dict(page.query_params) == {"range": "7d", "country": "SE"}
    assert page.multiselect(key="country").value == ["SE"]
    assert page.multiselect(key="channel").value == []


def test_a_name_is_shown_as_it_was_written(overview: Any) -> None:
    save(overview(), "![x](http://a.example) :red[b]")
    assert r"\!\[x\]\(http\:\/\/a\.example\) \:red\[b\]" in [button.label for button in opened(overview()).button]


def test_a_view_is_renamed_and_removed(overview: Any) -> None:
    page = save(overview(), "Sweden")
    (view,) = kept()
    pressed(page, "Rename")
    page.text_input(key=f"{saved_views.NEW_NAME}_{view.id}").set_value("Sverige")
    pressed(page, "Rename")
    assert [view.name for view in kept()] == ["Sverige"]
    pressed(page, "Remove")
    pressed(page, "Keep it")
    pressed(page, "Remove")
    pressed(page, "Remove for everybody")
    assert kept() == []
    assert not page.exception


def test_what_cannot_be_saved_is_said(overview: Any) -> None:
    page = save(save(overview(), "Sweden"), "sweden")
    assert [toast.value for toast in page.toast] == [
        "There is a view of this name already: choose another name, or remove that view first."
    ]
    assert len(kept()) == 1


def test_the_sign_ups_keep_an_error_but_nothing_that_was_searched_for(street: Services) -> None:
    completed(street, NUMBER)
    page = visit("signups", range="7d", step="request", code="bad_app_key", signup="x", before="y")
    page.text_input(key=signup_filters.SEARCH).set_value(NUMBER).run()
    save(opened(page), "The app key")
    (view,) = views.every(street)
    assert view.page == "signups"
    assert view.address == {"range": ["7d"], "step": ["request"], "code": ["bad_app_key"]}


def test_opening_a_view_of_the_sign_ups_ends_a_search(street: Services) -> None:
    completed(street, NUMBER)
    views.save(street, "Sweden", "signups", {"country": "SE"}, "user:local")
    page = visit("signups")
    page.text_input(key=signup_filters.SEARCH).set_value(OTHER).run()
    assert "No sign-up has this number" in said(page)
    pressed(opened(page), "Sweden")
    assert page.text_input(key=signup_filters.SEARCH).value == ""
    assert page.multiselect(key="country").value == ["SE"]
    assert "Showing 1–1 of 1" in said(page)


def test_each_button_of_a_view_says_which_one_it_is_about(street: Services) -> None:
    for name in ("India", "*Sweden*"):
        views.save(street, name, "signups", {"country": "IN"}, "user:local")
    page = opened(visit("signups"))
    signs = {button.help for button in page.button if button.label in ("Rename", "Remove")}
    assert signs == {"Rename India", "Remove India", r"Rename \*Sweden\*", r"Remove \*Sweden\*"}


def test_a_view_of_another_page_is_a_link_to_it(street: Services) -> None:
    completed(street, NUMBER)
    views.save(street, "India", "overview", {"country": "IN"}, "user:local")
    links = [link.proto for link in opened(visit("signups")).get("page_link")]
    assert [(link.label, parse_qs(link.query_string)) for link in links] == [("India", {"country": ["IN"]})]


def test_every_filter_of_a_page_can_be_kept() -> None:
    shared = {state.RANGE, state.FROM, state.TO, state.COUNTRY, state.OUTCOME, state.CHANNEL, state.UTC}
    assert set(views.PAGES["overview"]) == shared | {state.INTERVAL, state.COMPARE}
    assert set(views.PAGES["signups"]) == shared | {state.STEP, state.CODE, state.WARNED}
    assert set(saved_views.PAGES) == set(views.PAGES)
