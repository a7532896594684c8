import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from signup.clock import HandClock
from signup.errors import StoreUnavailable, UsageWrong
from signup.flow.watch import Watcher
from signup.measure.alerts import kept, rounds
from signup.measure.alerts.kept import Seen
from signup.measure.alerts.machine import Standing, State, Telling
from signup.measure.alerts.rules import DEFAULTS, Level, Reading
from signup.services import Services, open_services
from signup.settings import Settings
from tests.alerting import outage, quiet
from tests.conftest import START
from tests.steps.story import details

ACTOR = "user:local"


def state(services: Services, rule_id: str) -> State | None:
    found = {each.rule.id: each.seen for each in kept.watched(services)}[rule_id]
    return found.standing.state if found else None


def test_an_outage_is_told_when_it_begins_and_when_it_is_over(services_on_each: Services, clock: HandClock) -> None:
    began = clock.now()
    changes = outage(services_on_each, clock, 12) + quiet(services_on_each, clock, 40, a_minute=2)
    told = [
        (change.rule.id, change.telling, (change.after.minute - began) // timedelta(minutes=1))
        for change in changes
        if change.telling
    ]
    assert told == [
        ("appKey", Telling.FIRES, 1),
        ("errorRate", Telling.FIRES, 10),
        ("successRate", Telling.FIRES, 25),
        ("errorRate", Telling.RECOVERED, 37),
        ("appKey", Telling.RECOVERED, 37),
    ]


def test_every_change_of_state_is_an_event(services_on_each: Services, clock: HandClock) -> None:
    changes = outage(services_on_each, clock, 8)
    told = details(services_on_each, "alert.changed")
    assert told[0] == {"rule": "appKey", "from": "ok", "to": "alerting", "level": "alert", "n": 2, "ppm": 2_000_000}
    assert [(one["rule"], one["from"], one["to"]) for one in told] == [
        (change.rule.id, change.before.state, change.after.standing.state) for change in changes
    ]
    assert {"rule": "errorRate", "from": "ok", "to": "pending", "level": "alert", "n": 10, "ppm": 1_000_000} in told


def test_a_getting_worse_is_an_event_too(services: Services, clock: HandClock) -> None:
    kept.edit(services, replace(DEFAULTS["appKey"], warn=1_000_000, alert=5_000_000), ACTOR)
    outage(services, clock, 3)
    assert [(one["from"], one["to"], one["level"]) for one in details(services, "alert.changed")] == [
        ("ok", "alerting", "warn"),
        ("alerting", "alerting", "alert"),
    ]


def test_silence_becomes_no_data_after_half_an_hour(services: Services, clock: HandClock) -> None:
    assert {change.after.standing.state for change in quiet(services, clock, 30)} == set()
    changed = quiet(services, clock, 1)
    assert {change.rule.id: change.after.standing.state for change in changed} == dict.fromkeys(
        ("successRate", "errorRate", "lockHitRate", "noCallbacks"), State.NO_DATA
    )
    assert [change.telling for change in changed] == [None] * 4


def test_one_of_many_watchers_looks_at_a_minute(services_on_each: Services, clock: HandClock) -> None:
    looked: list[list[rounds.Change] | None] = []
    threads = [threading.Thread(target=lambda: looked.append(rounds.run(services_on_each))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in looked if one is not None]) == 1
    assert rounds.run(services_on_each) is None
    clock.move(60)
    assert rounds.run(services_on_each) is not None


def test_a_restart_changes_nothing(settings: Callable[..., Settings], clock: HandClock, services: Services) -> None:
    first = outage(services, clock, 3)
    with open_services(settings(), clock=clock) as again:
        later = outage(again, clock, 9)
    assert [change.rule.id for change in first + later if change.telling] == ["appKey", "errorRate"]


MOMENTS = st.integers(0, 10**15).map(lambda after: START + timedelta(microseconds=after))
SEEN = st.builds(
    Seen,
    standing=st.builds(
        Standing,
        state=st.sampled_from(State),
        since=MOMENTS,
        severity=st.none() | st.sampled_from(Level),
        told=st.none() | st.sampled_from(Level),
        bad_since=st.none() | MOMENTS,
        none_since=st.none() | MOMENTS,
    ),
    minute=MOMENTS,
    level=st.sampled_from(Level),
    reading=st.builds(Reading, *[st.integers(0, 10**9)] * 3),
)


@given(SEEN)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_what_is_stored_of_a_state_is_all_of_it(services: Services, seen: Seen) -> None:
    with services.store.write() as tx:
        kept.put(tx, "errorRate", seen)
        assert kept.states(tx) == {"errorRate": seen}


class Between:
    """A store that does something else first whenever it is read."""

    def __init__(self, store: Any, first: Callable[[], object]) -> None:
        self._store, self._first = store, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def read(self) -> Iterator[Any]:
        self._first()
        with self._store.read() as tx:
            yield tx


def test_a_round_that_was_overtaken_writes_nothing(services_on_each: Services, clock: HandClock) -> None:
    def overtake() -> None:
        with services_on_each.store.write() as tx:
            tx.run("claim_alert_round", minute="2026-11-24T14:01:00.000000Z", ahead="9")

    slow = replace(services_on_each, rolls=Between(services_on_each.rolls, overtake))
    assert rounds.run(slow) is None
    assert {each.seen for each in kept.watched(services_on_each)} == {None}


def test_a_state_and_its_event_come_together_or_not_at_all(services: Services, clock: HandClock) -> None:
    class Full:
        """A transaction that has no room for an event."""

        def __init__(self, tx: Any) -> None:
            self._tx = tx

        def __getattr__(self, name: str) -> Any:
            return getattr(self._tx, name)

        def run(self, query: str, /, **params: Any) -> int:
            if query == "append_event" and "alert.changed" in params.values():
                raise StoreUnavailable("The disk is full.")
            return int(self._tx.run(query, **params))

    class Store(Between):
        @contextmanager
        def write(self) -> Iterator[Any]:
            with self._store.write() as tx:
                yield Full(tx)

    outage(services, clock, 0)
    broken = replace(services, store=Store(services.store, lambda: None))
    with pytest.raises(StoreUnavailable):
        outage(broken, clock, 1)
    assert state(services, "appKey") is None
    assert [change.rule.id for change in quiet(services, clock, 1)] == ["appKey"]


def test_a_minute_claimed_by_a_clock_that_went_wrong_is_nobodys(services: Services, clock: HandClock) -> None:
    clock.move(86_400)
    assert rounds.run(services) is not None
    clock.move(-86_400)
    assert rounds.run(services) is not None
    clock.move(-60)
    assert rounds.run(services) is None


def test_an_edited_rule_is_kept_and_told(services_on_each: Services, clock: HandClock) -> None:
    rule = replace(DEFAULTS["errorRate"], warn=100_000, least=2, pending=1)
    assert kept.edit(services_on_each, rule, ACTOR) is True
    assert kept.edit(services_on_each, rule, ACTOR) is False
    (found,) = [each for each in kept.watched(services_on_each) if each.changed]
    assert found.rule == rule
    assert details(services_on_each, "settings.changed") == [{"name": "alerts_errorRate"}]
    outage(services_on_each, clock, 2)
    assert state(services_on_each, "errorRate") is State.ALERTING


def test_back_to_the_default_is_an_edit_too(services: Services) -> None:
    kept.edit(services, replace(DEFAULTS["errorRate"], least=2), ACTOR)
    assert kept.edit(services, DEFAULTS["errorRate"], ACTOR) is True
    assert not any(each.changed for each in kept.watched(services))
    assert len(details(services, "settings.changed")) == 2


def test_an_edit_that_makes_no_sense_is_refused(services: Services) -> None:
    with pytest.raises(UsageWrong, match="in order"):
        kept.edit(services, replace(DEFAULTS["errorRate"], recover=900_000), ACTOR)
    with pytest.raises(UsageWrong, match="no such rule"):
        kept.edit(services, replace(DEFAULTS["errorRate"], id="another"), ACTOR)


def test_a_running_watcher_looks_at_the_rules(
    settings: Callable[..., Settings], eventually: Callable[..., Any]
) -> None:
    stop = threading.Event()
    with open_services(settings(), migrate=True) as services:
        thread = threading.Thread(target=Watcher(services, "test").run, args=(stop,))
        thread.start()
        eventually(lambda: state(services, "errorRate") is State.OK, 10)
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_minutes_at_which_nobody_looked_bring_no_rule_nearer_to_firing(services: Services, clock: HandClock) -> None:
    def state() -> State | None:
        seen = {each.rule.id: each.seen for each in kept.watched(services)}["errorRate"]
        return seen and seen.standing.state

    while state() is not State.PENDING:
        outage(services, clock, 1, a_minute=6)
    clock.move(8 * 60)
    rounds.run(services)
    assert state() is State.PENDING
