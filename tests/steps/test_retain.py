"""What time makes us forget: the person after a month, the rest after 400 days, the Overview's numbers never."""

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.flow import signups
from signup.flow.complete import complete
from signup.flow.match import match
from signup.flow.watch import Watcher
from signup.measure.feed import catch_up
from signup.measure.history import History
from signup.model import Callback, Exchange, Result, Status
from signup.record import retain
from signup.record.erase import erase
from signup.record.retain import Retention
from signup.record.verify import Question, verify
from signup.services import Services, open_services
from signup.store.texts import queries
from tests.fakes import ScriptedTruecaller, profile
from tests.logbook import DAY, quiet, raw, rows
from tests.steps.story import VALUE, approve, begin, receive, state_of, status, watch

EXCHANGE = Exchange("POST", "http://localhost/callback", {}, "{}", 200, {}, "{}", 3)


def completed(services: Services, truecaller: ScriptedTruecaller, number: str = "+46761234567") -> str:
    """A sign-up with every kind of row, looked at once."""
    begun = begin(services, number)
    said = Callback(f"request-{len(truecaller.asked)}", Result.APPROVED, token="a-token-1", state=state_of(truecaller))
    receive(services, said, lambda: EXCHANGE)
    truecaller.will_show(profile(truecaller.asked[-1][0], name="Ada"))
    match(services)
    complete(services)
    assert begun.signup_id
    signups.reveal(services, begun.signup_id, reason="why", actor="user:local")
    return begun.signup_id


