"""The Overview at ten million events: what a look costs against one at a million, how fast the fold is, how fresh.

`python -m bench.overview FEW MANY` measures shorter logs. Building and folding take most of the time: about a minute
for each million events, and 7 GB for ten. The writer's transaction has no part in the fold, so it costs a step nothing.
"""

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bench import Figure
from bench._long_log import LongLog
from bench._sealed import fill
from bench._street import PORTS, Street, chromium, street
from bench.watcher import PROCESSES, cpu_seconds
from dashboard.numbers import counted
from signup.clock import SystemClock, text
from signup.measure.fold import fold
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.record import events, log
from signup.services import Services
from tests.machine import eventually, free_port

FEW, MANY = 1_000_000, 10_000_000
DAYS = 720
RUNS = 5
MOST_MS, MOST_TIMES = 300.0, 1.5
MOST_MICROSECONDS, LIVE = 250.0, 200
"""Twice the receiver's top rate is 4,000 events a second; live folding takes a few at a time."""

A_SECOND, SECONDS, MOST_AGE = 200, 10, 1.0
FIRST_PAINT_MS, IDLE_PERCENT, PAGES = 1_000.0, 2.0, 10
AN_HOUR = 1 / 24  # in days
YEAR = timedelta(days=350)
PLAINLY = ("7 days", "24 hours")
"""Read from rows, to the millisecond: as long as there are sign-ups in them."""
NOTICE = """
window.painted = {};
const wanted = {heading: "[data-testid=stHeading]", figures: "[data-testid=stMetricValue]"};
new MutationObserver(() => {
    for (const [name, what] of Object.entries(wanted))
        if (document.querySelector(what)) {
            delete wanted[name];
            requestAnimationFrame(() => setTimeout(() => { window.painted[name] = performance.now(); }));
        }
}).observe(document, {subtree: true, childList: true});
"""
"""Notes when a frame with the element has been drawn: a browser's own time, whatever else waits on this machine."""


def figures(few: int = FEW, many: int = MANY) -> Iterator[Figure]:
    """Each question on both logs, then what the longer one alone can tell."""
    with of(few) as place, place.services() as services:
        yield from _folded(services, few)
        before = {name: looked(services, asked) for name, asked in questions().items()}
    with of(many) as place:
        with place.services() as services:
            yield from _folded(services, many)
            for name, asked in questions().items():
                took = looked(services, asked)
                yield Figure(f"{name}, {few:,}", before[name], "ms CPU", MOST_MS)
                yield Figure(f"{name}, {many:,}", took, "ms CPU", MOST_MS)
                yield Figure(
                    f"{name}, times as long", took / before[name], "x", MOST_TIMES if name not in PLAINLY else None
                )
            yield Figure("folding live", _live(services), "us CPU", MOST_MICROSECONDS)
        yield Figure(f"oldest uncounted at {A_SECOND} a second", _age(place), "s", MOST_AGE)
        yield from _in_a_browser(place)


def questions() -> dict[str, Question]:
    """What somebody looks at, by what it is called; each with the period before."""
    now = SystemClock().now()

    def year(interval: str = "day", zone: str = "UTC", **filters: tuple[str, ...]) -> Question:
        return Question(start=now - YEAR, end=now, interval=interval, zone=zone, **filters)

    return {
        "28 days": Question(preset="28d"),
        "28 days, one country": Question(preset="28d", countries=("SE",)),
        "a year by day": year(),
        "a year by day in India": year(zone="Asia/Kolkata"),
        "a year by day, one country": year(countries=("SE",)),
        "a year by day, one channel": year(channels=("web",)),
        "a year by day, five countries": year(countries=("SE", "DE", "FR", "IN", "NG")),
        "a year by month": year("month"),
        "90 days": Question(start=now - timedelta(days=90), end=now, interval="day"),
        "7 days": Question(preset="7d"),
        "24 hours": Question(preset="24h"),
    }


@contextmanager
def of(rows: int) -> Iterator[Street]:
    """A street whose log has so many events."""
    with street(**{name: free_port() for name in PORTS}) as place:
        with place.services() as services:
            fill(services, rows, LongLog(rows, DAYS))
        yield place


def looked(services: Services, asked: Question) -> float:
    """CPU milliseconds of everything that the page shows, the median of some looks; nothing is cached."""
    now = services.clock.now()
    return statistics.median(_milliseconds(lambda: counted(services, asked, now)) for _ in range(RUNS))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _folded(services: Services, rows: int) -> Iterator[Figure]:
    took = _milliseconds(lambda: fold(services))
    yield Figure(f"folding {rows:,} events, each", took * 1000 / rows, "us CPU", MOST_MICROSECONDS)


