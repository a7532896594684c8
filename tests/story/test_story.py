"""The whole street, over real sockets: a person in a browser, the dashboard, the receiver, the sandbox, the watcher.

A number is typed, the phone is tapped, the sign-up completes, shows in the charts and in the audit log, is exported.
"""

import csv
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.machine import ROOT, eventually, free_port

PROGRAMS = ("DASHBOARD", "CALLBACK", "SANDBOX")


@contextmanager
def dashboard(chosen: dict[str, str]) -> Iterator[str]:
    """`python -m dashboard` with everything it starts; its address. At the end nothing of it is left."""
    port = int(chosen["SIGNUP_DASHBOARD_PORT"])
    process = subprocess.Popen([sys.executable, "-m", "dashboard"], env={**os.environ, **chosen}, cwd=ROOT)
    try:
        for name in PROGRAMS:
            eventually(lambda name=name: answers(int(chosen[f"SIGNUP_{name}_PORT"])), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(15) == 0
    assert not any(answers(int(chosen[f"SIGNUP_{name}_PORT"])) for name in PROGRAMS)


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Street:
    """The running street: the dashboard's address, and the settings under which its other programs run."""

    address: str
    chosen: dict[str, str]

    def command(self, *words: str) -> str:
        """What a command says on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "signup", *words],
            env={**os.environ, **self.chosen},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Iterator[Street]:
    """The street over a database without a past."""
    folder = tmp_path_factory.mktemp("street")
    ports = {f"SIGNUP_{name}_PORT": str(free_port()) for name in (*PROGRAMS, "API")}
    chosen = {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", **ports}
    Street("", chosen).command("migrate")
    with dashboard(chosen) as address:
        yield Street(address, chosen)


@pytest.fixture
def visitor(page: Page, street: Street) -> Iterator[Page]:
    """A browser at the dashboard; whatever goes wrong in it, or leaves this machine, fails the test."""
    wrong: list[str] = []
    page.set_default_timeout(20_000)
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: wrong.append(request.url) if elsewhere(request.url) else None)
    page.goto(street.address)
    yield page
    assert wrong == []


def elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


def test_a_number_typed_is_tapped_completed_counted_and_exported(visitor, street, tmp_path):
    begun = time.monotonic()
    begin(visitor, "+46 76 123 45 67")
    visitor.get_by_role("button", name="Approve").click()
    tapped = time.monotonic()
    expect(visitor.get_by_text("Profile read, sign-up completed")).to_be_visible()
    assert time.monotonic() - tapped < 3, "under 1 s on a quiet machine; three times that on a busy one"

    open_page(visitor, "Overview")
    expect(visitor.get_by_text("1 of 1").first).to_be_visible()
    assert json.loads(street.command("stats", "--json"))["completed"] == 1

    open_page(visitor, "Audit log")
    visitor.get_by_role("button", name="Export").first.click()
    visitor.get_by_role("button", name="Start export").click()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="") as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    story = ["signup.started", "signup.sent", "callback.received", "signup.approved", "profile.fetched"]
    assert kinds[:5] == story
    assert time.monotonic() - begun < 60


def test_a_second_start_shows_the_lock_and_sends_nothing(visitor):
    begin(visitor, "+46 76 123 45 99")
    visitor.get_by_role("button", name="Decline").click()
    expect(visitor.get_by_text("Declined by the person")).to_be_visible()
    visitor.get_by_role("button", name="Start sign-up").click()
    expect(visitor.get_by_text("is locked, nothing was sent")).to_be_visible()


def test_a_bad_number_says_why_and_cannot_be_started(visitor):
    open_page(visitor, "Try it")
    visitor.get_by_label("Phone number").type("+46 76")
    expect(visitor.get_by_text("too short")).to_be_visible()
    expect(visitor.get_by_role("button", name="Start sign-up")).to_be_disabled()


def test_what_another_process_starts_rings_on_the_open_page(visitor, street):
    open_page(visitor, "Try it")
    expect(visitor.get_by_text("Start a sign-up and this phone rings")).to_be_visible()
    street.command("start", "+46 76 123 45 55")
    expect(visitor.get_by_text("+46 76 123 45 55")).to_be_visible(timeout=2000)


def test_by_keyboard_alone_a_sign_up_is_started_and_approved(visitor):
    open_page(visitor, "Try it")
    visitor.get_by_label("Phone number").focus()
    visitor.keyboard.type("+46 76 123 45 44", delay=10)
    expect(visitor.get_by_text("sent as")).to_be_visible()
    start = visitor.get_by_role("button", name="Start sign-up")
    for _ in range(6):
        visitor.keyboard.press("Tab")
        if start.evaluate("button => button === document.activeElement"):
            break
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_text("Phone is ringing")).to_be_visible()
    visitor.keyboard.press("a")
    expect(visitor.get_by_text("Profile read, sign-up completed")).to_be_visible()


def begin(page: Page, number: str) -> None:
    """Type a number as a person does, start, and wait until the phone rings."""
    open_page(page, "Try it")
    page.get_by_label("Phone number").type(number, delay=10)
    expect(page.get_by_text("sent as")).to_be_visible()
    page.get_by_role("button", name="Start sign-up").click()
    expect(page.get_by_text("Phone is ringing")).to_be_visible()


def open_page(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
