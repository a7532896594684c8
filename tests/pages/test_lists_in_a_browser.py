"""Sign-ups, Audit log and Health as a browser draws them, with all our programs behind them."""

import csv
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from signup import door
from signup import settings as settings_module
from signup.clock import HandClock
from signup.errors import SignupError
from signup.flow.start import start
from signup.services import Services, open_services
from tests.fakes import ScriptedTruecaller, profile
from tests.machine import A_WORD_GROWS, FITS, PHONE, ROOT, eventually, every_look, free_port
from tests.pages.fixtures.visits import completed, declined, numbered
from tests.steps.story import VALUE

PICTURE = "![a picture](http://picture.example/elsa.png)"
PAGES = ("Try it", "Sign-ups", "Audit log", "Health", "Alerts")
MOST_TABS = 60


@dataclass(frozen=True)
class Street:
    """The running programs: the dashboard's address, services over the same database, and one finished sign-up."""

    address: str
    services: Services
    finished: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """The street over a database with a handful of sign-ups of an hour ago."""
    folder = tmp_path_factory.mktemp("lists")
    ports = {f"SIGNUP_{name}_PORT": str(free_port()) for name in ("DASHBOARD", "CALLBACK", "SANDBOX", "API")}
    chosen = {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", **ports}
    settings = settings_module.load(chosen, env_file=None)
    finished = played(settings)
    address = f"http://127.0.0.1:{settings.dashboard_port}"
    process = subprocess.Popen([sys.executable, "-m", "dashboard"], env={**os.environ, **chosen}, cwd=ROOT)
    try:
        with open_services(settings) as services:
            eventually(lambda: answers(services), 60)
            yield Street(address, services, finished)
    finally:
        process.terminate()
        assert process.wait(20) == 0


def played(settings: settings_module.Settings) -> str:
    """What happened an hour ago; the id of somebody whose name is an attempt to draw a picture."""
    fake = ScriptedTruecaller()
    clock = HandClock(datetime.now(UTC) - timedelta(hours=1))
    with open_services(settings, clock=clock, truecaller=fake, migrate=True) as services:
        fake.will_show(profile(VALUE, name=PICTURE))
        finished = completed(services, "+46 76 123 45 67")
        for nth in range(45):
            clock.move(60)
            (declined if nth % 3 else completed)(services, numbered(nth))
    return finished


def answers(services: Services) -> bool:
    try:
        return door.personas(services) != []
    except SignupError:
        return False


@pytest.fixture
def visitor(browse: Callable[..., Page], running: Street) -> Callable[..., Page]:
    """`visitor("audit", size=PHONE)`: that page, fully drawn."""

    def open_page(path: str, **look: Any) -> Page:
        page = browse(f"{running.address}/{path}", **look)
        settled(page)
        return page

    return open_page


def settled(page: Page) -> None:
    """Wait until the script has run and no table is still being loaded."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def press_row(page: Page, row: int, column: float) -> None:
    """Press a table's button: a cell is drawn on a canvas, so by where it is."""
    frame = page.get_by_test_id("stDataFrame").first
    frame.locator("canvas").first.wait_for()
    box = frame.bounding_box()
    assert box
    page.mouse.click(box["x"] + column, box["y"] + 36 * (row + 1) + 18)


def test_every_page_fits_the_screen_and_the_phone_and_stays_on_this_machine(visitor: Callable[..., Page]) -> None:
    page = visitor("go_live")
    for name in ("Go live", *PAGES):
        if name in PAGES:
            page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        for look in every_look(page):
            settled(page)
            page.wait_for_function(FITS)
            assert page.get_by_test_id("stException").count() == 0, (name, look)


def test_no_table_of_health_is_cut_off_on_a_phone(visitor: Callable[..., Page]) -> None:
    page = visitor("health", size=PHONE)
    expect(page.get_by_test_id("stTable").last).to_be_visible()
    wide = "table => table.offsetWidth - table.parentElement.clientWidth"
    assert [over for table in page.locator("table").all() if (over := table.evaluate(wide)) > 0] == []


def test_a_row_opens_its_drawer_and_escape_closes_it(visitor: Callable[..., Page]) -> None:
    page = visitor("signups", size=PHONE)
    press_row(page, 0, 315)
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("events are sealed")).to_be_visible()
    assert "signup=" in page.url
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.wait_for_url(lambda url: "signup=" not in url)


@pytest.mark.parametrize("path", ["signups", "audit"])
def test_a_timeline_opens_with_keys_alone(visitor: Callable[..., Page], path: str) -> None:
    page = visitor(path)
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if "Open a timeline" in (page.evaluate("document.activeElement.ariaLabel") or ""):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("sealed;")).to_be_visible()


def test_an_open_drawer_follows_its_sign_up_to_the_end(visitor: Callable[..., Page], running: Street) -> None:
    begun = start(running.services, "+46 76 987 65 43", channel="web", actor="cli")
    page = visitor(f"signups?signup={begun.signup_id}")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Phone is ringing")).to_be_visible()
    ours = next(phone for phone in door.ringing(running.services) if phone.number == 46769876543)
    door.tap(running.services, ours.request_id, "approve")
    expect(drawer.get_by_text("Profile read, sign-up completed")).to_be_visible()


