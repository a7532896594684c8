"""What nobody answered ends; and somebody always watches."""

import threading
import time
from datetime import timedelta

import pytest

from signup.clock import SystemClock
from signup.flow import signups
from signup.flow.complete import claim
from signup.flow.expire import expire
from signup.flow.match import match
from signup.flow.watch import Watcher, next_end
from signup.model import Status
from signup.services import open_services
from tests.fakes import no_profile
from tests.steps.story import approve, begin, details, kinds, state_of, status, watch


def test_nobody_answered_in_ten_minutes(services_on_each, clock):
    begun = begin(services_on_each)
    clock.move(599)
    watch(services_on_each)
    assert status(services_on_each, begun.signup_id) == Status.WAITING
    clock.move(4)
    assert watch(services_on_each)["expired"] == 1
    assert status(services_on_each, begun.signup_id) == Status.EXPIRED
    assert kinds(services_on_each, begun.signup_id)[-1] == "signup.expired"


def test_an_approval_that_arrived_in_time_wins_although_nobody_watched(services_on_each, truecaller, clock):
    begun = begin(services_on_each)
    clock.move(599)
    approve(services_on_each, "request-1", state_of(truecaller))
    clock.move(60)
    expire(services_on_each)
    watch(services_on_each)
    assert status(services_on_each, begun.signup_id) == Status.COMPLETED


def test_a_profile_that_is_tried_again_in_a_second_is_not_forgotten_while_another_is_fetched(
    services_on_each, truecaller, clock
):
    services = services_on_each
    truecaller.will_show(no_profile())
    begin(services)
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    begin(services, "+46 76 123 45 68")
    approve(services, "request-2", state_of(truecaller), token="another-token")
    match(services)
    assert claim(services) is not None
    assert next_end(services, clock.now()) == clock.now() + timedelta(seconds=1)


def test_a_start_whose_program_was_killed_becomes_an_ambiguous_timeout(services_on_each, truecaller, clock):
    class Killed(BaseException):
        pass

    def die(number, state):
        raise Killed

    truecaller.during_request = die
    with pytest.raises(Killed):
        begin(services_on_each)
    found = signups.page(services_on_each, signups.Wanted())[0]
    assert found.status == Status.REQUESTED
    clock.move(13)
    watch(services_on_each)
    assert status(services_on_each, found.id) == Status.WAITING
    assert details(services_on_each, "signup.sent") == [
        {"status": "waiting", "accepted": False, "code": "timeout", "ms": 13000}
    ]
    approve(services_on_each, "request-1", state_of(truecaller))
    watch(services_on_each)
    assert status(services_on_each, found.id) == Status.COMPLETED


def test_a_clock_set_back_never_gives_a_negative_duration(services, truecaller, clock):
    begin(services)
    clock.move(-3600)
    approve(services, "request-1", state_of(truecaller))
    watch(services)
    assert details(services, "signup.approved") == [{"status": "approved", "ms": 0}]


def test_every_event_is_sealed_without_a_gap(services_on_each, truecaller, clock):
    for nth in range(20):
        begin(services_on_each, f"+467612345{nth:02}")
        watch(services_on_each)
    seqs = [
        event.seq
        for found in signups.page(services_on_each, signups.Wanted())
        for event in signups.timeline(services_on_each, found.id)
    ]
    assert sorted(seqs) == list(range(1, 41))


@pytest.fixture
def watched(store_url, settings, truecaller):
    """Services on the real clock with a watcher at work."""
    stop = threading.Event()
    with open_services(settings(database_url=store_url), truecaller=truecaller, migrate=True) as services:
        thread = threading.Thread(target=Watcher(services, "test").run, args=(stop,))
        thread.start()
        yield services
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_running_watcher_notices_a_callback_within_100_milliseconds(watched, truecaller, eventually):
    begun = begin(watched)
    eventually(lambda: len(watchers(watched)) == 1, 5)
    before = time.monotonic()
    approve(watched, "request-1", state_of(truecaller))
    stored = time.monotonic()
    fetched: list[float] = []
    eventually(lambda: truecaller.fetched, 5)
    fetched.append(time.monotonic())
    eventually(lambda: status(watched, begun.signup_id) == Status.COMPLETED, 5)
    assert stored - before < 1
    assert fetched[0] - stored < 0.5, "100 ms on a quiet machine; five times that on a busy one"


def test_a_slow_profile_host_holds_neither_the_match_nor_other_sign_ups(watched, truecaller, eventually):
    hanging = threading.Event()
    begin(watched)
    first_state = state_of(truecaller)
    second = begin(watched, "+46 76 123 45 68")

    def hang(token, url):
        if token == "the-slow-token":
            hanging.wait(10)

    truecaller.during_profile = hang
    approve(watched, "request-1", first_state, token="the-slow-token")
    eventually(lambda: truecaller.fetched, 5)
    approve(watched, "request-2", state_of(truecaller), token="the-quick-token")
    eventually(lambda: status(watched, second.signup_id) == Status.COMPLETED, 5)
    hanging.set()


def test_a_running_watcher_folds_what_happens_within_a_second(watched, truecaller, eventually):
    begin(watched)
    eventually(lambda: folded(watched) >= 2, 1)
    approve(watched, "request-1", state_of(truecaller))
    eventually(lambda: folded(watched) >= 5, 1)


def test_a_fold_that_cannot_write_holds_no_sign_up(watched, truecaller, eventually):
    """Somebody holds the roll-ups: nobody but the fold waits for them, and it tries again by itself."""
    with watched.rolls.write() as held:
        still = {"from_seq": 0, "from_leaf": "", "from_log": "", "from_rebuilds": 0}
        held.run("move_rolls", log_id="", seq=0, leaf="", rebuilds=0, **still)
        begun = begin(watched)
        approve(watched, "request-1", state_of(truecaller))
        eventually(lambda: status(watched, begun.signup_id) == Status.COMPLETED, 5)
    eventually(lambda: folded(watched) >= 5, 5)


def test_one_pass_folds_too(services_on_each):
    begin(services_on_each)
    watch(services_on_each)
    assert folded(services_on_each) == 2


def folded(services):
    with services.rolls.read() as tx:
        return tx.one("roll_position")["seq"]


def test_a_watcher_that_stops_is_gone_from_the_list(store_url, settings, truecaller, eventually):
    stop = threading.Event()
    with open_services(settings(database_url=store_url), truecaller=truecaller, migrate=True) as services:
        thread = threading.Thread(target=Watcher(services, "test").run, args=(stop,))
        thread.start()
        eventually(lambda: watchers(services), 5)
        stop.set()
        thread.join(10)
        assert watchers(services) == []


def test_an_idle_watcher_costs_under_one_per_cent_of_a_core(watched, eventually):
    begin(watched)
    eventually(lambda: len(watchers(watched)) == 1, 5)
    SystemClock().now()
    used, begun = time.process_time(), time.monotonic()
    threading.Event().wait(3)
    share = (time.process_time() - used) / (time.monotonic() - begun)
    assert share < 0.03, f"{share:.2%}; under 1 % on a quiet machine"


def watchers(services):
    with services.store.read() as tx:
        return tx.all("watchers")
