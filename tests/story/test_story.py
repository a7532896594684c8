"""The whole street, over real sockets: a person in a browser, the dashboard, the receiver, the sandbox, the watcher.

A number is typed, the phone is tapped, the sign-up completes, shows in the charts and in the audit log, is exported.
"""

import csv
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.machine import PHONE, eventually
from tests.steps.conftest import CommandLine
from tests.story.street import Street, answers, settings_for, walked


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """One street for all of this file."""
    with walked(settings_for(tmp_path_factory.mktemp("street"))) as street:
        yield street


@pytest.fixture
def street(running: Street, command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Street:
    """The street, and the command line beside it with the same settings."""
    for name, value in running.chosen.items():
        monkeypatch.setenv(name, value)
    return running


@pytest.fixture
def visitor(browse: Callable[..., Page], street: Street) -> Page:
    """A browser at Try it; whatever goes wrong in it, or leaves this machine, fails the test."""
    return browse(f"{street.address}/try_it")


def test_a_number_typed_is_tapped_completed_counted_and_exported(visitor, command, tmp_path):
    begun = time.monotonic()
    begin(visitor, "+46 76 123 45 67")
    visitor.get_by_role("button", name="Approve").click()
    tapped = time.monotonic()
    expect(visitor.get_by_text("Profile read, sign-up completed")).to_be_visible()
    assert time.monotonic() - tapped < 5, "under 1 s on a quiet machine (make bench); this one may be busy"

    open_page(visitor, "Overview")
    expect(visitor.get_by_text("1 of 1").first).to_be_visible()
    assert command("stats", "--json").json["completed"] == 1

    open_page(visitor, "Audit log")
    visitor.get_by_role("button", name="Export").first.click()
    visitor.get_by_text("CSV", exact=True).click()
    visitor.get_by_role("button", name="Start export").click()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="") as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    story = ["signup.started", "signup.sent", "callback.received", "signup.approved", "profile.fetched"]
    assert kinds[:5] == story
    assert time.monotonic() - begun < 60


def test_on_a_small_screen_a_callback_is_sent_again_and_the_lock_holds_until_the_clock_leaps_past_it(visitor):
    visitor.set_viewport_size(PHONE)
    begin(visitor, "+46 76 123 45 99")
    visitor.get_by_role("button", name="Decline").click()
    expect(visitor.get_by_text("Declined by the person")).to_be_visible()
    visitor.get_by_role("button", name="Callbacks").click()
    visitor.get_by_role("button", name="Send again").click()
    expect(visitor.get_by_text("answered 200.")).to_be_visible()
    visitor.keyboard.press("Escape")
    expect(visitor.get_by_text("Callback sent again by hand")).to_be_visible()
    visitor.get_by_role("button", name="Start sign-up").click()
    expect(visitor.get_by_text("is locked, nothing was sent")).to_be_visible()
    places = in_the_header(visitor)
    visitor.get_by_role("button", name="Clock", exact=True).click()
    visitor.get_by_text("Past the lock").click()
    expect(visitor.get_by_text("Clock +5:01")).to_be_visible()
    assert in_the_header(visitor) == places, "nothing moves for a clock that is ahead"
    assert len({y for _, y in places[1:]}) == 1, "the buttons stand in one row"
    visitor.get_by_role("button", name="Start sign-up").click()
    expect(visitor.get_by_text("Phone is ringing")).to_be_visible()
    visitor.get_by_role("button", name="Ignore").click()
    expect(visitor.get_by_text("Nothing is ringing at the moment")).to_be_visible()


def test_what_other_processes_start_rings_on_the_open_page_and_each_of_two_is_picked_and_answered_by_keyboard(
    visitor, command
):
    expect(visitor.get_by_text("Start a sign-up and this phone rings")).to_be_visible()
    command("start", "+46 76 123 45 55")
    expect(visitor.locator("strong", has_text="+46 76 123 45 55")).to_be_visible(timeout=2000)
    place = visitor.get_by_role("button", name="Approve").bounding_box()
    command("start", "+46 76 123 45 66")
    choice = visitor.get_by_label("Phones that ring")
    expect(choice).to_be_visible()
    rings(visitor, "+46 76 123 45 55")
    assert visitor.get_by_role("button", name="Approve").bounding_box() == place
    choice.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        visitor.keyboard.press(key)
    rings(visitor, "+46 76 123 45 66")
    visitor.get_by_role("button", name="Decline").focus()
    visitor.keyboard.press("Enter")
    rings(visitor, "+46 76 123 45 55")


def rings(page: Page, number: str) -> None:
    """On the phone's screen, not only in the list of those that ring, and its buttons are drawn too."""
    expect(page.locator("strong", has_text=number)).to_be_visible()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def test_by_keyboard_alone_a_bad_number_is_mended_and_a_sign_up_started_and_approved(visitor):
    visitor.get_by_label("Phone number").focus()
    visitor.keyboard.type("+46 76", delay=10)
    expect(visitor.get_by_text("too short")).to_be_visible()
    start = visitor.get_by_role("button", name="Start sign-up")
    expect(start).to_be_disabled()
    visitor.keyboard.type(" 123 45 44", delay=10)
    expect(visitor.get_by_text("sent as")).to_be_visible()
    for _ in range(6):
        visitor.keyboard.press("Tab")
        if start.evaluate("button => button === document.activeElement"):
            break
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_text("Phone is ringing")).to_be_visible()
    visitor.keyboard.press("a")
    expect(visitor.get_by_text("Profile read, sign-up completed")).to_be_visible()


def test_a_sandbox_that_was_killed_is_there_again_and_leaves_no_zombie(visitor, street):
    port = int(street.chosen["SIGNUP_SANDBOX_PORT"])
    killed = pid_of("sandbox", port)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not answers(port))
    eventually(lambda: answers(port), 30)
    assert not Path(f"/proc/{killed}").exists()
    begin(visitor, "+46 76 123 45 33")


def pid_of(program: str, port: int) -> int:
    """The process that the dashboard runs for that port."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            mine = f"SIGNUP_SANDBOX_PORT={port}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if mine and [b"-m", program.encode()] == words[1:3]:
                return int(folder.name)
    raise AssertionError(f"no {program} runs on port {port}")


def in_the_header(page: Page) -> list[tuple[int, int]]:
    """Where the mode stands, and the buttons of Try it."""
    buttons = [page.get_by_role("button", name=name) for name in ("On a real phone", "Callbacks", "Scenarios")]
    boxes = [part.first.bounding_box() for part in (page.get_by_text("Sandbox").first, *buttons)]
    return [(round(box["x"]), round(box["y"])) for box in boxes if box]


def begin(page: Page, number: str) -> None:
    """Type a number as a person does, start, and wait until the phone rings."""
    page.get_by_label("Phone number").type(number, delay=10)
    expect(page.get_by_text("sent as")).to_be_visible()
    page.get_by_role("button", name="Start sign-up").click()
    expect(page.get_by_text("Phone is ringing")).to_be_visible()


def open_page(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
