"""From the audit log into the numbers: everything once, also what is new, also from two threads."""

from concurrent.futures import ThreadPoolExecutor

from signup import clock as clocks
from signup.clock import HandClock
from signup.measure.feed import PAGE, catch_up
from signup.measure.history import History
from signup.record import events
from signup.services import Services

SIGNUP = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"


def reject(services: Services, times: int) -> None:
    with services.store.write() as tx:
        for _ in range(times):
            details = {"reason": "invalid", "channel": "web"}
            at = clocks.text(services.clock.now())
            events.append(tx, at=at, kind="number.rejected", actor="cli", details=details)


def test_an_empty_log_feeds_nothing(services: Services) -> None:
    history = History()
    catch_up(services, history)
    assert (history.seq, history.signups) == (0, [])


def test_a_log_longer_than_a_page_is_read_to_its_end(services: Services) -> None:
    reject(services, PAGE + 1)
    history = History()
    catch_up(services, history)
    assert (history.seq, len(history.rejected)) == (PAGE + 1, PAGE + 1)


def test_only_what_is_new_is_added(services: Services, clock: HandClock) -> None:
    history = History()
    reject(services, 2)
    catch_up(services, history)
    clock.move(60)
    at = clocks.text(clock.now())
    with services.store.write() as tx:
        details = {"status": "requested", "country": "SE", "channel": "web"}
        events.append(tx, at=at, kind="signup.started", actor="cli", signup_id=SIGNUP, details=details)
    catch_up(services, history)
    assert (history.seq, len(history.rejected)) == (3, 2)
    assert [(signup.at, signup.country, signup.outcome) for signup in history.signups] == [(at, "SE", "open")]


def test_threads_that_share_a_history_count_every_event_once(services: Services) -> None:
    history = History()
    reject(services, 50)
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(catch_up, services, history) for _ in range(8)]:
            done.result()
    assert (history.seq, len(history.rejected)) == (50, 50)
