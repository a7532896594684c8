"""From the tap on the phone to the completed sign-up: through sandbox, receiver and watcher alone, then on the page."""

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from bench import Figure
from bench._street import FIRST_NUMBER, PORTS, Street, chromium, street, wait_for
from signup.flow.start import start
from signup.model import Status
from signup.services import Services
from tests.machine import eventually, free_port
from tests.web.receiver_tools import Address, ask, head, whole

LIMIT = 1
TAPS = 10
LOOK_SECONDS, PATIENCE = 0.005, 20


def figures() -> Iterator[Figure]:
    """Seconds. The first tap meets programs that have just started and is not counted."""
    yield from alone()
    yield from on_the_page()


def alone() -> Iterator[Figure]:
    """Seconds from the tap until the database says it, without a dashboard."""
    receiver, sandbox = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
    with (
        street(callback_port=receiver[1], sandbox_port=sandbox[1]) as place,
        place.running("sandbox"),
        place.running("callback_server"),
        place.running("signup", "watch"),
        place.services() as services,
    ):
        wait_for(receiver, sandbox)
        _, *seconds = [tapped(services, sandbox, FIRST_NUMBER + nth) for nth in range(TAPS + 1)]
    yield Figure(f"tap to completed, median of {TAPS}", statistics.median(seconds), "s", LIMIT)
    yield Figure(f"tap to completed, slowest of {TAPS}", max(seconds), "s")


def on_the_page() -> Iterator[Figure]:
    """Seconds from the click on Approve until Try it says that the sign-up is completed; one sign-up after another."""
    with (
        street(**{name: free_port() for name in PORTS}) as place,
        place.running("dashboard"),
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        eventually(lambda: opened(page, place), PATIENCE)
        _, *seconds = [tapped_on(page, FIRST_NUMBER + nth) for nth in range(TAPS + 1)]
    yield Figure(f"tap to page, median of {TAPS}", statistics.median(seconds), "s", LIMIT)
    yield Figure(f"tap to page, slowest of {TAPS}", max(seconds), "s", LIMIT)


def opened(page: Any, place: Street) -> bool:
    """Whether a dashboard that has just been started shows Try it."""
    from playwright.sync_api import Error  # heavy, and only here

    try:
        page.goto(f"http://127.0.0.1:{place.environ['SIGNUP_DASHBOARD_PORT']}/try_it")
        page.get_by_label("Phone number").wait_for()
    except Error:
        return False
    return True


def tapped_on(page: Any, number: int) -> float:
    """One sign-up, begun and approved by clicks."""
    page.get_by_label("Phone number").fill(f"+{number}")
    page.get_by_text(f"sent as {number}").wait_for()
    page.get_by_role("button", name="Start sign-up").click()
    page.get_by_text("Phone is ringing").wait_for()
    approve = page.get_by_role("button", name="Approve")
    approve.wait_for()
    began = time.perf_counter()
    approve.click()
    page.get_by_text("Profile read, sign-up completed").wait_for()
    return time.perf_counter() - began


def tapped(services: Services, sandbox: Address, number: int) -> float:
    """One sign-up, its phone approved."""
    begun = start(services, f"+{number}", channel="web", actor="cli")
    phones = json.loads(ask(sandbox, head("GET", "/phones"), "GET").body)
    ringing = next(phone["requestId"] for phone in phones if phone["phoneNumber"] == number)
    approve = whole(b'{"answer": "approve"}', path=f"/phones/{quote(ringing, safe='')}")
    began = time.perf_counter()
    ask(sandbox, approve)
    while status(services, begun.signup_id) != Status.COMPLETED:
        assert time.perf_counter() - began < PATIENCE, "the sign-up never completed"
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def status(services: Services, signup_id: str | None) -> str:
    """Where a sign-up stands."""
    with services.store.read() as tx:
        found = tx.one("one_signup", id=signup_id)
    assert found is not None, "it was started"
    return str(found["status"])
