"""How each number is counted: the worked example, then one sentence for each rule."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from signup import clock
from signup.measure.question import Question, question
from signup.measure.stats import stats
from signup.model import Event
from tests.unit.measure_histories import (
    NOON,
    Row,
    approved,
    declined,
    ended,
    events,
    expired,
    failed,
    fetched,
    history,
    hit,
    opened,
    quarantined,
    rejected,
    replayed,
    sent,
    started,
    tried,
    unanswered,
)

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "measure" / "by_hand.json").read_text())
HOUR = Question(start=NOON - timedelta(minutes=30), end=NOON + timedelta(minutes=30), interval="hour")
NOW = NOON + timedelta(minutes=30)


def counted(*rows: Row, asked: Question = HOUR) -> dict[str, Any]:
    return stats(history(events(rows)), asked, NOW)


@pytest.mark.parametrize("case", VECTOR["questions"], ids=lambda case: " ".join(map(str, case["ask"].values())))
def test_the_example_by_hand_is_counted_exactly(case: dict[str, Any]) -> None:
    happened = [
        Event(seq, row["at"], row["kind"], row["signupId"], "system", row["details"])
        for seq, row in enumerate(VECTOR["events"], start=1)
    ]
    answer = stats(history(happened), question(**case["ask"]), clock.moment(VECTOR["now"]))
    assert {name: answer[name] for name in case["answer"]} == case["answer"]


def test_an_empty_log_gives_zeros_and_nulls() -> None:
    answer = counted()
    nobody = {"p50": None, "p95": None, "p99": None, "n": 0}
    assert answer["started"] == answer["open"] == answer["lockHits"] == answer["asOfSeq"] == 0
    assert answer["successRate"] is answer["errorRate"] is answer["lockHitRate"] is None
    assert answer["requestSeconds"] == answer["retrySeconds"] == nobody
    assert answer["errors"] == answer["byCountry"] == []
    assert [row["started"] for row in answer["series"]] == [0, 0]
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_the_answer_has_exactly_the_promised_names() -> None:
    answer = counted(started(0, "a"), failed(1, "a", "request", "bad_app_key"))
    assert set(answer) == {
        *("from", "to", "asOfSeq", "started", "sent", "opened", "approved"),
        *("declined", "completed", "expired", "failed", "open"),
        *("lockHits", "lockedNumbers", "callsSaved", "rejectedNumbers", "hitsBeforeDecision"),
        *("successRate", "lockHitRate", "errorRate"),
        *("approveSeconds", "requestSeconds", "profileSeconds", "decisionSeconds", "retrySeconds"),
        *("errors", "byCountry", "series", "funnel", "latency"),
    }
    assert set(answer["errors"][0]) == {"step", "code", "count", "cure", "inErrorRate"}
    assert set(answer["byCountry"][0]) == {"country", "started", "completed", "successRate", "decisionSeconds"}
    assert set(answer["series"][0]) == {
        *("at", "started", "completed", "declined", "expired", "failed", "open", "lockHits", "partial"),
    }
    assert set(answer["latency"][0]) == {
        *("at", "requestSeconds", "decisionSeconds", "profileSeconds", "approveSeconds", "partial"),
    }


def test_the_start_of_a_range_is_inside_and_its_end_is_not() -> None:
    answer = counted(started(-1800, "a"), started(1800, "b"), started(-1800.000001, "c"))
    assert answer["started"] == 1


def test_a_sign_up_belongs_to_its_start_however_late_it_ends() -> None:
    answer = counted(started(1799, "a"), sent(1800, "a"), approved(2300, "a"), fetched(2301, "a"))
    assert answer["completed"] == 1


def test_rows_may_come_out_of_the_order_of_time() -> None:
    answer = counted(started(900, "a"), started(-900, "b"), started(600, "c"))
    assert [row["started"] for row in answer["series"]] == [1, 2]


def test_a_decision_implies_that_the_prompt_was_sent_and_opened() -> None:
    answer = counted(started(0, "a"), unanswered(8, "a"), declined(60, "a"))
    assert (answer["sent"], answer["opened"], answer["approved"], answer["declined"]) == (1, 1, 0, 1)


def test_an_ambiguous_timeout_is_sent_only_once_something_proves_it() -> None:
    alone = counted(started(0, "a"), unanswered(8, "a"))
    proved = counted(started(0, "a"), unanswered(8, "a"), opened(20, "a"))
    assert (alone["sent"], proved["sent"]) == (0, 1)


def test_a_decline_that_is_approved_later_is_an_approval() -> None:
    answer = counted(started(0, "a"), sent(1, "a"), declined(5, "a", 5000), approved(9, "a", 9000), fetched(10, "a"))
    assert (answer["declined"], answer["approved"], answer["completed"]) == (0, 1, 1)
    assert answer["decisionSeconds"] == {"p50": 9.0, "p95": 9.0, "p99": 9.0, "n": 1}


def test_a_decline_is_a_decision_but_no_approval() -> None:
    answer = counted(started(0, "a"), sent(1, "a"), declined(5, "a", 5000))
    assert answer["decisionSeconds"]["p50"] == 5.0
    assert answer["approveSeconds"]["n"] == 0


def test_open_sign_ups_stand_beside_the_success_rate_and_inside_the_error_rate() -> None:
    answer = counted(
        started(0, "a"), sent(1, "a"), approved(5, "a"), fetched(6, "a"),
        started(0, "b"), failed(1, "b", "request", "bad_app_key"),
        started(0, "c"), started(0, "d"), sent(1, "d"),
    )  # fmt: skip
    assert (answer["open"], answer["successRate"], answer["errorRate"]) == (2, 1 / 2, 1 / 4)


def test_a_warning_does_not_count_twice_when_the_same_code_ends_the_sign_up() -> None:
    answer = counted(
        started(0, "a"), sent(1, "a"), approved(5, "a"),
        tried(6, "a", "token_rejected"), tried(7, "a", "token_rejected"),
        failed(600, "a", "profile", "token_rejected"),
    )  # fmt: skip
    assert [(row["code"], row["count"], row["inErrorRate"]) for row in answer["errors"]] == [
        ("token_rejected", 1, True)
    ]


def test_an_attempt_that_did_not_end_the_sign_up_is_a_warning_counted_once() -> None:
    answer = counted(
        started(0, "a"), sent(1, "a"), approved(5, "a"),
        tried(6, "a", "profile_error"), tried(7, "a", "profile_error"), fetched(8, "a", 150),
    )  # fmt: skip
    assert [(row["code"], row["count"], row["inErrorRate"]) for row in answer["errors"]] == [
        ("profile_error", 1, False)
    ]
    assert answer["profileSeconds"] == {"p50": 0.15, "p95": 0.15, "p99": 0.15, "n": 1}


def test_a_profile_that_ends_the_sign_up_is_an_error_with_its_cure() -> None:
    answer = counted(started(0, "a"), sent(1, "a"), approved(5, "a"), ended(6, "a", "number_mismatch"))
    (row,) = answer["errors"]
    assert (row["step"], row["code"], row["inErrorRate"]) == ("profile", "number_mismatch", True)
    assert row["cure"].startswith("The profile was another person's")


def test_errors_come_most_first() -> None:
    answer = counted(
        started(0, "a"), failed(1, "a", "request", "bad_app_key"),
        *(quarantined(second, "unknown_request") for second in (1, 2)),
    )  # fmt: skip
    assert [row["count"] for row in answer["errors"]] == [2, 1]


@pytest.mark.parametrize("asked", [{"country": "SE"}, {"channel": "web"}, {"outcome": "open"}])
def test_quarantined_callbacks_are_told_only_without_filters(asked: dict[str, str]) -> None:
    rows = (started(0, "a"), started(0, "b", "IN", "api"), quarantined(5))
    narrowed = question(from_="2026-11-24T11:30", to="2026-11-24T12:30", **asked)
    assert counted(*rows, asked=narrowed)["errors"] == []
    assert len(counted(*rows)["errors"]) == 1


def test_every_value_of_a_filter_chosen_is_no_filter() -> None:
    rows = (started(0, "a"), started(0, "b", "IN"), rejected(1), quarantined(5))
    all_of_them = question(from_="2026-11-24T11:30", to="2026-11-24T12:30", country="IN,SE", channel="web")
    answer = counted(*rows, asked=all_of_them)
    assert (answer["rejectedNumbers"], len(answer["errors"])) == (1, 1)


def test_lock_hits_have_their_own_time_country_and_channel() -> None:
    rows = (started(-1900, "a", "IN"), hit(-1700, "a", 200_000, country="SE"), started(0, "b", "NG"))
    assert counted(*rows)["lockHits"] == 1
    assert counted(*rows, asked=Question(start=HOUR.start, end=HOUR.end, countries=("SE",)))["lockHits"] == 1
    assert counted(*rows, asked=Question(start=HOUR.start, end=HOUR.end, countries=("IN",)))["lockHits"] == 0


def test_one_number_hit_often_is_one_locked_number_and_every_hit_a_call_saved() -> None:
    answer = counted(started(0, "a"), hit(1, "a", 1000), hit(2, "a", 2000), hit(3, "b", 3000, "00000000000000bb"))
    assert (answer["lockedNumbers"], answer["lockHits"], answer["callsSaved"]) == (2, 3, 3)


def test_a_hit_is_before_the_decision_only_while_its_holder_was_undecided() -> None:
    answer = counted(
        started(0, "a"), hit(1, "a", 1000), sent(2, "a"), hit(3, "a", 3000), opened(4, "a"), hit(5, "a", 5000),
        approved(6, "a"), hit(7, "a", 7000), fetched(8, "a"), hit(9, "a", 9000),
        started(0, "b"), sent(1, "b"), declined(2, "b"), hit(3, "b", 3000), expired(4, "b"),
    )  # fmt: skip
    assert answer["hitsBeforeDecision"] == 3


def test_only_the_first_hit_under_each_lock_tells_how_soon_people_try_again() -> None:
    answer = counted(
        started(0, "a"), hit(30, "a", 30_000), hit(31, "a", 31_000), started(60, "b"), hit(150, "b", 90_000)
    )
    assert answer["retrySeconds"] == {"p50": 30.0, "p95": 90.0, "p99": 90.0, "n": 2}


def test_a_hit_whose_holder_is_no_longer_in_the_log_still_counts() -> None:
    answer = counted(hit(1, "pruned", 1000))
    assert (answer["lockHits"], answer["hitsBeforeDecision"], answer["retrySeconds"]["n"]) == (1, 0, 0)


def test_events_of_a_sign_up_whose_start_is_gone_are_passed_over() -> None:
    answer = counted(sent(1, "pruned"), approved(2, "pruned"), fetched(3, "pruned"))
    assert answer["started"] == answer["sent"] == answer["completed"] == 0


def test_a_redacted_event_is_skipped_and_still_moves_the_sequence() -> None:
    happened = events([started(0, "a"), sent(1, "a")])
    happened[1] = Event(2, happened[1].at, "signup.sent", "a", "system", None)
    answer = stats(history(happened), HOUR, NOW)
    assert (answer["started"], answer["sent"], answer["asOfSeq"]) == (1, 0, 2)


def test_a_sign_up_that_a_replay_changed_leaves_every_number() -> None:
    answer = counted(started(0, "a"), sent(1, "a"), replayed(approved(5, "a")), tried(6, "a", "profile_error"))
    assert answer["started"] == answer["sent"] == answer["approved"] == answer["open"] == 0
    assert answer["errors"] == answer["byCountry"] == []
    assert answer["requestSeconds"]["n"] == answer["decisionSeconds"]["n"] == 0


def test_a_replay_that_changed_no_status_is_not_counted_itself() -> None:
    answer = counted(started(0, "a"), sent(1, "a"), replayed(opened(5, "a")), replayed(quarantined(6)))
    assert (answer["started"], answer["opened"], answer["errors"]) == (1, 0, [])


def test_rejected_numbers_count_at_their_own_time_and_by_country_if_known() -> None:
    rows = (started(0, "a", "IN"), rejected(1), rejected(2, "SE"), rejected(1801))
    assert counted(*rows)["rejectedNumbers"] == 2
    assert counted(*rows, asked=Question(start=HOUR.start, end=HOUR.end, countries=("SE",)))["rejectedNumbers"] == 1


def test_a_negative_duration_counts_as_nothing() -> None:
    assert counted(started(0, "a"), sent(1, "a", -5))["requestSeconds"]["p50"] == 0.0


def test_a_request_that_was_never_made_has_no_duration() -> None:
    row = failed(1, "a", "request", "truecaller_error")
    del row[3]["ms"]
    assert counted(started(0, "a"), row)["requestSeconds"]["n"] == 0


def test_countries_come_by_sign_ups_most_first() -> None:
    answer = counted(started(0, "a", "SE"), started(1, "b", "IN"), started(2, "c", "IN"), started(3, "d", "EG"))
    assert [row["country"] for row in answer["byCountry"]] == ["IN", "EG", "SE"]


def test_a_funnel_row_loses_those_who_stopped_before_it() -> None:
    answer = counted(
        started(0, "a"), failed(1, "a", "request", "bad_app_key"),
        started(0, "b"), sent(1, "b"), expired(600, "b"),
        started(0, "c"), sent(1, "c"), opened(2, "c"), expired(600, "c"),
        started(0, "d"), sent(1, "d"), declined(5, "d"),
        started(0, "e"), sent(1, "e"), approved(5, "e"), failed(700, "e", "token", "token_expired"),
        started(0, "f"), sent(1, "f"), approved(5, "f"), fetched(6, "f"),
    )  # fmt: skip
    nobody = {"open": 0, "declined": 0, "expired": 0, "failed": 0}
    assert answer["funnel"] == [
        {"step": "started", "reached": 6, **nobody},
        {"step": "sent", "reached": 5, **nobody, "failed": 1},
        {"step": "opened", "reached": 4, **nobody, "expired": 1},
        {"step": "approved", "reached": 2, **nobody, "declined": 1, "expired": 1},
        {"step": "completed", "reached": 1, **nobody, "failed": 1},
    ]


def test_an_event_that_was_taken_before_or_is_not_sealed_changes_nothing() -> None:
    happened = events([started(0, "a"), hit(1, "a", 1000)])
    filled = history(
        [*happened, *happened, Event(None, happened[0].at, "lock.hit", "a", "system", happened[1].details)]
    )
    assert (stats(filled, HOUR, NOW)["lockHits"], filled.seq) == (1, 2)
