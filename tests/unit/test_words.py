"""Sentences for people: complete, short, and without shouting."""

import re

import pytest

from signup import words
from signup.model import Result, Status
from signup.record.events import VOCABULARY, Kind

SENTENCES = [
    *words.CURES.values(),
    *words.SANDBOX_CURES.values(),
    words.UNKNOWN_CURE,
    *words.REJECTS.values(),
    words.NOTHING_SENT,
]
PHRASES = [
    phrase
    for table in (words.OUTCOMES, words.STATUSES, words.FUNNEL, words.STEPS, words.MEASURES, words.EVENTS, words.CODES)
    for phrase in table.values()
]


def test_every_status_callback_and_event_has_words() -> None:
    assert set(words.STATUSES) == set(Status)
    assert set(words.RESULTS) == set(Result)
    assert set(words.EVENTS) == set(VOCABULARY)


def test_outcomes_are_the_statuses_that_end_a_sign_up_and_open() -> None:
    assert set(words.OUTCOMES) == set(Status) - {"requested", "waiting", "approved"} | {"open"}


def test_nobody_answering_is_read_as_ignored() -> None:
    assert words.OUTCOMES["expired"] == words.STATUSES["expired"] == "Ignored"


def test_every_reason_of_a_rejected_number_and_a_decline_has_words() -> None:
    assert all(VOCABULARY[Kind.NUMBER_REJECTED].needs["reason"](reason) for reason in words.REJECTS)
    assert len(words.REJECTS) == 4
    assert {"user_rejected", "use_another_number"} <= set(words.CODES)


def test_every_code_that_has_a_cure_has_words_and_a_known_step() -> None:
    assert {code for _, code in words.CURES} <= set(words.CODES)
    assert {step for step, _ in words.CURES} == set(words.STEPS)


def test_a_cure_names_what_to_compare() -> None:
    assert (
        words.cure("request", "bad_app_key")
        == "Truecaller does not know the app key: compare SIGNUP_APP_KEY with the portal."
    )


def test_an_unknown_code_is_sent_to_the_answer_truecaller_gave() -> None:
    assert words.cure("request", "never_seen") == "Open one of these sign-ups and read the answer Truecaller gave."
    assert words.cure("profile", "bad_app_key") == words.UNKNOWN_CURE


def test_where_the_sandbox_is_truecaller_the_cure_points_at_the_sandbox() -> None:
    assert "see that the sandbox runs" in words.cure("request", "truecaller_error", "sandbox")
    assert "tell Truecaller" in words.cure("request", "truecaller_error", "live")
    assert words.cure("request", "bad_app_key", "sandbox") == words.cure("request", "bad_app_key")


def test_no_cure_claims_a_duration_that_is_a_setting() -> None:
    assert [cure for (step, _), cure in words.CURES.items() if step != "request" and re.search(r"\d+ min", cure)] == []


def test_a_request_without_an_answer_is_not_told_as_accepted() -> None:
    assert words.event("signup.sent", {"accepted": False}) == words.SENT_WITHOUT_ANSWER
    assert words.event("signup.sent", {"accepted": True}) == words.event("signup.sent") == words.EVENTS["signup.sent"]


def test_an_unknown_event_is_told_by_its_own_name() -> None:
    assert words.event("thing.happened") == "thing.happened"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_begins_large_ends_with_a_full_stop_and_never_shouts(sentence: str) -> None:
    assert re.fullmatch(r"[A-Z][^!]*\.", sentence)
    assert not re.search(r"\b(oops|successfully|sorry|please)\b", sentence, re.IGNORECASE)


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_label_begins_large_and_has_no_full_stop(phrase: str) -> None:
    assert re.fullmatch(r"[A-Z][^!]*[^.!]", phrase)
