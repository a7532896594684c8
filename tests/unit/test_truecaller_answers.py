"""What Truecaller's answers mean, row by row of protocol.md 1.1 and 1.5."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signup.outbound import OutboundFailed, Reply
from signup.truecaller import answers

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SEED_FORBIDDEN = b'{"code":1008,"message":"Forbidden: It is forbidden to use sdk login for this phone number."}'
SEED_BAD_KEY = b'{"code":404,"message":"Invalid partner credentials."}'
SEED_UNAUTHORIZED = b'{"status":40101,"message":"Unauthorized"}'


def reply(status: int, body: bytes = b"", unread: str | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, body, 1, unread)


def request_of(answer: Reply) -> answers.RequestMeaning:
    return answers.of_request(answer, NOW)


def test_a_200_with_a_request_id_is_accepted_and_keeps_the_lock() -> None:
    meaning = request_of(reply(200, b'{"requestId":"92849748hueh9"}'))
    assert meaning == answers.RequestMeaning(None, lock_kept=True, request_id="92849748hueh9")


@pytest.mark.parametrize("request_id", ["a=b_c-d+e/f", "x" * 256, "with a space", "~!@#"])
def test_any_printable_request_id_is_kept_as_it_is(request_id: str) -> None:
    assert request_of(reply(200, json.dumps({"requestId": request_id}).encode())).request_id == request_id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"id"',
        b'{"requestId":""}',
        b'{"requestId":" "}',
        b'{"requestId":null}',
        b'{"requestId":42}',
        b'{"requestId":["a"]}',
        b'{"requestId":"a\\u0000b"}',
        b'{"requestId":"a\\n"}',
        b'{"requestId":"\\ud800"}',
        '{"requestId":"é"}'.encode(),
        b'{"requestId":"' + b"x" * 257 + b'"}',
        b'{"requestId":"a","requestId":"b"}',
        b'{"requestId":"abc"',
        b'\xef\xbb\xbf{"requestId":"a"}',
        '{"requestId":"a"}'.encode("utf-16"),
        b"<html>It works</html>",
        b"[" * 60000,
        b'{"requestId":' + b"9" * 5000 + b"}",
        b"NaN",
    ],
)
def test_a_200_without_a_usable_request_id_is_a_bad_answer_that_keeps_the_lock(body: bytes) -> None:
    assert request_of(reply(200, body)) == answers.RequestMeaning("bad_answer", lock_kept=True)


@pytest.mark.parametrize("unread", ["too_big", "encoded", "broken"])
def test_a_200_whose_body_is_not_whole_is_a_bad_answer_that_keeps_the_lock(unread: str) -> None:
    meaning = request_of(reply(200, b'{"requestId":"a"}', unread))
    assert meaning == answers.RequestMeaning("bad_answer", lock_kept=True)


def test_a_200_whose_body_missed_the_deadline_is_ambiguous() -> None:
    assert request_of(reply(200, b"", "timeout")) == answers.RequestMeaning("timeout", lock_kept=True)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_is_a_bad_answer_that_releases_the_lock(status: int) -> None:
    assert request_of(reply(status, b'{"requestId":"a"}')) == answers.RequestMeaning("bad_answer", lock_kept=False)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, SEED_FORBIDDEN, "number_not_eligible"),
        (403, b"<html>", "number_not_eligible"),
        (404, SEED_BAD_KEY, "bad_app_key"),
        (404, b"", "bad_app_key"),
        (429, b"", "rate_limited"),
        (400, b'{"code":400,"message":"Bad"}', "request_refused"),
        (401, b"", "request_refused"),
        (418, b"[1]", "request_refused"),
        (499, b'{"code":true}', "request_refused"),
        (400, SEED_FORBIDDEN, "number_not_eligible"),
        (400, b'{"status":404,"message":"Invalid partner credentials."}', "bad_app_key"),
    ],
)
def test_a_4xx_is_a_refusal_that_releases_the_lock(status: int, body: bytes, code: str) -> None:
    assert request_of(reply(status, body)) == answers.RequestMeaning(code, lock_kept=False)


def test_a_refusal_is_known_by_its_status_though_its_body_never_ended() -> None:
    assert request_of(reply(403, b"", "timeout")).code == "number_not_eligible"


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_5xx_asks_for_a_second_try_and_releases_the_lock(status: int) -> None:
    assert request_of(reply(status)) == answers.RequestMeaning("truecaller_error", lock_kept=False, again=True)


@pytest.mark.parametrize("status", [101, 600, 999])
def test_a_status_outside_every_class_keeps_the_lock(status: int) -> None:
    assert request_of(reply(status)) == answers.RequestMeaning("bad_answer", lock_kept=True)


@pytest.mark.parametrize("kind", ["connect", "tls", "timeout"])
def test_what_never_reached_truecaller_is_like_a_5xx(kind: str) -> None:
    meaning = answers.of_unanswered_request(OutboundFailed(kind, sent=False))
    assert meaning == answers.RequestMeaning("truecaller_error", lock_kept=False, again=True)


@pytest.mark.parametrize("kind", ["timeout", "broken"])
def test_what_may_have_reached_truecaller_is_ambiguous_and_never_tried_again(kind: str) -> None:
    meaning = answers.of_unanswered_request(OutboundFailed(kind, sent=True))
    assert meaning == answers.RequestMeaning("timeout", lock_kept=True)


def test_what_cannot_be_written_is_not_tried_again() -> None:
    assert not answers.of_unanswered_request(OutboundFailed("unsendable", sent=False)).again


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30),
        (" 7 ", 7),
        ("0", 0),
        ("9" * 5000, 86_400),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 12:01:30 -0000", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2036 12:00:00 GMT", 86_400),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣٠", None),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_read_as_whole_seconds_within_a_day(told: str, seconds: int | None) -> None:
    assert request_of(reply(429, retry_after=told)).retry_after == seconds


def test_retry_after_says_nothing_beside_another_refusal() -> None:
    assert request_of(reply(400, retry_after="30")).retry_after is None


@given(st.integers(100, 999), st.binary(), st.text())
def test_every_answer_has_a_meaning(status: int, body: bytes, wait: str) -> None:
    answer = reply(status, body, retry_after=wait)
    assert (request_of(answer).code is None) == (request_of(answer).request_id is not None)
    found = answers.of_profile(answer, NOW)
    assert (found.code is None) == (found.profile is not None)


def test_a_200_profile_is_read() -> None:
    meaning = answers.of_profile(reply(200, b'{"phoneNumbers":[46761234567]}'), NOW)
    assert meaning.code is None
    assert meaning.profile is not None
    assert meaning.profile.numbers == ("46761234567",)


@pytest.mark.parametrize(("status", "body"), [(401, SEED_UNAUTHORIZED), (401, b""), (403, SEED_UNAUTHORIZED)])
def test_an_unauthorized_token_is_dead(status: int, body: bytes) -> None:
    assert answers.of_profile(reply(status, body), NOW).code == "token_rejected"


@pytest.mark.parametrize("status", [204, 301, 400, 403, 404, 500, 503])
def test_any_other_answer_to_a_profile_is_an_error_to_try_again(status: int) -> None:
    assert answers.of_profile(reply(status, b'{"phoneNumbers":[46761234567]}'), NOW).code == "profile_error"


@pytest.mark.parametrize("unread", ["too_big", "encoded", "broken", "timeout"])
def test_a_profile_that_is_not_whole_is_an_error(unread: str) -> None:
    assert answers.of_profile(reply(200, b'{"phoneNumbers":[46761234567]}', unread), NOW).code == "profile_error"


def test_a_rate_limited_profile_tells_how_long_to_wait() -> None:
    assert answers.of_profile(reply(429, retry_after="12"), NOW).retry_after == 12
