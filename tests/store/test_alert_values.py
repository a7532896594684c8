from datetime import timedelta

import pytest

from signup.errors import NumbersBehind
from signup.measure.alerts import values
from signup.measure.alerts.rules import DEFAULTS, Rule
from signup.measure.alerts.values import MINUTE, NAMES
from signup.services import Services
from tests.alerting import of
from tests.pages.fixtures import lives
from tests.unit.measure_histories import NOON, events, failed, opened, started

END = NOON + timedelta(hours=3)


def test_the_store_counts_each_minute_as_the_slow_count_does(services_on_each: Services) -> None:
    told = lives.month(END, days=2, a_day=100)
    told += events(
        [
            *(started(at, f"019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d{place:02}") for place, at in enumerate((0, 59, 60))),
            failed(61, "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d00", "request", "bad_app_key"),
            (62, "signup.opened", "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d01", {}),
            (63, "signup.expired", "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d01", {"status": "expired", "replay": True}),
            opened(64, "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d02"),
        ]
    )
    lives.write(services_on_each, told)
    start = END - timedelta(days=1, seconds=17)
    found, slow = values.read(services_on_each, start, END), of(lives.history(told), start, END)
    for at in range(0, 24 * 60, 7):
        for rule in DEFAULTS.values():
            moment = start + at * MINUTE
            assert found.reading(rule, moment) == slow.reading(rule, moment)
    everything = {name: found._sums[name][-1] for name in NAMES}
    assert everything == {name: slow._sums[name][-1] for name in NAMES}
    assert min(everything.values()) > 0


def test_what_was_not_sealed_or_folded_yet_is_counted_too(services_on_each: Services) -> None:
    lives.write(services_on_each, lives.life(NOON, "completed"), sealed=False)
    assert reading(services_on_each, DEFAULTS["successRate"]).part == 1


def test_numbers_that_are_behind_are_not_judged(services: Services) -> None:
    lives.write(services, lives.month(NOON, days=1, a_day=1_400))
    with pytest.raises(NumbersBehind, match="still being counted"):
        values.read(services, NOON, NOON + MINUTE, patience=0)


def reading(services: Services, rule: Rule) -> values.Reading:
    at = NOON + 70 * MINUTE
    return values.read(services, at - timedelta(hours=2), at).reading(rule, at)
