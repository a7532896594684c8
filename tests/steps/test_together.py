"""Several processes at one sign-up, a row that is broken, a database that is busy: nobody waits, nothing is lost."""

import sqlite3
import threading
from collections.abc import Callable

import pytest

from signup.clock import text
from signup.errors import StoreUnavailable
from signup.flow import signups
from signup.flow.complete import claim, fetch
from signup.flow.match import match
from signup.model import Callback, Exchange, Result, Status
from signup.services import open_services
from signup.store.driver import sqlite
from tests.fakes import profile, refused
from tests.steps.story import (
    TOKEN,
    VALUE,
    approve,
    begin,
    kinds,
    say,
    state_of,
    status,
    tokens_kept,
    watch,
)

EXCHANGE = Exchange("POST", "/truecaller/callback", {}, "{}", 200, {}, "{}", 1)


def at_once(*acts: Callable[[], object]) -> list[BaseException]:
    """Run all at the same moment, each in a thread of its own; what they raised."""
    start = threading.Barrier(len(acts))
    raised: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
        except StoreUnavailable as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_repeats_that_come_while_a_profile_is_written_down_hold_nobody_up(services_on_each, truecaller):
    services = services_on_each
    for nth in range(15):
        number = 46761234500 + nth
        begin(services, f"+{number}")
        request_id, state = f"request-{nth + 1}", state_of(truecaller)
        approve(services, request_id, state, token=f"token-{nth:05}")
        match(services)
        claimed = claim(services)
        assert claimed is not None
        truecaller.will_show(profile(number))
        repeat = lambda request_id=request_id, state=state, nth=nth: approve(  # noqa: E731
            services, request_id, state, token=f"token-{nth:05}"
        )
        assert at_once(lambda claimed=claimed: fetch(services, claimed), repeat, repeat, repeat) == []
    assert kinds(services).count("profile.fetched") == 15
    assert len(truecaller.fetched) == 15


def test_two_watchers_at_two_tokens_keep_both(services_on_each, truecaller):
    for nth in range(8):
        number = 46761234500 + nth
        begun = begin(services_on_each, f"+{number}")
        request_id, state = f"request-{nth + 1}", state_of(truecaller)
        for token in ("first-token", "second-token"):
            approve(services_on_each, request_id, state, token=f"{token}-{nth}")
        assert at_once(*[lambda: match(services_on_each)] * 2) == []
        truecaller.will_show(profile(46700000000), profile(number))
        watch(services_on_each)
        assert status(services_on_each, begun.signup_id) == Status.COMPLETED


def test_eight_tokens_at_once_leave_three_candidates(services_on_each, truecaller):
    begin(services_on_each)
    state = state_of(truecaller)
    acts = [lambda nth=nth: approve(services_on_each, "request-1", state, token=f"token-{nth:05}") for nth in range(8)]
    assert at_once(*acts) == []
    assert tokens_kept(services_on_each) == 3


def test_a_watcher_that_others_are_quicker_than_claims_on_while_anything_is_due(services_on_each, truecaller):
    services = services_on_each
    for nth in range(24):
        begin(services, f"+{46761234500 + nth}")
        approve(services, f"request-{nth + 1}", state_of(truecaller), token=f"token-{nth:05}")
    match(services)
    claimed, given_up = [], []

    def claim_all() -> None:
        while found := claim(services):
            claimed.append(found.signup_id)
        now = text(services.clock.now())
        with services.store.read() as tx:
            given_up.append(tx.one("due_token", now=now, due=now))

    assert at_once(*[claim_all] * 8) == []
    assert given_up == [None] * 8
    assert len(set(claimed)) == len(claimed) == 24


def test_an_approval_that_arrived_proves_acceptance_whatever_the_answer_says(services_on_each, truecaller):
    services = services_on_each
    truecaller.during_request = lambda number, state: approve(services, "request-1", state)
    truecaller.will_answer(refused("truecaller_error"))
    begun = begin(services)
    assert (begun.status, begun.code) == (Status.REQUESTED, None)
    assert begun.locked_until is not None
    truecaller.during_request = None
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED
    assert begin(services).code == "locked"


def test_a_broken_row_holds_up_no_other(services, truecaller, clock):
    broken, sound = begin(services), begin(services, "+46 76 123 45 68")
    say(services, "request-1", "user_rejected")
    with services.store.write() as tx:
        tx._connection.execute("UPDATE callbacks SET status = 'no reason that we know'")
    approve(services, "request-2", state_of(truecaller))
    watch(services)
    assert status(services, sound.signup_id) == Status.COMPLETED
    assert status(services, broken.signup_id) == Status.WAITING
    with services.store.read() as tx:
        assert tx.one("inbox_waiting")["unsealed"] == 0


def test_a_token_that_no_listed_key_opens_holds_up_no_other(services, truecaller):
    lost = begin(services)
    approve(services, "request-1", state_of(truecaller))
    with services.store.write() as tx:
        tx._connection.execute("UPDATE callbacks SET token = 'gone:' || token")
    sound = begin(services, "+46 76 123 45 68")
    approve(services, "request-2", state_of(truecaller), token="another-token")
    watch(services)
    assert status(services, sound.signup_id) == Status.COMPLETED
    assert status(services, lost.signup_id) == Status.APPROVED