def kept(services: Services) -> dict[str, int]:
    """How many rows there are of each kind, and how many sign-ups are still a person's."""
    tables = ("signups", "callbacks", "traces", "profiles", "reasons", "locks")
    found = {table: rows(services, f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}
    persons = """SELECT COUNT(*) FROM signups WHERE number IS NOT NULL OR fingerprint IS NOT NULL
        OR request_id IS NOT NULL OR state_hash IS NOT NULL"""
    return found | {"persons": rows(services, persons)[0][0]}


WHOLE = {"signups": 1, "callbacks": 1, "traces": 1, "profiles": 1, "reasons": 1, "locks": 1, "persons": 1}
WIPED = WHOLE | {"callbacks": 0, "traces": 0, "profiles": 0, "reasons": 0, "persons": 0}
NOTHING = dict.fromkeys(WHOLE, 0)


@pytest.mark.parametrize(
    ("days", "left"), [(29.9, WHOLE), (30.1, WIPED), (399, WIPED), (400.1, NOTHING)], ids=["29", "30", "399", "400"]
)
def test_a_person_goes_after_a_month_and_the_sign_up_after_400_days(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, days: float, left: dict[str, int]
) -> None:
    completed(services_on_each, truecaller)
    clock.move(days * DAY)
    watch(services_on_each)
    assert kept(services_on_each) == left
    assert verify(services_on_each.store, Question()).valid


def test_after_a_month_a_numbers_lock_leads_to_none_of_its_sign_ups(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    completed(services_on_each, truecaller)
    [before] = rows(services_on_each, "SELECT fingerprint, number_id FROM locks")
    clock.move(31 * DAY)
    watch(services_on_each)
    [(*left, signup_id, taken_at)] = rows(
        services_on_each, "SELECT fingerprint, number_id, signup_id, taken_at FROM locks"
    )
    assert (tuple(left), signup_id, taken_at[10:]) == (before, "forgotten", "T00:00:00.000000Z")
    assert begin(services_on_each).status == Status.WAITING


def test_both_times_are_settings(
    store_url: str, settings: Callable[..., Any], clock: HandClock, truecaller: ScriptedTruecaller
) -> None:
    chosen = settings(database_url=store_url, profile_days=1, audit_days=2)
    with open_services(chosen, clock=clock, truecaller=truecaller, migrate=True) as services:
        completed(services, truecaller)
        clock.move(1.1 * DAY)
        watch(services)
        assert kept(services) == WIPED
        clock.move(DAY)
        watch(services)
        assert kept(services) == NOTHING


def test_a_person_never_outlives_the_sign_up(
    store_url: str, settings: Callable[..., Any], clock: HandClock, truecaller: ScriptedTruecaller
) -> None:
    chosen = settings(database_url=store_url, profile_days=90, audit_days=2)
    with open_services(chosen, clock=clock, truecaller=truecaller, migrate=True) as services:
        completed(services, truecaller)
        clock.move(2.1 * DAY)
        watch(services)
        assert kept(services) == NOTHING


def test_an_open_sign_up_is_left_alone_until_it_has_ended(
    store_url: str, settings: Callable[..., Any], clock: HandClock, truecaller: ScriptedTruecaller
) -> None:
    chosen = settings(database_url=store_url, profile_days=1, answer_seconds=3 * DAY, token_seconds=3 * DAY)
    with open_services(chosen, clock=clock, truecaller=truecaller, migrate=True) as services:
        begun = begin(services)
        clock.move(2 * DAY)
        watch(services)
        assert kept(services)["persons"] == 1
        approve(services, "request-1", state_of(truecaller))
        watch(services)
        assert status(services, begun.signup_id) == Status.COMPLETED
        clock.move(3700)
        watch(services)
        assert (kept(services)["persons"], kept(services)["profiles"]) == (0, 0)


def test_a_lock_that_was_used_again_stays(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    begin(services_on_each)
    clock.move(300 * DAY)
    begin(services_on_each)
    clock.move(200 * DAY)
    watch(services_on_each)
    assert (kept(services_on_each)["locks"], kept(services_on_each)["signups"]) == (1, 1)


def test_the_numbers_of_the_overview_do_not_change(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    def counted() -> tuple[Any, ...]:
        history = History()
        catch_up(services_on_each, history)
        return history.signups, history.hits, history.rejected, history.quarantined

    completed(services_on_each, truecaller)
    begin(services_on_each)
    begin(services_on_each, "12")
    watch(services_on_each)
    before = counted()
    clock.move(31 * DAY)
    watch(services_on_each)
    assert kept(services_on_each)["persons"] == 0
    assert counted() == before


def test_many_go_portion_by_portion_the_oldest_first(
    services_on_each: Services, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retain, "PORTION", 3)
    begun = []
    for number in range(8):
        begun.append(begin(services_on_each, f"+4676123450{number}").signup_id)
        clock.move(1)
    clock.move(700)
    watch(services_on_each)
    clock.move(31 * DAY)
    retention = Retention(services_on_each)
    left = []
    more = True
    while more:
        more = retention.run()
        left.append(kept(services_on_each)["persons"])
    assert left == [5, 2, 0]
    assert [one.masked for one in signups.page(services_on_each, signups.Wanted())] == [None] * 8
    assert {one.id for one in signups.page(services_on_each, signups.Wanted())} == set(begun)


def test_with_nothing_left_it_looks_again_in_an_hour(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    retention = Retention(services_on_each)
    completed(services_on_each, truecaller)
    clock.move(30 * DAY - 60)
    assert (retention.run(), kept(services_on_each)["persons"]) == (False, 1)
    clock.move(120)
    assert (retention.run(), kept(services_on_each)["persons"]) == (False, 1)
    clock.move(3600)
    assert (retention.run(), kept(services_on_each)["persons"]) == (False, 0)


def test_the_lock_of_an_erased_person_goes_when_it_has_ended(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    completed(services_on_each, truecaller)
    erase(services_on_each, VALUE, reason="they asked", actor="cli", say=quiet)
    watch(services_on_each)
    assert kept(services_on_each)["locks"] == 1
    clock.move(301)
    watch(services_on_each)
    assert kept(services_on_each)["locks"] == 0


def test_of_that_lock_no_byte_is_left(services: Services, truecaller: ScriptedTruecaller, clock: HandClock) -> None:
    completed(services, truecaller)
    [(fingerprint,)] = rows(services, "SELECT fingerprint FROM locks")
    erase(services, VALUE, reason="they asked", actor="cli", say=quiet)
    assert fingerprint.encode() in raw(services)
    clock.move(301)
    watch(services)
    assert fingerprint.encode() not in raw(services)


def test_what_time_wiped_is_not_left_in_the_wal(
    services: Services, truecaller: ScriptedTruecaller, clock: HandClock
) -> None:
    completed(services, truecaller)
    marks = [mark.encode() for mark in rows(services, "SELECT fingerprint, state_hash, number FROM signups")[0]]
    marks += [profile_.encode() for (profile_,) in rows(services, "SELECT profile FROM profiles")]
    clock.move(401 * DAY)
    watch(services)
    left = raw(services)
    assert [mark for mark in marks if mark in left] == []


@pytest.fixture
def exports(services: Services) -> Path:
    folder = Path(services.settings.data_dir) / "exports"
    folder.mkdir(parents=True)
    return folder


def test_finished_exports_go_after_a_day_and_what_is_somebodys_own_stays(
    services: Services, clock: HandClock, exports: Path
) -> None:
    now = clock.now().timestamp()
    name = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"
    ages = {f"{name}.csv": 25, f".{name}.zip.half": 25, f"{name}.ndjson": 23, "mine.csv": 1000}
    for file, hours in ages.items():
        (exports / file).write_text("x")
        os.utime(exports / file, (now - hours * 3600, now - hours * 3600))
    watch(services)
    assert sorted(path.name for path in exports.iterdir()) == [f"{name}.ndjson", "mine.csv"]


def test_a_watcher_that_runs_forgets_what_is_too_old(
    services_on_each: Services, truecaller: ScriptedTruecaller, clock: HandClock, eventually: Callable[..., Any]
) -> None:
    completed(services_on_each, truecaller)
    clock.move(31 * DAY)
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(services_on_each, "test").run, args=(stop,))
    thread.start()
    try:
        eventually(lambda: kept(services_on_each)["persons"] == 0, 20)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("signups_to_forget", "signups_kept"),
        ("drop_signups", "signups_by_start"),
        ("drop_locks", "locks_by_use"),
        ("drop_reasons", "reasons_by_time"),
        ("drop_erased_locks", "locks_by_signup"),
    ],
)
def test_what_is_too_old_is_found_along_an_index_of_ages(services: Services, query: str, index: str) -> None:
    statement = queries("sqlite")[query]
    params = dict.fromkeys(re.findall(r":(\w+)", statement), "2026-11-24T14:00:00.000000Z") | {"size": 20}
    with services.store.read() as tx:
        plan = tx._connection.execute(f"EXPLAIN QUERY PLAN {statement}", params).fetchall()  # type: ignore[attr-defined]
    assert any(f"INDEX {index} (" in step for *_, step in plan), plan
