"""The client against an upstream that lies: each fault has its state, its lock and its trace, in time."""

import gzip
import json
import logging
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from signup.model import ProfileAnswer, RequestAnswer
from signup.truecaller.client import Client
from signup.truecaller.trace import DOTS
from tests.upstream import Line, Script, answer, drip, flood, head, nobody, raw, reset, silence, slam, upstream

DEADLINE = 0.25
PATIENCE = 2
SLACK = 0.5
NUMBER = 46761234567
KEY = "canary-app-key"
STATE = "canary-state_123456"
TOKEN = "canary.token~+/token=="
ACCEPTED = answer(200, b'{"requestId":"r-1"}')
GOOD_PROFILE = json.dumps({"phoneNumbers": [NUMBER], "name": {"first": "Ada"}}).encode()
BOMB = gzip.compress(bytes(30_000_000), compresslevel=1)


def client(url: str, seconds: float = PATIENCE) -> Client:
    return Client(request_url=url, app_key=SecretStr(KEY), seconds=seconds)


@contextmanager
def on_time_and_small(seconds: float) -> Iterator[None]:
    tracemalloc.start()
    began = time.monotonic()
    try:
        yield
        assert time.monotonic() - began < seconds + SLACK
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def asked(*scripts: Script, seconds: float = PATIENCE) -> RequestAnswer:
    with upstream(*scripts) as server, on_time_and_small(seconds):
        return client(server.url, seconds).request(NUMBER, STATE)


def fetched(script: Script, seconds: float = PATIENCE) -> ProfileAnswer:
    with upstream(script) as server, on_time_and_small(seconds):
        return client("http://unused.invalid/", seconds).profile(TOKEN, server.url)


def told(answer: RequestAnswer) -> tuple[str | None, bool, int]:
    return answer.code, answer.lock_kept, len(answer.exchanges)


def test_the_post_is_what_truecaller_documents() -> None:
    with upstream(ACCEPTED) as server:
        found = client(server.url).request(NUMBER, STATE)
    (seen,) = server.seen
    assert (seen.method, seen.headers["appkey"]) == ("POST", KEY)
    assert (seen.headers["content-type"], seen.headers["cache-control"]) == ("application/json", "no-cache")
    assert json.loads(seen.body) == {"phoneNumber": NUMBER, "state": STATE}
    assert (found.accepted, found.request_id, *told(found)) == (True, "r-1", None, True, 1)


def test_the_get_is_what_truecaller_documents() -> None:
    with upstream(answer(200, GOOD_PROFILE)) as server:
        found = client("http://unused.invalid/").profile(TOKEN, server.url)
    (seen,) = server.seen
    assert (seen.method, seen.body) == ("GET", b"")
    assert (seen.headers["authorization"], seen.headers["cache-control"]) == (f"Bearer {TOKEN}", "no-cache")
    assert "appkey" not in seen.headers
    assert found.profile is not None
    assert (found.code, found.profile.numbers) == (None, (str(NUMBER),))


LATE = {
    "slow": silence(),
    "dripped header": drip(b"x", first=b"HTTP/1.1 200 OK\r\nX: "),
    "dripped body": drip(b" ", first=head(200)),
    "dripped chunks": drip(b"1\r\nx\r\n", first=head(200, "Transfer-Encoding: chunked")),
}


@pytest.mark.parametrize("script", LATE.values(), ids=LATE)
def test_a_post_without_an_answer_in_time_is_ambiguous_and_not_repeated(script: Script) -> None:
    found = asked(script, seconds=DEADLINE)
    assert told(found) == ("timeout", True, 1)
    assert found.exchanges[0].failure == "timeout"
    assert DEADLINE * 900 < found.ms < (DEADLINE + SLACK) * 1000


@pytest.mark.parametrize("script", LATE.values(), ids=LATE)
def test_a_get_without_an_answer_in_time_is_an_error(script: Script) -> None:
    found = fetched(script, seconds=DEADLINE)
    assert (found.profile, found.code, len(found.exchanges)) == (None, "profile_error", 1)


