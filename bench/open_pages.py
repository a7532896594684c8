"""What open pages cost the dashboard's server: one Overview at rest, and ten while people sign up.

In the machine's own Chromium, over the made-up past. What the server and its watcher take anyway is taken off.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bench import Figure
from bench._street import People, street
from bench.audit_page import PORTS, chromium
from bench.watcher import cpu_seconds
from tests.machine import eventually, free_port

SECONDS, ROUNDS = 15, 3
MOST_IDLE, MOST_PAINT = 2.0, 1_000.0
PAGES, A_SECOND = 10, 2


def figures() -> Iterator[Figure]:
    """CPU of the server in percent of a core, and milliseconds until the Overview's first figures are seen."""
    ports = {name: free_port() for name in PORTS}
    with street(**ports) as place, ExitStack() as open_ones:
        place.run("signup", "seed")
        server = open_ones.enter_context(place.running("dashboard"))
        browser = open_ones.enter_context(chromium())
        people = open_ones.enter_context(place.people())
        address = f"http://127.0.0.1:{ports['dashboard_port']}"
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        first = context.new_page()
        eventually(lambda: reached(first, address), 120)
        yield Figure("the Overview by its address, first figures", painted(context, address), "ms", MOST_PAINT)
        first.goto("about:blank")
        nobody = percent(server.pid)
        seen(first, address)
        yield Figure("one page at rest", percent(server.pid) - nobody, "% CPU", MOST_IDLE)
        one = percent(server.pid, people)
        for _ in range(PAGES - 1):
            seen(context.new_page(), address)
        ten = percent(server.pid, people)
        first.goto("about:blank")
        for page in context.pages:
            page.goto("about:blank")
        alone = percent(server.pid, people)
        yield Figure(f"one page, {A_SECOND} sign-ups a second", one - alone, "% CPU")
        yield Figure(f"{PAGES} pages, the same", ten - alone, "% CPU")


def reached(page: Any, address: str) -> bool:
    """Whether a server that has just been started shows the page."""
    from playwright.sync_api import Error  # heavy, and only here

    try:
        seen(page, address)
    except Error:
        return False
    return True


def seen(page: Any, address: str) -> None:
    """Until the last card stands."""
    page.goto(address)
    page.get_by_text("By country").wait_for()


def painted(context: Any, address: str) -> float:
    """The median of some openings, with what a browser keeps of the last one."""
    times = []
    for _ in range(ROUNDS + 2):
        page = context.new_page()
        began = time.monotonic()
        page.goto(address, wait_until="commit")
        page.get_by_text("Median time to approve").wait_for()
        times.append((time.monotonic() - began) * 1000)
        page.close()
    return statistics.median(times[2:])


def percent(pid: int, people: People | None = None) -> float:
    """A process' CPU over some seconds, in which somebody signs up now and then."""
    began, before = time.monotonic(), cpu_seconds(pid)
    while (gone := time.monotonic() - began) < SECONDS:
        if people:
            people.approval()
        time.sleep(1 / A_SECOND)
    return 100 * (cpu_seconds(pid) - before) / gone
