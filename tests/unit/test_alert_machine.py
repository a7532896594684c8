from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.measure.alerts import machine
from signup.measure.alerts.machine import Standing, State, Telling
from signup.measure.alerts.rules import BAD, DEFAULTS, Level, Rule

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
RULE = DEFAULTS["errorRate"]
AT_ONCE = replace(RULE, pending=0)
DROPS = replace(RULE, keep=0)
ASKED = replace(RULE, tell_no_data=True)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def calm(state: State, **more: datetime) -> Standing:
    return Standing(state, ago(60), **more)


def firing(state: State, severity: Level, minutes: int = 60) -> Standing:
    return Standing(state, ago(minutes), severity=severity, told=severity)


OK, PENDING, NO_DATA = State.OK, State.PENDING, State.NO_DATA
ALERTING, RECOVERING = State.ALERTING, State.RECOVERING
NONE, FINE, BETWEEN, WARN, ALERT = Level

# The whole table: state before, level, rule, state after, what is told.
CELLS = [
    *[(calm(state), NONE, RULE, state, None) for state in (OK, PENDING, NO_DATA)],
    *[(calm(state, none_since=ago(29)), NONE, RULE, state, None) for state in (OK, PENDING, NO_DATA)],
    *[(calm(state, none_since=ago(30)), NONE, RULE, NO_DATA, None) for state in (OK, PENDING, NO_DATA)],
    *[(calm(state, none_since=ago(30)), NONE, ASKED, NO_DATA, Telling.NO_DATA) for state in (OK, PENDING)],
    (calm(NO_DATA, none_since=ago(31)), NONE, ASKED, NO_DATA, None),
    *[(calm(state), level, RULE, OK, None) for state in (OK, PENDING, NO_DATA) for level in (FINE, BETWEEN)],
    *[(calm(state), level, RULE, PENDING, None) for state in (OK, PENDING, NO_DATA) for level in BAD],
    *[(calm(state), level, AT_ONCE, ALERTING, Telling.FIRES) for state in (OK, PENDING, NO_DATA) for level in BAD],
    *[(calm(PENDING, bad_since=ago(4)), level, RULE, PENDING, None) for level in BAD],
    *[(calm(PENDING, bad_since=ago(5)), level, RULE, ALERTING, Telling.FIRES) for level in BAD],
    (firing(ALERTING, WARN), NONE, RULE, ALERTING, None),
    (firing(ALERTING, WARN), FINE, RULE, RECOVERING, None),
    (firing(ALERTING, WARN), FINE, DROPS, OK, Telling.RECOVERED),
    (firing(ALERTING, WARN), BETWEEN, RULE, ALERTING, None),
    (firing(ALERTING, WARN), WARN, RULE, ALERTING, None),
    (firing(ALERTING, WARN), ALERT, RULE, ALERTING, Telling.WORSE),
    (firing(ALERTING, ALERT), WARN, RULE, ALERTING, None),
    (firing(RECOVERING, WARN, 10), NONE, RULE, RECOVERING, None),
    (firing(RECOVERING, WARN, 9), FINE, RULE, RECOVERING, None),
    (firing(RECOVERING, WARN, 10), FINE, RULE, OK, Telling.RECOVERED),
    (firing(RECOVERING, WARN), BETWEEN, RULE, ALERTING, None),
    (firing(RECOVERING, WARN), WARN, RULE, ALERTING, None),
    (firing(RECOVERING, WARN), ALERT, RULE, ALERTING, Telling.WORSE),
    (firing(RECOVERING, ALERT), ALERT, RULE, ALERTING, None),
]


@pytest.mark.parametrize(("before", "level", "rule", "state", "told"), CELLS)
def test_every_cell_of_the_table(
    before: Standing, level: Level, rule: Rule, state: State, told: Telling | None
) -> None:
    after, news = machine.step(rule, before, level, NOW)
    assert (after.state, news) == (state, told)
    assert after.since == (before.since if state is before.state else NOW)


def test_the_table_has_no_hole() -> None:
    assert {(before.state, level) for before, level, *_ in CELLS} == {
        (state, level) for state in State for level in Level
    }


def test_while_it_fires_the_severity_is_that_of_the_last_bad_minute() -> None:
    assert machine.step(RULE, firing(ALERTING, ALERT), WARN, NOW)[0].severity is WARN
    assert machine.step(RULE, firing(RECOVERING, ALERT), BETWEEN, NOW)[0].severity is ALERT
    assert machine.step(DROPS, firing(ALERTING, ALERT), FINE, NOW)[0].severity is None


def test_a_minute_without_data_breaks_off_what_was_bad_all_the_time() -> None:
    seen = [ALERT, ALERT, NONE, ALERT, ALERT, ALERT, ALERT, ALERT, ALERT]
    assert [state for state, _ in played(RULE, seen)] == [PENDING] * 8 + [ALERTING]


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it() -> None:
    ahead = NOW + timedelta(days=3000)
    waiting = Standing(PENDING, ahead, bad_since=ahead)
    for minute in range(6):
        waiting, _ = machine.step(RULE, waiting, ALERT, NOW + timedelta(minutes=minute))
    assert waiting.state is ALERTING