FAULTS: list[tuple[str, Script, str, bool]] = [
    ("reset", reset(), "timeout", True),
    ("early close", raw(b""), "timeout", True),
    ("unread close", slam(), "timeout", True),
    ("not HTTP", raw(b"hello\r\n"), "timeout", True),
    ("HTML", answer(200, b"<html>"), "bad_answer", True),
    ("truncated JSON", raw(head(200, "Content-Length: 99") + b'{"requestId":"r'), "bad_answer", True),
    ("cut off JSON", answer(200, b'{"requestId":"r"'), "bad_answer", True),
    ("wrong types", answer(200, b'{"requestId":{"a":1}}'), "bad_answer", True),
    ("300 MB", flood(head(200, "Content-Length: 300000000"), b" " * 65536), "bad_answer", True),
    ("gzip bomb", answer(200, BOMB, "Content-Encoding: gzip"), "bad_answer", True),
    ("redirect", answer(302, b"", "Location: http://127.0.0.1:1/"), "bad_answer", False),
    ("403", answer(403, b'{"code":1008,"message":"Forbidden"}'), "number_not_eligible", False),
    ("404", answer(404, b'{"code":404,"message":"Invalid"}'), "bad_app_key", False),
    ("429", answer(429), "rate_limited", False),
    ("418", answer(418), "request_refused", False),
]


