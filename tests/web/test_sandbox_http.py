"""The sandbox over real loopback HTTP: requests in, callbacks out to a small receiver of the test's own."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from sandbox.clock import Clock
from sandbox.deliver import Courier, Timetable
from sandbox.numbers import SOMEBODY_ELSE
from sandbox.personas import PERSONAS
from sandbox.phones import Phones
from sandbox.serve import Sandbox, running
from sandbox.truecaller import Truecaller
from sandbox.web import create_app
from tests.collector import Collector, collecting, until
from tests.web.receiver_tools import connect, head, hear

NUMBER = 46761234567  # no persona: it rings until tapped
NUMBERS = {persona.name: persona.numbers for persona in PERSONAS}


class Ahead(Clock):
    """The real clock, and what the test adds to it."""

    by = timedelta()

    def ahead(self) -> float:
        return self.by.total_seconds()


@pytest.fixture
def receiver() -> Iterator[Collector]:
    with collecting() as receiver:
        yield receiver


@pytest.fixture
def ahead() -> Ahead:
    return Ahead()


@pytest.fixture
def sandbox(receiver: Collector, ahead: Ahead) -> Iterator[Sandbox]:
    with running(callback=receiver.url, speed=50, clock=ahead) as sandbox:
        yield sandbox


def post(sandbox: Sandbox, body: object, app_key: str = "sandbox") -> requests.Response:
    return requests.post(f"{sandbox.url}/v1/apps/requests", json=body, headers={"appKey": app_key}, timeout=10)


def start(sandbox: Sandbox, number: int = NUMBER) -> str:
    answer = post(sandbox, {"phoneNumber": number, "state": "state-1"})
    assert answer.status_code == 200
    request_id: str = answer.json()["requestId"]
    return request_id


def ringing(sandbox: Sandbox) -> list[dict[str, Any]]:
    prompts: list[dict[str, Any]] = get(sandbox, "/phones").json()
    return prompts


def tap(sandbox: Sandbox, request_id: str, answer: object) -> requests.Response:
    return requests.post(f"{sandbox.url}/phones/{quote(request_id, safe='')}", json={"answer": answer}, timeout=10)


def get(sandbox: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{sandbox.url}{path}", headers=headers, timeout=10)


def profile(sandbox: Sandbox, token: str) -> requests.Response:
    return get(sandbox, "/v1/default", Authorization=f"Bearer {token}")


# Truecaller's two endpoints


def test_without_an_app_key_the_partner_is_unknown(sandbox):
    answer = post(sandbox, {"phoneNumber": NUMBER}, app_key="")
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": "Invalid partner credentials."})


@pytest.mark.parametrize(
    "body",
    [
        *({"phoneNumber": wrong} for wrong in ("46761234567", 46761234567.0, True, None, -46761234567, 123, 10**15)),
        *({"phoneNumber": NUMBER, "state": wrong} for wrong in (7, "", "s" * 257)),
        *([], "text", {}),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused_and_rings_nowhere(sandbox, body):
    answer = post(sandbox, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert ringing(sandbox) == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b'{"phoneNumber": 46761234567}', 415),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 16_000, 400),
        ("application/json", b" " * 16_385, 413),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_as_json(sandbox, kind, body, status):
    headers = {"appKey": "sandbox", "Content-Type": kind}
    answer = requests.post(f"{sandbox.url}/v1/apps/requests", body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (status, status)


def test_a_token_opens_the_profile_of_its_person(sandbox, receiver):
    tap(sandbox, start(sandbox), "approve")
    answer = profile(sandbox, receiver.next()["accessToken"])
    assert answer.status_code == 200
    assert answer.json()["phoneNumbers"] == [NUMBER]
    assert answer.json()["name"].keys() == {"first", "last"}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic eDp5"}])
def test_no_or_an_unknown_token_is_unauthorized(sandbox, headers):
    answer = get(sandbox, "/v1/default", **headers)
    assert (answer.status_code, answer.json()) == (401, {"status": 40101, "message": "Unauthorized"})


def test_a_token_of_ten_minutes_is_unauthorized(sandbox, receiver, ahead):
    tap(sandbox, start(sandbox), "approve")
    ahead.by = timedelta(minutes=10)
    assert profile(sandbox, receiver.next()["accessToken"]).status_code == 401


# The door


def test_any_other_number_rings_until_tapped(sandbox, receiver):
    request_id = start(sandbox)
    [prompt] = ringing(sandbox)
    assert (prompt["requestId"], prompt["phoneNumber"], prompt["persona"]) == (request_id, NUMBER, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", prompt["since"])
    assert receiver.bodies.empty()
    assert tap(sandbox, request_id, "approve").status_code == 200
    body = receiver.next()
    assert (body["requestId"], body["state"]) == (request_id, "state-1")
    assert ringing(sandbox) == []


def test_an_opened_phone_goes_on_ringing(sandbox, receiver):
    request_id = start(sandbox)
    tap(sandbox, request_id, "open")
    assert receiver.next() == {"requestId": request_id, "status": "flow_invoked"}
    assert [prompt["requestId"] for prompt in ringing(sandbox)] == [request_id]


@pytest.mark.parametrize("request_id", ["unknown", "/leading", "a//b", "a/b=_-+", "%2F", "å"])
def test_an_unknown_request_id_is_404_whatever_its_characters(sandbox, request_id):
    answer = tap(sandbox, request_id, "approve")
    assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert "No phone rings" in answer.json()["message"]


@pytest.mark.parametrize("word", ["perhaps", "", None, 7, ["approve"]])
def test_a_wrong_answer_word_is_400_and_the_phone_rings_on(sandbox, word):
    request_id = start(sandbox)
    assert tap(sandbox, request_id, word).status_code == 400
    assert len(ringing(sandbox)) == 1


def test_the_personas_are_listed_number_by_number(sandbox):
    listed = get(sandbox, "/personas").json()
    assert {row["phoneNumber"] for row in listed} == {number for ten in NUMBERS.values() for number in ten}
    assert listed[0].keys() == {"phoneNumber", "persona", "outcome", "code", "description"}


def test_healthz_answers_and_nothing_else_does(sandbox):
    assert get(sandbox, "/healthz").status_code == 200
    assert get(sandbox, "/").json() == {"code": 404, "message": "Not Found."}
    assert get(sandbox, "/v1/apps/requests").status_code == 405


@pytest.mark.parametrize("more", [["Content-Length: 99999"], ["Transfer-Encoding: chunked"]])
def test_nobody_lays_down_more_than_32_kib_here(sandbox, more):
    place = urlsplit(sandbox.url)
    with closing(connect((str(place.hostname), int(place.port or 0)))) as sock:
        sock.sendall(head("POST", "/phone/code", *more) + b"9000\r\n" + b"x" * 0x8FFF)
        assert hear(sock).status == 413


def test_a_forwarded_peer_gets_404(sandbox):
    assert get(sandbox, "/phones", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 404


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("192.0.2.1", 404), ("", 404)])
def test_only_a_peer_on_this_machine_is_answered(receiver, peer, status):
    phones, timetable = Phones(), Timetable()
    courier = Courier(receiver.url, timetable)
    app = create_app(Truecaller(phones, courier, timetable), phones, courier, Clock())
    timetable.close()
    assert app.test_client().get("/healthz", environ_base={"REMOTE_ADDR": peer}).status_code == status


# Callbacks sent again


def callbacks(sandbox: Sandbox, query: str = "") -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = get(sandbox, f"/callbacks{query}").json()
    return kept


def again(sandbox: Sandbox, callback_id: object, **more: object) -> requests.Response:
    return requests.post(f"{sandbox.url}/callbacks", json={"id": callback_id, **more}, timeout=10)


def test_the_callbacks_are_kept_the_newest_first_with_their_answer(sandbox, receiver):
    receiver.statuses = [400]
    first, second = start(sandbox), start(sandbox, NUMBER + 1)
    for request_id in (first, second):
        tap(sandbox, request_id, "approve")
        receiver.next()
    until(lambda: [kept["status"] for kept in callbacks(sandbox)] == [200, 400])
    newest, oldest = callbacks(sandbox)
    assert (newest["requestId"], oldest["requestId"]) == (second, first)
    assert oldest.keys() == {
        "id",
        "requestId",
        "at",
        "to",
        "tapped",
        "replay",
        "edited",
        "first",
        "body",
        "tries",
        "status",
    }
    assert (oldest["body"]["state"], oldest["replay"], oldest["tries"]) == ("state-1", False, 1)
    assert [kept["id"] for kept in callbacks(sandbox, f"?requestId={quote(first, safe='')}")] == [oldest["id"]]
    assert [kept["id"] for kept in callbacks(sandbox, "?limit=1")] == [newest["id"]]


def test_one_is_sent_again_labelled_as_it_was_or_edited(sandbox, receiver):
    tap(sandbox, start(sandbox), "approve")
    body = receiver.next()
    [kept] = callbacks(sandbox)
    answer = again(sandbox, kept["id"])
    assert (answer.status_code, answer.json()["status"], answer.json()["replay"]) == (200, 200, True)
    assert receiver.next() == body
    again(sandbox, answer.json()["id"], body={"state": "another", "accessToken": None, "status": "user_rejected"})
    assert receiver.next() == {"requestId": body["requestId"], "state": "another", "status": "user_rejected"}
    assert receiver.labels == [None, "1", "1"]
    assert len(callbacks(sandbox)) == 3


def test_one_is_sent_to_another_program_on_this_machine_or_to_nobody(sandbox, receiver):
    tap(sandbox, start(sandbox), "approve")
    receiver.next()
    [kept] = callbacks(sandbox)
    with collecting() as other:
        assert again(sandbox, kept["id"], to=other.url.replace("127.0.0.1", "localhost")).status_code == 200
        assert other.next() == kept["body"]
    for elsewhere in ("http://192.0.2.1/", "https://example.com/", "http://127.0.0.1.example.com/", "file:///x", "x"):
        answer = again(sandbox, kept["id"], to=elsewhere)
        assert (answer.status_code, answer.json()["code"]) == (400, 400), elsewhere
    assert receiver.hears_nothing(0.05)


def test_a_body_too_deep_to_be_told_again_is_refused_and_the_others_are_told(sandbox, receiver):
    tap(sandbox, start(sandbox), "decline")
    receiver.next()
    [kept] = callbacks(sandbox)
    for depth, status in ((98, 200), (99, 400), (980, 400), (5000, 400)):
        deep = f'{{"id":"{kept["id"]}","body":{{"x":{"[" * depth}{"]" * depth}}}}}'
        assert requests.post(f"{sandbox.url}/callbacks", deep, timeout=10).status_code == status, depth
    assert len(callbacks(sandbox)) == 2


@pytest.mark.parametrize(
    ("asked", "status"), [({"id": "x"}, 404), ({}, 404), ({"id": "x", "body": []}, 404), ({"body": 5}, 400)]
)
def test_what_cannot_be_sent_again_is_told(sandbox, asked, status):
    answer = requests.post(f"{sandbox.url}/callbacks", json=asked, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (status, status)


# The personas


@pytest.mark.parametrize("name", ["approve", "approve_after_5s"])
def test_an_approving_persona_approves_with_a_profile_of_the_asked_number(sandbox, receiver, name):
    number = NUMBERS[name][0]
    request_id = start(sandbox, number)
    body = receiver.next()
    assert (body["requestId"], body["state"]) == (request_id, "state-1")
    assert profile(sandbox, body["accessToken"]).json()["phoneNumbers"] == [number]


def test_a_delay_counts_from_the_answer_and_is_divided_by_the_speed(sandbox, receiver):
    before = time.monotonic()
    start(sandbox, NUMBERS["approve_after_5s"][0])
    receiver.next()
    assert 5 / 50 <= time.monotonic() - before < 5


@pytest.mark.parametrize(("name", "status"), [("decline", "user_rejected"), ("another_number", "use_another_number")])
def test_a_declining_persona_posts_its_status(sandbox, receiver, name, status):
    request_id = start(sandbox, NUMBERS[name][0])
    assert receiver.next() == {"requestId": request_id, "status": status}


def test_the_ignoring_persona_rings_for_ten_minutes(sandbox, receiver, ahead):
    start(sandbox, NUMBERS["ignore"][0])
    ahead.by = timedelta(minutes=9, seconds=50)
    assert [prompt["persona"] for prompt in ringing(sandbox)] == ["ignore"]
    ahead.by = timedelta(minutes=10)
    assert ringing(sandbox) == []
    assert receiver.bodies.empty()


def test_the_opening_persona_opens_and_then_approves(sandbox, receiver):
    request_id = start(sandbox, NUMBERS["opened_first"][0])
    assert receiver.next() == {"requestId": request_id, "status": "flow_invoked"}
    assert receiver.next()["accessToken"]


def test_the_duplicate_persona_posts_the_same_callback_twice(sandbox, receiver):
    start(sandbox, NUMBERS["duplicate_callback"][0])
    first, second = receiver.next(), receiver.next()
    assert first == second
    assert first["accessToken"]


def test_the_early_persona_calls_back_once(sandbox, receiver):
    request_id = start(sandbox, NUMBERS["early_callback"][0])
    assert receiver.next()["requestId"] == request_id
    assert ringing(sandbox) == []
    assert receiver.hears_nothing(0.05)


@pytest.mark.parametrize(
    ("name", "status", "code", "wait"),
    [
        ("not_eligible", 403, 1008, None),
        ("bad_app_key", 404, 404, None),
        ("rate_limited", 429, 429, "30"),
        ("server_error", 500, 500, None),
    ],
)
def test_a_refusing_persona_refuses_and_rings_nowhere(sandbox, name, status, code, wait):
    answer = post(sandbox, {"phoneNumber": NUMBERS[name][0], "state": "state-1"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == wait
    assert ringing(sandbox) == []


@pytest.mark.parametrize(("name", "status"), [("token_refused", 401), ("profile_error", 503)])
def test_a_persona_without_a_profile_answers_so_each_time(sandbox, receiver, name, status):
    start(sandbox, NUMBERS[name][0])
    token = receiver.next()["accessToken"]
    assert [profile(sandbox, token).status_code for _ in range(2)] == [status, status]
    assert profile(sandbox, token).json()["status"] in (40101, 503)


def test_the_partial_profile_holds_the_number_and_a_first_name(sandbox, receiver):
    number = NUMBERS["partial_profile"][0]
    start(sandbox, number)
    found = profile(sandbox, receiver.next()["accessToken"]).json()
    assert found["phoneNumbers"] == [number]
    assert found["name"]["last"] is None
    assert "gender" not in found


def test_the_wrong_state_persona_brings_back_a_state_that_nobody_sent(sandbox, receiver):
    start(sandbox, NUMBERS["wrong_state"][0])
    body = receiver.next()
    assert body["accessToken"]
    assert body["state"] not in ("", "state-1")


def test_the_slow_persona_answers_late_and_calls_back_only_then(sandbox, receiver):
    before = time.monotonic()
    request_id = start(sandbox, NUMBERS["slow"][0])
    assert time.monotonic() - before >= 12 / 50
    assert receiver.next()["requestId"] == request_id


def test_the_late_persona_no_longer_rings_and_calls_back_after_more_than_ten_minutes(receiver, ahead):
    with running(callback=receiver.url, clock=ahead) as sandbox:
        start(sandbox, NUMBERS["late_token"][0])
        until(lambda: ringing(sandbox) == [])
        ahead.by = timedelta(minutes=10)
        assert receiver.hears_nothing(0.2)
        ahead.by = timedelta(minutes=10, seconds=11)
        leapt = time.monotonic()
        assert receiver.next()["accessToken"]
        assert time.monotonic() - leapt < 2, "a tenth of a second on a quiet machine"


def test_the_answers_bear_the_moved_time(sandbox, ahead):
    ahead.by = timedelta(days=2)
    date = parsedate_to_datetime(get(sandbox, "/healthz").headers["Date"])
    assert abs(date - ahead.now()) < timedelta(seconds=5)


def test_the_wrong_number_persona_shows_somebody_elses_number(sandbox, receiver):
    start(sandbox, NUMBERS["wrong_number"][0])
    assert profile(sandbox, receiver.next()["accessToken"]).json()["phoneNumbers"] == [SOMEBODY_ELSE]


def test_a_tap_comes_before_the_script(sandbox, receiver):
    request_id = start(sandbox, NUMBERS["approve_after_5s"][1])
    assert tap(sandbox, request_id, "decline").status_code == 200
    assert receiver.next()["status"] == "user_rejected"
    assert tap(sandbox, request_id, "approve").status_code == 404


def test_ten_numbers_of_a_persona_do_not_disturb_each_other(sandbox, receiver):
    ids = {start(sandbox, number) for number in NUMBERS["approve"]}
    assert {receiver.next()["requestId"] for _ in ids} == ids
