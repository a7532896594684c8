"""The Overview as a browser draws it, with the dashboard's own server behind it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from signup.services import Services, open_services
from signup.settings import load
from tests.machine import A_WORD_GROWS, FITS, PHONE, ROOT, eventually, every_look, free_port
from tests.pages.fixtures import lives

CHARTS = "[class*=st-key-card_] svg.marks"
STEADY = ".st-key-card_outcomes svg.marks, .st-key-card_funnel svg.marks"
"""Charts whose axes follow from the rows: the others are built anew when a new number moves an axis's round end."""

EMPTY = "?range=custom&from=2020-01-05T00%3A00&to=2020-01-07T00%3A00"
"""A range in which nothing happened: little is drawn."""
THAT_DAY = datetime.now(UTC) - timedelta(days=2)


@dataclass(frozen=True)
class Server:
    """The dashboard's address, and services over its database."""

    address: str
    services: Services


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard over two months of sign-ups."""
    folder = tmp_path_factory.mktemp("overview")
    ports = {f"SIGNUP_{name}_PORT": str(free_port()) for name in ("DASHBOARD", "CALLBACK", "SANDBOX", "API")}
    chosen = {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", **ports}
    settings = load(chosen, env_file=None)
    with open_services(settings, migrate=True) as services:
        lives.write(services, lives.month(datetime.now(UTC) - timedelta(hours=1), days=56, a_day=10))
        address = f"http://127.0.0.1:{settings.dashboard_port}"
        process = subprocess.Popen([sys.executable, "-m", "dashboard"], env={**os.environ, **chosen}, cwd=ROOT)
        try:
            eventually(lambda: is_up(address), 60)
            yield Server(address, services)
        finally:
            process.terminate()
            assert process.wait(20) == 0


def is_up(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def visitor(browse: Callable[..., Page], server: Server) -> Callable[..., Page]:
    """`visitor("?range=7d", size=PHONE)`: the Overview at that address."""

    def open_page(address: str = "", **look: Any) -> Page:
        page = browse(f"{server.address}/{address}", **look)
        expect(page.get_by_text("By country")).to_be_visible()
        return page

    return open_page


def started(page: Page) -> str:
    return page.get_by_test_id("stMetricValue").first.inner_text()


def test_the_page_fits_every_screen_and_asks_no_other_host(visitor: Callable[..., Page]) -> None:
    page = visitor()
    for _ in every_look(page):
        page.wait_for_function(FITS)
        assert page.get_by_test_id("stException").count() == 0


def test_a_custom_range_pushes_no_filter_off_the_screen_and_a_figure_has_its_room_with_nothing_to_draw(
    visitor: Callable[..., Page],
) -> None:
    page = visitor(EMPTY)
    expect(page.get_by_role("combobox", name="Compared with")).to_be_visible()
    assert page.locator(".st-key-filters").evaluate("row => row.scrollWidth - row.clientWidth") <= 0
    page.set_viewport_size(PHONE)
    cards = page.locator(".st-key-figures [data-testid=stMetric]")
    expect(cards).to_have_count(7)
    page.wait_for_selector(".st-key-figures svg")
    eventually(lambda: len({box["height"] for card in cards.all() if (box := card.bounding_box())}) == 1, 10)


def test_new_sign_ups_change_the_numbers_and_nothing_else(visitor: Callable[..., Page], server: Server) -> None:
    page = visitor(motion=True)
    expect(page.locator(CHARTS)).to_have_count(7)
    page.get_by_test_id("stMain").evaluate("element => element.scrollTo(0, 500)")
    page.evaluate(f"document.querySelectorAll('{STEADY}').forEach(chart => chart.dataset.kept = 'yes')")
    page.evaluate("window.shifted = 0")
    before = started(page)
    begun = datetime.now(UTC) - timedelta(seconds=90)
    lives.write(server.services, [event for seed in range(3) for event in lives.life(begun, "completed", seed=seed)])
    expect(page.get_by_test_id("stMetricValue").first).not_to_have_text(before)
    expect(page.locator("svg.marks[data-kept]")).to_have_count(2)
    assert page.evaluate("window.shifted") < A_WORD_GROWS
    assert page.get_by_test_id("stMain").evaluate("element => element.scrollTop") == 500


def test_a_day_and_an_error_lead_to_their_sign_ups_and_a_step_back_to_the_same_screen(
    visitor: Callable[..., Page],
) -> None:
    page = visitor("?country=IN&utc=1")
    box = page.locator(CHARTS).first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("link", name=re.compile("See the .* of ")).click()
    page.wait_for_url("**/signups?range=custom&from=*T00%3A00&to=*T00%3A00&country=IN&utc=1")
    step_back(page)
    page.get_by_role("link", name="See them").first.click()
    page.wait_for_url("**/signups?country=IN&outcome=failed&utc=1&step=*")
    step_back(page)
    as_chosen(page)


def step_back(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign-ups")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/?country=IN&utc=1")
    expect(page.get_by_text("By country")).to_be_visible()


def test_an_address_shows_the_same_to_a_browser_that_knows_nothing(visitor: Callable[..., Page]) -> None:
    page = visitor(f"?range=custom&from={THAT_DAY:%Y-%m-%dT00:00}&to={THAT_DAY:%Y-%m-%dT23:00}&country=IN&utc=1")
    as_chosen(page)
    seen = started(page)
    page.context.clear_cookies()
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    visitor(page.url.rpartition("/")[2], dark=True)
    as_chosen(page)
    assert started(page) == seen


def as_chosen(page: Page) -> None:
    expect(page.get_by_test_id("stMultiSelect").first).to_contain_text("India")
    expect(page.get_by_text("times in UTC")).to_be_visible()


def test_a_saved_view_is_the_same_screen_and_a_step_back_leaves_it(visitor: Callable[..., Page]) -> None:
    page = visitor("?range=1h&country=IN&compare=nothing")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name", exact=True).fill("![India](http://picture.example/in.png)")
    page.get_by_role("button", name="Save this view").click()
    saved = page.get_by_role("button", name="picture.example")
    expect(saved).to_be_visible()
    visitor(EMPTY)
    page.get_by_role("button", name="Views").click()
    saved.click()
    page.wait_for_url("**/?range=1h&country=IN&compare=nothing")
    expect(page.get_by_test_id("stMultiSelect").first).to_contain_text("India")
    expect(page.get_by_role("button", name="Save this view")).to_have_count(0)
    page.go_back()
    page.wait_for_url(f"**/{EMPTY}")
    expect(page.get_by_test_id("stMultiSelect").first).not_to_contain_text("India")
