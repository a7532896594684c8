"""Events that no step of ours wrote are told by their number; durations that no bin reaches count alike everywhere."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from signup.errors import RecordAltered
from signup.flow import folding
from signup.flow.folding import Folding
from signup.measure import stats
from signup.measure.fold import fold
from signup.measure.numbers import numbers
from signup.measure.question import Question
from signup.model import Event
from signup.services import Services
from tests.rolls import MemoryLog, over, tables
from tests.unit.measure_histories import (
    NOON,
    approved,
    declined,
    events,
    failed,
    fetched,
    history,
    hit,
    quarantined,
    rejected,
    sent,
    started,
    tried,
    unanswered,
)

SOUND = events(
    [
        *(started(0, "a"), sent(1, "a"), hit(2, "a", 10), declined(5, "a")),
        *(started(10, "b"), failed(11, "b", "request", "http_401"), started(20, "c"), unanswered(21, "c")),
        *(tried(22, "c", "profile_error"), rejected(30, "SE"), quarantined(31)),
    ]
)
ALTERED: list[tuple[int, dict[str, Any]]] = [
    (1, {"country": None}),
    (1, {"country": ["SE"]}),
    (1, {"country": "\ud800"}),
    (1, {"channel": "a\0b"}),
    (2, {"ms": 1.5}),
    (2, {"ms": True}),
    (3, {"numberId": 5}),
    (3, {"country": None}),
    (4, {"status": "weird"}),
    (4, {"status": []}),
    (6, {"code": None}),
    (6, {"step": {}}),
    (8, {"code": 1}),
    (9, {"code": "\udfff"}),
    (10, {"country": 46}),
    (10, {"channel": None}),
    (11, {"reason": None}),
]


def told_of(services: Services, altered: Sequence[Event], seq: int) -> None:
    with pytest.raises(RecordAltered, match=f"Event {seq} "):
        fold(over(services, MemoryLog(altered)))
    assert not any(tables(services).values())


def test_details_that_no_step_ever_wrote_are_told_by_the_number_of_their_event(services_on_each: Services) -> None:
    for seq, details in ALTERED:
        altered = [replace(one, details={**one.details, **details}) if one.seq == seq else one for one in SOUND]
        told_of(services_on_each, altered, seq)
    assert not fold(over(services_on_each, MemoryLog(SOUND))).behind


@pytest.mark.parametrize("seq", [1, 3, 10, 11])
def test_a_time_that_is_none_is_told_by_the_number_of_its_event(services: Services, seq: int) -> None:
    told_of(services, [replace(one, at="2026") if one.seq == seq else one for one in SOUND], seq)


def test_a_fault_while_folding_is_told_without_what_it_says(
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    eventually: Callable[..., Any],
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("+46761234567")

    monkeypatch.setattr(folding, "fold", broken)
    monkeypatch.setattr(folding, "AGAIN_SECONDS", 0.01)
    told: list[str] = []
    with Folding(services, told.append) as thread:
        thread.wake()
        eventually(lambda: len(told) >= 2, 5)
    assert "ValueError, test_fold_altered.py line" in told[0]
    assert len(set(told)) == 1
    assert "+46761234567" not in told[0] + caplog.text


def test_what_took_longer_than_the_bins_reach_counts_as_their_end_everywhere(services_on_each: Services) -> None:
    """Whole hours are read from bins, the rest from plain rows."""
    longer = 3 * 60 * 60 * 1000
    lives = [
        (started(at, f"s{at}"), sent(at, f"s{at}"), approved(at, f"s{at}", ms=longer)) for at in (0, 90_000, 200_000)
    ]
    happened = events([row for life in lives for row in (*life, fetched(life[0][0] + 1, life[0][2] or ""))])
    fold(over(services_on_each, MemoryLog(happened)))
    for length in (timedelta(minutes=7), timedelta(days=1), timedelta(days=40)):
        asked, now = Question(start=NOON - timedelta(days=1), end=NOON + length), NOON + timedelta(days=50)
        with numbers(services_on_each) as quick:
            found = quick.stats(asked, now)["decisionSeconds"]
        assert found["p50"] == pytest.approx(7200, rel=0.0201)
        assert found == pytest.approx(stats.stats(history(happened), asked, now)["decisionSeconds"], rel=0.0201)
