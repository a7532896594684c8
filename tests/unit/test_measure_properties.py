"""What must hold for any history: sums, funnels, replays, portions and the order of the log."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signup.measure.calendar import INTERVALS
from signup.measure.history import History
from signup.measure.question import Question
from signup.measure.stats import stats
from signup.model import Event
from tests.unit.measure_histories import NOON, Life, history, interleaved, lives, logs

COUNTS = ("started", "completed", "declined", "expired", "failed", "open", "lockHits")
OUTCOMES = ("completed", "declined", "expired", "failed", "open")
many = settings(max_examples=60)

questions = st.builds(
    lambda start, length, zone, interval, countries, channels: Question(
        start=NOON - timedelta(hours=start),
        end=NOON - timedelta(hours=start) + timedelta(hours=length),
        zone=zone,
        interval=interval,
        countries=countries,
        channels=channels,
    ),
    st.floats(0, 80),
    st.floats(0.01, 90),
    st.sampled_from(["UTC", "Europe/Stockholm", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    st.sampled_from(INTERVALS[1:]),
    st.sampled_from([(), ("SE",), ("IN", "NG")]),
    st.sampled_from([(), ("web",)]),
)


def ask(happened: list[Event], question: Question) -> dict[str, Any]:
    return stats(history(happened), question, NOON)


@many
@given(logs, questions)
def test_the_series_sums_to_the_totals(happened: list[Event], question: Question) -> None:
    answer = ask(happened, question)
    for name in COUNTS:
        assert sum(row[name] for row in answer["series"]) == answer[name]


@many
@given(logs, questions)
def test_outcomes_sum_to_started_and_so_do_countries(happened: list[Event], question: Question) -> None:
    answer = ask(happened, question)
    assert sum(answer[outcome] for outcome in OUTCOMES) == answer["started"]
    assert sum(row["started"] for row in answer["byCountry"]) == answer["started"]


@many
@given(logs, questions)
def test_who_reached_a_funnel_row_and_who_stopped_before_it_are_the_row_above(
    happened: list[Event], question: Question
) -> None:
    answer = ask(happened, question)
    above = answer["started"]
    for row in answer["funnel"]:
        assert sum(row[piece] for piece in ("reached", "open", "declined", "expired", "failed")) == above
        assert row["reached"] == answer[row["step"]]
        above = row["reached"]


@many
@given(logs, questions)
def test_lock_hits_stand_in_no_funnel_row_and_no_rate_but_their_own(happened: list[Event], question: Question) -> None:
    others = [event for event in happened if event.kind != "lock.hit"]
    all_known, known = history(happened), history(others)
    assume((all_known.countries, all_known.channels) == (known.countries, known.channels))  # to name all is no filter
    with_hits, without = ask(happened, question), ask(others, question)
    for name in ("funnel", "errors", "successRate", "errorRate", "byCountry", "latency", *OUTCOMES):
        assert with_hits[name] == without[name]


@many
@given(logs, questions)
def test_rows_in_the_error_rate_sum_to_failed(happened: list[Event], question: Question) -> None:
    answer = ask(happened, question)
    assert sum(row["count"] for row in answer["errors"] if row["inErrorRate"]) == answer["failed"]


@many
@given(logs, questions, st.sampled_from(OUTCOMES))
def test_an_outcome_filter_leaves_counts_as_they_are_and_says_no_rate(
    happened: list[Event], question: Question, outcome: str
) -> None:
    everything, some = ask(happened, question), ask(happened, replace(question, outcomes=(outcome,)))
    assert some[outcome] == some["started"] == everything[outcome]
    assert {some[name] for name in ("successRate", "errorRate", "lockHitRate", "lockHits", "rejectedNumbers")} == {None}
    assert all(row["lockHits"] is None for row in some["series"])


@many
@given(logs, questions)
def test_the_latency_rows_hold_every_measured_sign_up_once(happened: list[Event], question: Question) -> None:
    answer = ask(happened, question)
    for name in ("requestSeconds", "decisionSeconds", "profileSeconds", "approveSeconds"):
        assert sum(row[name]["n"] for row in answer["latency"]) == answer[name]["n"]


@many
@given(logs, questions)
def test_replayed_sign_ups_leave_every_number(happened: list[Event], question: Question) -> None:
    touched = {event.signup_id for event in happened if event.details and event.details.get("replay")} - {None}
    changed = {
        event.signup_id
        for event in happened
        if event.signup_id in touched and event.details and event.details.get("replay") and "status" in event.details
    }
    left = [event for event in happened if event.signup_id not in changed or event.kind == "lock.hit"]
    answer, expected = ask(happened, question), ask(left, question)
    for name in ("hitsBeforeDecision", "retrySeconds", "asOfSeq"):
        del answer[name], expected[name]
    assert answer == expected


@many
@given(logs, questions, st.data())
def test_feeding_the_log_in_any_portions_gives_the_same_answer(
    happened: list[Event], question: Question, data: st.DataObject
) -> None:
    filled = History()
    for event in happened:
        if data.draw(st.booleans()):
            stats(filled, question, NOON)
        filled.apply(event)
    assert stats(filled, question, NOON) == ask(happened, question)


@many
@given(lives(), questions, st.data())
def test_any_order_that_keeps_cause_before_effect_gives_the_same_answer(
    found: list[Life], question: Question, data: st.DataObject
) -> None:
    one, other = data.draw(interleaved(found)), data.draw(interleaved(found))
    assert ask(one, question) == ask(other, question)