@pytest.mark.parametrize(("path", "told", "nth"), [("audit", "events, sealed", 61), ("signups", "Showing 1–", 62)])
def test_what_is_new_comes_by_itself_and_nothing_else_moves(
    visitor: Callable[..., Page], running: Street, path: str, told: str, nth: int
) -> None:
    page = visitor(path, motion=True)
    scroller = page.locator(".dvn-scroller").first
    scroller.evaluate("element => { element.scrollTop = 100 }")
    before = page.get_by_text(told).inner_text().partition(" · ")[0]
    page.evaluate("window.shifted = 0")
    start(running.services, numbered(nth), channel="web", actor="cli")
    expect(page.get_by_text(before)).to_have_count(0)
    settled(page)
    assert page.evaluate("window.shifted") < A_WORD_GROWS
    assert scroller.evaluate("element => element.scrollTop") == 100


def test_the_row_under_the_pointer_stays_while_events_arrive(visitor: Callable[..., Page], running: Street) -> None:
    page = visitor("audit")
    rows = page.get_by_test_id("stDataFrame").first
    rows.hover(position={"x": 300, "y": 200})
    settled(page)
    fresh = page.get_by_role("button", name="new events")
    expect(fresh).to_have_text(re.compile("No new events"))
    before = eventually(lambda: cells(rows))
    start(running.services, numbered(70), channel="web", actor="cli")
    expect(fresh).to_have_text(re.compile("[1-9] new events"))
    settled(page)
    assert cells(rows) == before
    fresh.click()
    expect(fresh).to_have_text(re.compile("No new events"))
    eventually(lambda: cells(rows) != before)


def cells(table: Locator) -> list[str]:
    """What stands in the first rows, as a screen reader is told."""
    return table.locator("[role=gridcell]").all_text_contents()[:30]


def test_what_is_searched_for_stays_out_of_the_address(visitor: Callable[..., Page]) -> None:
    page = visitor("audit")
    page.get_by_role("searchbox").fill("signup.declined")
    page.keyboard.press("Enter")
    expect(
        page.get_by_text("Clear filters").or_(page.get_by_text(re.compile("^[0-9]{2} of .* events match")))
    ).to_be_visible()
    assert "declined" not in page.url


def test_an_older_page_is_in_the_address_and_a_step_back_leads_to_the_newest_sent_whole(
    visitor: Callable[..., Page], watched_tab: tuple[Page, list[str]]
) -> None:
    told: list[bytes] = []

    def hear(frame: bytes) -> None:
        told.append(frame)

    watched_tab[0].once("websocket", lambda socket: socket.on("framereceived", hear))
    page = visitor("audit")
    page.get_by_role("button", name="Older").click()
    page.wait_for_url("**/audit?before=*")
    expect(page.get_by_text("· 201–")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("· 1–200")).to_be_visible()
    assert page.url.endswith("/audit")
    kinds = {ForwardMsg.FromString(frame).WhichOneof("type") for frame in told}
    assert "delta" in kinds
    assert "ref_hash" not in kinds, "a browser may have lost what it said it keeps"


def test_what_a_person_declares_is_shown_as_text_until_its_panel_is_left_and_nothing_of_it_is_fetched(
    visitor: Callable[..., Page], running: Street
) -> None:
    page = visitor(f"signups?signup={running.finished}")
    shown = page.get_by_text("shown until this panel is closed")
    page.get_by_role("button", name="Reveal").click()
    form = page.get_by_test_id("stForm").filter(has=page.get_by_placeholder("the audit log says that you looked"))
    form.get_by_label("Reason").fill("a test")
    page.keyboard.press("Enter")
    expect(shown).to_be_visible()
    settled(page)
    assert page.locator("[role=dialog] img").count() == 0
    page.get_by_role("link", name="In the audit log").click()
    expect(page.get_by_role("button", name="Verify now")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Reveal")).to_be_visible()
    expect(shown).to_have_count(0)


def test_an_export_is_begun_with_keys_alone_and_downloaded_once(
    visitor: Callable[..., Page], running: Street, tmp_path: Path
) -> None:
    page = visitor("audit?kind=signup.started")
    for name in ("Export", "Start export"):
        reach(page, name)
        page.keyboard.press("Enter")
        settled(page)
    link = page.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    address = link.get_attribute("href")
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        rows = list(csv.DictReader(bundle.read("events.csv").decode().splitlines()))
    assert {row["kind"] for row in rows} == {"signup.started"}
    assert page.request.get(f"{running.address}{address}").status == 404


def reach(page: Page, button: str) -> None:
    """Press Tab until the button of this name has the focus."""
    wanted = page.get_by_role("button", name=button, exact=True).last
    expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("button => button === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {button}")