def _live(services: Services) -> float:
    """CPU microseconds of an event of the last hour that is folded with a few others, as they come."""
    made = LongLog(LIVE * RUNS, AN_HOUR)(0)
    times = []
    for first in range(0, LIVE * RUNS, LIVE):
        with services.store.write() as tx:
            for row in made[first : first + LIVE]:
                tx.run("append_event", **row)
        log.seal_first(services)
        times.append(_milliseconds(lambda: fold(services)) * 1000 / LIVE)
    return statistics.median(times)


def _age(place: Street) -> float:
    """Seconds that the oldest uncounted event has waited, at most, while a watcher runs and events come evenly."""
    told: list[float] = []
    done = threading.Event()
    with place.services() as services, place.running("signup", "watch"):
        begun = _counted_rejections(services)

        def tell() -> None:
            while len(told) < A_SECOND * SECONDS:
                with services.store.write() as tx:
                    details = {"reason": "invalid", "channel": "web"}
                    at = text(services.clock.now())
                    events.append(tx, at=at, kind=events.Kind.NUMBER_REJECTED, actor="cli", details=details)
                told.append(time.monotonic())
                done.wait(1 / A_SECOND)

        eventually(lambda: _watched(services), 30)
        writer = threading.Thread(target=tell)
        writer.start()
        oldest = 0.0
        while (seen := _counted_rejections(services) - begun) < A_SECOND * SECONDS:
            if seen < len(told):
                oldest = max(oldest, time.monotonic() - told[seen])
            done.wait(0.02)
        writer.join()
        return oldest


def _counted_rejections(services: Services) -> int:
    day = services.clock.now()
    with numbers(services) as read:
        asked = Question(start=day - timedelta(days=1), end=day + timedelta(days=1), interval="day")
        return int(read.stats(asked, day)["rejectedNumbers"])


def _watched(services: Services) -> bool:
    with services.store.read() as tx:
        return bool(tx.all("watchers"))


def _in_a_browser(place: Street) -> Iterator[Figure]:
    """The page by its address, with a warm server; then what open pages cost while nothing happens."""
    address = f"http://127.0.0.1:{place.environ['SIGNUP_DASHBOARD_PORT']}/"
    with place.running("dashboard") as dashboard, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        eventually(lambda: _reached(page, address), 120)
        page.add_init_script(NOTICE)
        seen = [_drawn(page, address) for _ in range(RUNS)]
        for what, limit in (("heading", FIRST_PAINT_MS), ("figures", None)):
            yield Figure(f"{what} painted", statistics.median(one[what] for one in seen), "ms", limit)
        if PROCESSES.exists():
            with_one = _idle(dashboard.pid)
            others = [browser.new_page() for _ in range(PAGES - 1)]
            for other in others:
                _painted(other, address)
            with_all = _idle(dashboard.pid)
            for one in (page, *others):
                one.close()
            without = _idle(dashboard.pid)
            yield Figure("the server and its watcher, no page open", without, "% CPU")
            yield Figure("one idle page adds", with_one - without, "% CPU", IDLE_PERCENT)
            yield Figure(f"{PAGES} idle pages add", with_all - without, "% CPU")


def _reached(page: Any, address: str) -> bool:
    """Whether a server that has just been started shows the figures."""
    from playwright.sync_api import Error  # heavy, and only here

    try:
        _painted(page, address)
    except Error:
        return False
    return True


def _drawn(page: Any, address: str) -> dict[str, float]:
    """Milliseconds from asking for the page until its heading, and its figures, were on the screen."""
    _painted(page, address)
    page.wait_for_function("window.painted.heading && window.painted.figures")
    return dict(page.evaluate("window.painted"))


def _painted(page: Any, address: str) -> None:
    """Open the page and wait for its figures."""
    page.goto(address, wait_until="commit")
    page.get_by_test_id("stMetric").first.wait_for(timeout=20_000)


def _idle(pid: int) -> float:
    before = cpu_seconds(pid)
    time.sleep(SECONDS)
    return 100 * (cpu_seconds(pid) - before) / SECONDS


if __name__ == "__main__":
    for figure in figures(*(int(size.replace("_", "")) for size in sys.argv[1:])):
        print(f"{figure.name:44} {figure.value:12.2f} {figure.unit:6} {'' if figure.kept else 'BROKEN'}", flush=True)