@pytest.mark.parametrize("apart", [-600, -11, -7, 7, 11, 600])
@pytest.mark.parametrize("bad", [WARN, ALERT])
def test_two_watchers_whose_clocks_differ_gain_no_more_than_a_minute(apart: int, bad: Level) -> None:
    """They look in turn, each once a minute by its own clock; the second one's differs by so many minutes."""
    standing, looked, fired = Standing(OK, ago(9)), ago(1), []
    for look in range(16):
        at = NOW + timedelta(minutes=look // 2 + (apart if look % 2 else 0))
        standing, news = machine.step(RULE, standing, bad, at, looked)
        looked = at
        fired += [look // 2] if news else []
    assert fired in ([4], [5])


@pytest.mark.parametrize("apart", [-600, -7, 7, 11, 600])
def test_two_watchers_whose_clocks_differ_end_nothing_early(apart: int) -> None:
    standing, looked, over = firing(ALERTING, WARN, 1), NOW - timedelta(minutes=1), []
    for look in range(30):
        at = NOW + timedelta(minutes=look // 2 + (apart if look % 2 else 0))
        standing, news = machine.step(RULE, standing, FINE, at, looked)
        looked = at
        over += [look // 2] if news else []
    assert over in ([9], [10])


def test_one_clock_set_back_loses_a_minute_at_most() -> None:
    waiting, looked = Standing(PENDING, NOW, bad_since=NOW), NOW
    for minute in range(7):
        at = NOW - timedelta(minutes=600 - minute)
        waiting, _ = machine.step(RULE, waiting, ALERT, at, looked)
        looked = at
    assert waiting.state is ALERTING


def test_what_lasted_before_nobody_looked_still_counts_and_the_gap_is_one_minute() -> None:
    for lasted, state in ((3, PENDING), (4, ALERTING)):
        before = Standing(PENDING, ago(60 + lasted), bad_since=ago(60 + lasted))
        assert machine.step(RULE, before, ALERT, NOW, ago(60))[0].state is state


def test_a_value_that_goes_to_and_fro_is_told_once() -> None:
    seen = [WARN] * 6 + [ALERT, WARN, ALERT, FINE, ALERT, BETWEEN, FINE, WARN] * 5
    assert [news for _, news in played(RULE, seen) if news] == [Telling.FIRES, Telling.WORSE]


def played(rule: Rule, levels: list[Level]) -> list[tuple[State, Telling | None]]:
    """What becomes of minute after minute."""
    standing, found = Standing(OK, NOW), []
    for minute, level in enumerate(levels):
        standing, news = machine.step(rule, standing, level, NOW + timedelta(minutes=minute))
        found.append((standing.state, news))
    return found


MINUTES = st.integers(0, 4)
RULES = st.builds(
    lambda **times: replace(RULE, **times),
    pending=MINUTES,
    keep=MINUTES,
    no_data=st.integers(1, 4),
    tell_no_data=st.booleans(),
)


@given(RULES, st.lists(st.sampled_from(Level), max_size=80))
def test_nothing_is_told_twice_and_every_end_has_a_beginning(rule: Rule, levels: list[Level]) -> None:
    open_, worst = False, False
    for _, news in played(rule, levels):
        if news is Telling.FIRES:
            assert not open_
            open_, worst = True, False
        elif news is Telling.WORSE:
            assert open_
            assert not worst
            worst = True
        elif news is Telling.RECOVERED:
            assert open_
            open_ = False
        elif news is Telling.NO_DATA:
            assert not open_
            assert rule.tell_no_data


@given(RULES, st.lists(st.sampled_from(Level), max_size=80))
def test_it_fires_only_after_the_pending_time_and_ends_only_after_the_keep_time(
    rule: Rule, levels: list[Level]
) -> None:
    for minute, (_, news) in enumerate(played(rule, levels)):
        if news is Telling.FIRES:
            assert minute >= rule.pending
            assert set(levels[minute - rule.pending : minute + 1]) <= set(BAD)
        elif news is Telling.RECOVERED:
            assert levels[minute] is FINE
            assert levels[minute - rule.keep] is FINE
            assert set(levels[minute - rule.keep : minute + 1]) <= {FINE, NONE}


@given(RULES, st.lists(st.sampled_from(Level), max_size=40))
def test_what_fires_stays_told_until_it_is_over(rule: Rule, levels: list[Level]) -> None:
    fires = False
    for state, news in played(rule, levels):
        fires = (fires or news is Telling.FIRES) and news is not Telling.RECOVERED
        assert fires is (state in machine.FIRING)