def test_a_profile_that_was_read_is_not_lost_to_a_busy_database(services, truecaller, tmp_path):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller))
    match(services)
    holder = sqlite.connect(str(tmp_path / "data" / "signup.db"), isolation_level=None, check_same_thread=False)
    truecaller.during_profile = lambda token, url: holder.execute("BEGIN IMMEDIATE")
    claimed = claim(services)
    assert claimed is not None
    release = threading.Timer(2.5, lambda: holder.execute("ROLLBACK"))
    release.start()
    assert fetch(services, claimed) == Status.COMPLETED
    release.join()
    holder.close()
    assert len(truecaller.fetched) == 1
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_forged_callbacks_of_a_known_request_leave_a_hundred_traces_at_most(services):
    from signup.flow.receive import receive

    begun = begin(services)
    for nth in range(1001):
        approve(services, f"nobody-{nth}", None)
    for nth in range(150):
        receive(services, Callback("request-1", Result.APPROVED, token=f"forged-{nth:04}"), lambda: EXCHANGE)
    assert signups.exchanges(services, begun.signup_id or "") == []


def test_an_early_callback_and_its_repeats_are_one_event_each(services_on_each, truecaller):
    services = services_on_each

    def early(number, state):
        for _ in range(3):
            say(services, "request-1", "user_rejected")

    truecaller.during_request = early
    begun = begin(services)
    say(services, "request-1", "user_rejected")
    watch(services)
    say(services, "request-1", "user_rejected")
    told = [kind for kind in kinds(services, begun.signup_id) if kind.startswith("callback.")]
    assert told == ["callback.received"] + ["callback.repeated"] * 4
    assert status(services, begun.signup_id) == Status.DECLINED


def test_an_approval_acknowledged_at_the_last_moment_counts_although_the_database_was_busy(services, truecaller, clock):
    """Stamped 9:59.5, stored 10:01: the person approved in time and Truecaller was told so."""
    begun = begin(services)
    clock.move(599.5)
    late = [clock.now()]
    clock.move(1.5)
    watch(services)
    back = (late[0] - clock.now()).total_seconds()
    clock.move(back)
    approve(services, "request-1", state_of(truecaller))
    clock.move(-back)
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_a_lock_under_an_older_key_refuses_although_the_current_key_has_an_old_row(settings, clock, truecaller):
    from base64 import b64encode

    old, new = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
    with open_services(settings(keys=f"{new},{old}"), clock=clock, truecaller=truecaller, migrate=True) as services:
        begin(services)
    clock.move(400)
    with open_services(settings(keys=f"{old},{new}"), clock=clock, truecaller=truecaller) as services:
        assert begin(services).status == Status.WAITING
    clock.move(10)
    with open_services(settings(keys=f"{new},{old}"), clock=clock, truecaller=truecaller) as services:
        assert begin(services).code == "locked"
    assert len(truecaller.asked) == 2


def test_a_lock_taken_under_a_clock_that_was_a_year_ahead_is_not_believed(services, clock):
    clock.move(365 * 86400)
    begin(services)
    clock.move(-365 * 86400)
    assert begin(services).status == Status.WAITING


def test_an_approval_is_tried_at_once_although_the_clock_was_set_back(services, truecaller, clock):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller))
    clock.move(-3600)
    watch(services)
    assert status(services, begun.signup_id) == Status.COMPLETED


def test_one_pass_ends_although_new_tries_become_due_while_it_runs(services, truecaller, clock):
    begin(services)
    approve(services, "request-1", state_of(truecaller))
    truecaller.will_show(*[profile_error() for _ in range(100)])
    truecaller.during_profile = lambda token, url: clock.move(8)
    watch(services)
    assert len(truecaller.fetched) == 1


def profile_error():
    from tests.fakes import no_profile

    return no_profile()


def test_a_profile_with_an_odd_number_beside_the_asked_one_can_be_shown(services, truecaller):
    begun = begin(services)
    approve(services, "request-1", state_of(truecaller))
    truecaller.will_show(profile(999, VALUE))
    watch(services)
    found = signups.profile(services, begun.signup_id or "")
    assert found is not None
    assert signups.masked_profile(found)["numbers"] == ["••• 99", "+46 ••• ••• 45 67"]


@pytest.mark.parametrize("words", ["a\0b", "\udcff", "+46\0"])
def test_a_search_for_what_cannot_be_printed_finds_nothing(services_on_each, words):
    assert signups.find(services_on_each, words) == []
    assert signups.one(services_on_each, words) is None
    assert signups.request_id(services_on_each, words) is None


def test_neither_token_nor_state_nor_number_stands_in_what_a_traceback_shows(services, truecaller):
    begin(services)
    approve(services, "request-1", state_of(truecaller))
    match(services)
    shown = repr(claim(services))
    assert TOKEN not in shown
    assert str(VALUE) not in shown


def test_the_two_sqlite_libraries_are_never_mixed():
    assert sqlite.__name__ != "sqlite3" or sqlite is sqlite3
