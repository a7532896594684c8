"""The Audit log at ten million events: every way to look at it, in the store and in a browser.

`python -m bench.audit_page ROWS` measures a shorter log. Building the log takes most of the time: about three minutes
for each million rows, and 6 GB for ten. The browser is the machine's own Chromium, through Playwright.
"""

import base64
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from bench import Figure
from bench._long_log import DAYS, RARE_ACTOR, RARE_WORD, LongLog
from bench._street import PORTS, People, Street, chromium, street
from bench.verify import build
from signup.clock import SystemClock, text
from signup.record import log
from signup.record.log import MOST_COUNTED, LogQuery
from signup.services import Services
from tests.machine import eventually, free_port

ROWS = 10_000_000
PAGE, RUNS, OLD_PAGE = 200, 3, 1_000
MOST_STORE, MOST_BROWSER, MOST_TICK = 300.0, 1_000.0, 3_000.0


def figures(rows: int = ROWS) -> Iterator[Figure]:
    """Milliseconds, medians: a page of events and its count, up to 10,000, for each question; then the page itself."""
    key = base64.b64encode(bytes(32)).decode()
    with street(audit_keys=key, **{name: free_port() for name in PORTS}) as place:
        began, made = time.monotonic(), LongLog(rows)
        build(place.folder / "signup.db", rows, made)
        yield Figure(f"building {rows:,} rows", time.monotonic() - began, "s")
        with place.services() as services:
            for name, query in questions(made.ids[len(made.ids) // 2]).items():
                yield Figure(name, median(lambda query=query: looked(services, query)), "ms", MOST_STORE)
            cursor = old_cursor(services)
            yield Figure(f"page {OLD_PAGE:,}", median(lambda: looked(services, LogQuery(), cursor)), "ms", MOST_STORE)
        yield from in_a_browser(place)


def questions(signup: str) -> dict[str, LogQuery]:
    """What somebody asks, by what it is called."""

    def ago(days: float, hours: float = 0) -> str:
        return text(SystemClock().now() - timedelta(days=days, hours=hours))

    early, narrow = {"start": ago(DAYS), "end": ago(DAYS - 28)}, {"start": ago(200), "end": ago(200, -1)}
    return {
        "everything": LogQuery(),
        "28 days": LogQuery(start=ago(28)),
        "28 days a year ago": LogQuery(**early),
        "one hour in the middle": LogQuery(**narrow),
        "one kind": LogQuery(("signup.declined",)),
        "a rare kind": LogQuery(("callback.quarantined",)),
        "a family": LogQuery(("signup.*",)),
        "every kind": LogQuery(("*",)),
        "one actor": LogQuery(actor="callback"),
        "a rare actor": LogQuery(actor=RARE_ACTOR),
        "one sign-up": LogQuery(signup_id=signup),
        "a kind and an actor": LogQuery(("signup.started",), actor=RARE_ACTOR),
        "a kind that the actor never did": LogQuery(("signup.approved",), actor="cli"),
        "a kind, 28 days a year ago": LogQuery(("lock.hit",), **early),
        "an actor, one hour": LogQuery(actor="watcher", **narrow),
        "a rare word": LogQuery(text=RARE_WORD),
        "a common word": LogQuery(text="signup"),
        "a word that is only begun": LogQuery(text="compl"),
        "an id": LogQuery(text=signup),
        "the beginning of an id's end": LogQuery(text=signup[-12:-3]),
        "two words that never meet": LogQuery(text="declined completed"),
        "a word and a kind": LogQuery(("lock.hit",), text="SE"),
        "a word and a rare actor": LogQuery(actor=RARE_ACTOR, text="SE"),
        "a word, one hour": LogQuery(text="approved", **narrow),
        "a word that the kind never has": LogQuery(("lock.hit",), text="completed"),
    }


def looked(services: Services, query: LogQuery, before: int | None = None) -> None:
    """What the page asks the store for."""
    log.page(services, query, before=before, limit=PAGE)
    log.count(services, query, most=MOST_COUNTED)


def old_cursor(services: Services) -> int:
    """Where page 1,000 begins, found as somebody gets there: page by page, each from the last one's end."""
    cursor = log.seal_first(services) + 1
    for _ in range(OLD_PAGE - 1):
        found = log.page(services, LogQuery(), before=cursor, limit=PAGE)
        cursor = found[-1].seq if found and found[-1].seq else cursor
    return cursor


def median(work: Callable[[], object]) -> float:
    """Milliseconds of a piece of work."""
    times = []
    for _ in range(RUNS):
        began = time.monotonic()
        work()
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def in_a_browser(place: Street) -> Iterator[Figure]:
    """The page from another one, with a warm server: until it begins to be seen, and until its table stands."""
    address = f"http://127.0.0.1:{place.environ['SIGNUP_DASHBOARD_PORT']}"
    with place.running("dashboard"), chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        eventually(lambda: reached(page, f"{address}/audit"), 120)
        alone = median(lambda: page.goto(f"{address}/audit") and drawn(page))
        yield Figure("the page by its address", alone, "ms", MOST_BROWSER)
        for name, seen in (("the page begins to be seen", begun), ("the page's table stands", drawn)):
            times = [opened(page, seen) for _ in range(RUNS)]
            yield Figure(name, statistics.median(times), "ms", MOST_BROWSER)
        for name in ("Older", "Newer"):
            yield Figure(name, median(lambda name=name: turned(page, name)), "ms", MOST_BROWSER)
        with place.people() as people:
            yield Figure("a new event is counted", median(lambda: arrived(page, people)), "ms", MOST_TICK)


def reached(page: Any, address: str) -> bool:
    """Whether a server that has just been started shows the page."""
    from playwright.sync_api import Error

    try:
        page.goto(address)
        drawn(page)
    except Error:
        return False
    return True


def begun(page: Any) -> None:
    """Until the card stands above it."""
    page.get_by_text("events, sealed").wait_for()


def drawn(page: Any) -> None:
    """Until the table and the line under it stand."""
    page.get_by_text("events match").wait_for()
    page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()


def opened(page: Any, seen: Callable[[Any], None]) -> float:
    """Milliseconds from a click in the navigation."""
    page.get_by_role("link", name="Health").click()
    page.get_by_text("events match").wait_for(state="detached")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    began = time.monotonic()
    page.get_by_role("link", name="Audit log").click()
    seen(page)
    return (time.monotonic() - began) * 1000


def turned(page: Any, button: str) -> None:
    """One page on, until the line under the table says so."""
    line = page.get_by_text("events match")
    before = line.inner_text()
    page.get_by_role("button", name=button).click()
    page.wait_for_function("before => !document.body.innerText.includes(before)", arg=before)


def arrived(page: Any, people: People) -> None:
    """Something happens, until the page counts it; it looks every two seconds."""
    button = page.get_by_role("button", name=re.compile("new events?$"))
    before = button.inner_text()
    people.approval()
    page.wait_for_function("before => !document.body.innerText.includes(before)", arg=before)


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1].replace("_", ""))):
        print(f"{figure.name:40} {figure.value:12.1f} {figure.unit:4} {'' if figure.kept else 'BROKEN'}", flush=True)