@pytest.mark.parametrize(("script", "code", "lock_kept"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_of_the_post_has_its_code_and_its_lock_and_is_not_repeated(
    script: Script, code: str, lock_kept: bool
) -> None:
    found = asked(script)
    assert told(found) == (code, lock_kept, 1)
    assert not found.accepted


def test_a_5xx_is_tried_once_more_and_then_is_an_error() -> None:
    with upstream(answer(503)) as server:
        found = client(server.url).request(NUMBER, STATE)
    assert told(found) == ("truecaller_error", False, 2)
    assert len(server.seen) == 2


def test_a_second_try_may_be_accepted() -> None:
    found = asked(answer(500), ACCEPTED)
    assert (found.accepted, found.request_id, *told(found)) == (True, "r-1", None, True, 2)


def late(seconds: float) -> Script:
    """A 500 that takes its time."""

    def script(line: Line) -> None:
        line.over.wait(seconds)
        line.sock.sendall(head(500, "Content-Length: 0"))

    return script


def test_a_second_try_may_be_ambiguous_within_the_same_deadline() -> None:
    found = asked(late(0.4), silence(), seconds=0.8)
    assert told(found) == ("timeout", True, 2)
    assert found.ms < 1100


def test_a_5xx_that_took_most_of_the_deadline_is_not_tried_again() -> None:
    assert told(asked(late(DEADLINE * 0.75), seconds=DEADLINE)) == ("truecaller_error", False, 1)


def test_a_refused_connection_is_tried_twice_and_releases_the_lock() -> None:
    with nobody() as url, on_time_and_small(PATIENCE):
        found = client(url).request(NUMBER, STATE)
    assert told(found) == ("truecaller_error", False, 2)
    assert [(trace.status, trace.failure) for trace in found.exchanges] == [(None, "connect")] * 2


def test_tls_that_is_none_releases_the_lock() -> None:
    script = raw(b"HTTP/1.1 200 OK\r\n\r\n")
    script.speaks_first = True  # type: ignore[attr-defined]
    with upstream(script) as server:
        found = client(server.url.replace("http:", "https:")).request(NUMBER, STATE)
    assert told(found) == ("truecaller_error", False, 2)


def test_a_rate_limit_tells_how_long_to_wait() -> None:
    assert asked(answer(429, b"", "Retry-After: 17")).retry_after == 17


PROFILE_FAULTS: list[tuple[str, Script, str]] = [
    ("reset", reset(), "profile_error"),
    ("500", answer(500), "profile_error"),
    ("429", answer(429, b"", "Retry-After: 5"), "profile_error"),
    ("HTML", answer(200, b"<html>"), "profile_error"),
    ("trailing comma", answer(200, b'{"phoneNumbers":[46761234567],}'), "profile_error"),
    ("truncated", raw(head(200, "Content-Length: 999") + GOOD_PROFILE), "profile_error"),
    ("300 MB", flood(head(200), b" " * 65536), "profile_error"),
    ("gzip bomb", answer(200, BOMB, "Content-Encoding: gzip"), "profile_error"),
    ("redirect", answer(301, GOOD_PROFILE, "Location: http://127.0.0.1:1/"), "profile_error"),
    ("401", answer(401, b'{"status":40101,"message":"Unauthorized"}'), "token_rejected"),
]


@pytest.mark.parametrize(
    ("script", "code"), [row[1:] for row in PROFILE_FAULTS], ids=[row[0] for row in PROFILE_FAULTS]
)
def test_a_fault_of_the_get_has_its_code_and_is_not_repeated(script: Script, code: str) -> None:
    found = fetched(script)
    assert (found.profile, found.code, len(found.exchanges)) == (None, code, 1)


def test_a_trace_shows_the_exchange_with_its_secrets_in_dots() -> None:
    (trace,) = asked(answer(200, b'{"requestId":"r-1"}', "X-Served-By: a")).exchanges
    assert (trace.method, trace.status, trace.failure) == ("POST", 200, None)
    assert trace.request_headers["appKey"] == DOTS
    assert trace.request_body == '{"phoneNumber": 46•••••••67, "state": "' + DOTS + '"}'
    assert trace.answer_headers["x-served-by"] == "a"
    assert trace.answer_body == '{"requestId":"r-1"}'


def test_a_trace_of_a_fetch_keeps_which_fields_came_and_neither_the_person_nor_the_token() -> None:
    told = {
        "phoneNumbers": [NUMBER, str(NUMBER)],
        "name": {"first": "Ada", "last": None},
        "badges": ["verified", True, 1.5],
    }
    found = fetched(answer(200, json.dumps(told).encode()))
    (trace,) = found.exchanges
    assert trace.request_headers == {"Authorization": DOTS, "Cache-Control": "no-cache"}
    assert json.loads(trace.answer_body) == {
        "phoneNumbers": ["46•••••••67", "46•••••••67"],
        "name": {"first": DOTS, "last": None},
        "badges": [DOTS, True, DOTS],
    }
    assert found.profile is not None
    assert found.profile.declared["name"]["first"] == "Ada"


NESTED = b"[" * 40 + b"]" * 40


@pytest.mark.parametrize(
    "body", [GOOD_PROFILE[:-5], b"<p>Ada", b"[" * 100_000, NESTED, GOOD_PROFILE.replace(b"}", b'"}')]
)
def test_a_trace_of_an_answer_that_is_no_profile_shows_nothing_of_it(body: bytes) -> None:
    assert fetched(answer(200, body)).exchanges[0].answer_body == DOTS


def test_a_trace_of_a_refused_fetch_says_why() -> None:
    (trace,) = fetched(answer(401, b'{"status":40101,"message":"Unauthorized"}')).exchanges
    assert trace.answer_body == '{"status":40101,"message":"Unauthorized"}'


def test_a_trace_is_at_most_8_kib_each_way() -> None:
    lines = [f"X-{n}: {'y' * 900}" for n in range(40)]
    (trace,) = asked(answer(403, "é".encode() * 20_000, *lines)).exchanges
    assert len(trace.answer_body.encode()) <= 8192
    assert sum(len(name) + len(value) for name, value in trace.answer_headers.items()) <= 8192


@pytest.mark.parametrize("status", [200, 302, 401, 500])
@pytest.mark.parametrize(
    "spelling",
    ["{}", "{slashed}", "{quoted}", "{lower}"],
    ids=["plain", "escaped slash", "percent", "small percent"],
)
def test_a_token_that_is_echoed_stays_out_of_everything(
    status: int, spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    quoted = TOKEN.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    echo = spelling.format(TOKEN, slashed=TOKEN.replace("/", r"\/"), quoted=quoted, lower=quoted.lower())
    body = json.dumps({"message": "x"}).encode() + f' "{echo}" {echo}'.encode()
    found = fetched(answer(status, body, f"Location: http://x/?{echo}", f"X-{echo[:6]}: {echo}"))
    assert "anary.token" not in repr(found) + caplog.text
    assert DOTS in found.exchanges[0].answer_body


@pytest.mark.parametrize("length", range(4, len(TOKEN)))
def test_an_answer_that_breaks_off_within_the_token_shows_none_of_it(length: int) -> None:
    (trace,) = fetched(raw(head(500, "Content-Length: 9999") + b'{"echo":"' + TOKEN[:length].encode())).exchanges
    assert trace.answer_body == '{"echo":"' + DOTS


def test_an_app_key_a_state_and_a_number_that_are_echoed_stay_out_of_the_trace() -> None:
    found = asked(answer(500, f"{KEY} {STATE} {NUMBER}".encode(), f"X-Echo: {KEY}"))
    assert len(found.exchanges) == 2
    for trace in found.exchanges:
        assert trace.answer_body == f"{DOTS} {DOTS} 46•••••••67"
        assert trace.answer_headers["x-echo"] == DOTS
    assert "canary" not in repr(found)


def test_a_client_does_not_show_its_key() -> None:
    made = client("http://127.0.0.1:1/")
    assert KEY not in repr(made) + str(vars(made))
