from dataclasses import replace
from datetime import timedelta

import pytest

from signup.errors import UsageWrong
from signup.measure.alerts import rules, trial, values
from signup.measure.alerts.rules import DEFAULTS, Level, Reading, Rule
from signup.measure.alerts.values import MINUTE
from signup.measure.history import History
from tests.alerting import of
from tests.pages.fixtures import lives
from tests.unit.measure_histories import NOON, Row, events, failed, fetched, history, opened, sent, started


def level(rule_id: str, part: int, whole: int, n: int | None = None) -> str:
    return rules.level(DEFAULTS[rule_id], Reading(part, whole, whole if n is None else n))


@pytest.mark.parametrize(
    ("rule_id", "part", "whole", "found"),
    [
        ("successRate", 0, 0, "none"),
        ("successRate", 0, 19, "none"),
        ("successRate", 7, 20, "alert"),
        ("successRate", 8, 20, "warn"),
        ("successRate", 12, 20, "between"),
        ("successRate", 13, 20, "ok"),
        ("errorRate", 9, 9, "none"),
        ("errorRate", 21, 100, "alert"),
        ("errorRate", 20, 100, "warn"),
        ("errorRate", 5, 100, "between"),
        ("errorRate", 3, 100, "ok"),
        ("lockHitRate", 61, 100, "alert"),
        ("lockHitRate", 31, 100, "warn"),
        ("lockHitRate", 30, 100, "between"),
        ("lockHitRate", 20, 100, "ok"),
        ("noCallbacks", 0, 4, "none"),
        ("noCallbacks", 0, 5, "alert"),
        ("noCallbacks", 1, 6, "warn"),
        ("noCallbacks", 1, 5, "between"),
        ("noCallbacks", 3, 10, "ok"),
        ("appKey", 0, 1, "ok"),
        ("appKey", 1, 1, "alert"),
    ],
)
def test_a_level_on_both_sides_of_each_threshold(rule_id: str, part: int, whole: int, found: str) -> None:
    assert level(rule_id, part, whole) == found


def test_a_reading_says_its_value_in_millionths() -> None:
    assert Reading(1, 3, 3).ppm == 333_333
    assert Reading(0, 0, 0).ppm is None
    assert Reading(4, 1, 9).ppm == 4_000_000


@pytest.mark.parametrize("rule", DEFAULTS.values(), ids=str)
def test_the_defaults_make_sense_and_can_be_stored(rule: Rule) -> None:
    assert rules.checked(rule) == rule
    assert rules.from_json(rule.id, rules.as_json(rule)) == rule
    assert rules.from_json(rule.id, {"another_version": 1}) == rule


@pytest.mark.parametrize(
    ("rule_id", "wrong", "said"),
    [
        ("successRate", {"warn": 300_000}, "in order"),
        ("successRate", {"recover": 500_000}, "in order"),
        ("errorRate", {"alert": 10_000}, "in order"),
        ("errorRate", {"alert": 1_000_001}, "0% to 100%"),
        ("errorRate", {"warn": None, "recover": 200_001}, "in order"),
        ("errorRate", {"since": 0}, "times"),
        ("errorRate", {"no_data": 0}, "times"),
        ("errorRate", {"keep": 1441}, "times"),
        ("errorRate", {"pending": -1}, "times"),
        ("errorRate", {"least": -1}, "million"),
        ("noCallbacks", {"warn": None, "recover": 0}, "apart"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule_id: str, wrong: dict[str, int | None], said: str) -> None:
    with pytest.raises(UsageWrong, match=said):
        rules.checked(replace(DEFAULTS[rule_id], **wrong))


def reading(rule_id: str, rows: list[Row], minutes: int) -> Reading:
    """What a rule reads so many minutes after noon."""
    at = NOON + minutes * MINUTE
    return of(history(events(rows)), at - 2 * 60 * MINUTE, at).reading(DEFAULTS[rule_id], at)


def test_a_rate_counts_starts_from_its_first_minute_up_to_its_last_and_not_it() -> None:
    rows = [
        *(row for place, at in enumerate((-1, 0, 3599, 3600)) for row in (started(at, f"{place}"),)),
        fetched(3700, "1"),
        fetched(3701, "3"),
        failed(3702, "2", "request", "timeout"),
    ]
    assert reading("successRate", rows, 70) == Reading(1, 2, 2)
    assert reading("errorRate", rows, 61) == Reading(1, 2, 2)


def test_silence_is_told_by_what_was_opened_of_what_was_sent() -> None:
    rows = [*(started(at, f"{at}") for at in (0, 60, 120)), sent(61, "60"), sent(121, "120"), opened(125, "120")]
    assert reading("noCallbacks", rows, 20) == Reading(1, 2, 2)


def test_the_app_key_is_counted_not_divided() -> None:
    rows = [*(started(at, f"{at}") for at in (0, 60)), failed(61, "60", "request", "bad_app_key")]
    assert reading("appKey", rows, 15) == Reading(1, 1, 2)
    assert reading("appKey", rows, 17) == Reading(0, 1, 0)


def test_a_lock_hit_counts_below_the_line_too() -> None:
    rows = [started(0, "a"), (30, "lock.hit", "a", {"country": "SE", "channel": "web", "numberId": "0" * 16, "ms": 1})]
    assert reading("lockHitRate", rows, 1) == Reading(1, 2, 2)


def day_with_an_outage() -> History:
    """A quiet day at two starts a minute, and an hour of it in which Truecaller knew no app key."""
    told = []
    for half in range(2 * 60 * 24):
        start = NOON + timedelta(seconds=30 * half)
        bad = 600 * MINUTE <= start - NOON < 660 * MINUTE
        life = lives.life(start, "failed" if bad else "completed", seed=half)
        if bad:
            life = [life[0], *events([failed(30 * half + 1, str(life[0].signup_id), "request", "bad_app_key")])]
        told += life
    return lives.history(sorted(told, key=lambda event: event.at))


def test_a_trial_says_when_a_rule_would_have_fired() -> None:
    end = NOON + timedelta(days=1)
    counted = of(day_with_an_outage(), NOON, end)
    found = trial.run(DEFAULTS["appKey"], counted)
    assert [(firing.began - NOON, firing.severity) for firing in found.firings] == [(601 * MINUTE, Level.ALERT)]
    (firing,) = found.firings
    assert firing.ended == NOON + (660 + 15 + 10) * MINUTE
    assert firing.worst == Reading(30, 1, 30)
    assert firing.minutes(end) == 84
    errors = trial.run(DEFAULTS["errorRate"], counted).firings
    assert [(firing.began - NOON, firing.severity) for firing in errors] == [(606 * MINUTE, Level.ALERT)]
    assert errors[0].worst.ppm == rules.ONE


def test_a_trial_knows_how_much_it_could_not_look_at() -> None:
    nothing = trial.run(DEFAULTS["errorRate"], values.Minutes(NOON, NOON + 60 * MINUTE, []))
    assert nothing.firings == []
    assert nothing.unknown == nothing.minutes == 46
