"""The phone alone over real HTTP: what this machine sees, what another one does, and who comes in by a code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from sandbox.serve import Sandbox, running
from tests.collector import Collector, collecting
from tests.machine import PHONE, ROOT

NUMBER, OTHER = 46761234567, 46761234599
AWAY = {"X-Forwarded-For": "192.0.2.1"}
KNOCK = """
import json, sys, urllib.error, urllib.request
for path in sys.argv[2:]:
    try:
        print(path, urllib.request.urlopen(sys.argv[1] + path, timeout=5).status)
    except urllib.error.HTTPError as error:
        print(path, error.code)
"""


@pytest.fixture
def receiver() -> Iterator[Collector]:
    with collecting() as receiver:
        yield receiver


@pytest.fixture
def sandbox(receiver: Collector) -> Iterator[Sandbox]:
    with running(callback=receiver.url) as sandbox:
        yield sandbox


@pytest.fixture
def guest(sandbox: Sandbox) -> Iterator[requests.Session]:
    """A browser of another machine."""
    with requests.Session() as session:
        session.headers.update(AWAY)
        yield session


def ring(sandbox: Sandbox, number: int = NUMBER) -> str:
    body, key = {"phoneNumber": number, "state": "state-1"}, {"appKey": "sandbox"}
    return str(requests.post(f"{sandbox.url}/v1/apps/requests", json=body, headers=key, timeout=10).json()["requestId"])


def code(sandbox: Sandbox) -> str:
    return str(requests.post(f"{sandbox.url}/phone-codes", timeout=10).json()["code"])


def enter(guest: Any, sandbox: Sandbox, guess: str, **headers: str) -> requests.Response:
    url = f"{sandbox.url}/phone/code"
    told: requests.Response = guest.post(url, data={"code": guess}, headers=headers, timeout=10, allow_redirects=False)
    return told


def tap(who: Any, sandbox: Sandbox, request_id: str, answer: str, **headers: str) -> int:
    said = {"id": request_id, "answer": answer}
    return int(who.post(f"{sandbox.url}/phone/prompts", data=said, headers=headers, timeout=10).status_code)


def status(who: Any, sandbox: Sandbox, path: str, **headers: str) -> int:
    return int(who.get(f"{sandbox.url}{path}", headers=headers, timeout=10).status_code)


def test_this_machine_needs_no_code(sandbox, receiver):
    request_id = ring(sandbox)
    assert "Approve" in requests.get(f"{sandbox.url}/phone", timeout=10).text
    prompts = requests.get(f"{sandbox.url}/phone/prompts", timeout=10).json()
    assert prompts == [{"id": request_id, "number": "+46 76 123 45 67"}]
    assert tap(requests, sandbox, request_id, "approve") == 200
    assert receiver.next()["requestId"] == request_id
    assert tap(requests, sandbox, request_id, "approve") == 404


def test_several_prompts_are_answered_each_apart(sandbox, receiver):
    first, second = ring(sandbox), ring(sandbox, OTHER)
    assert tap(requests, sandbox, second, "decline") == 200
    assert receiver.next() == {"requestId": second, "status": "user_rejected"}
    assert [one["id"] for one in requests.get(f"{sandbox.url}/phone/prompts", timeout=10).json()] == [first]


@pytest.mark.parametrize("word", ["", "perhaps", "open"])
def test_the_phone_takes_its_four_answers_and_no_other(sandbox, word):
    assert tap(requests, sandbox, ring(sandbox), word) == 400


def test_another_machine_gets_nothing_without_the_code(sandbox, guest):
    request_id = ring(sandbox)
    page = guest.get(f"{sandbox.url}/phone", timeout=10)
    assert page.status_code == 403
    assert "The code from the Try page" in page.text
    assert "Approve" not in page.text
    assert status(guest, sandbox, "/phone/prompts") == 403
    assert tap(guest, sandbox, request_id, "approve") == 403
    assert tap(requests, sandbox, request_id, "ignore") == 200, "it rings still"


def test_the_code_opens_the_phone_on_another_machine_once(sandbox, guest, receiver):
    request_id, right = ring(sandbox), code(sandbox)
    entered = enter(guest, sandbox, f"{right[:3]} {right[3:]}")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/phone")
    cookie = entered.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/phone", "Max-Age=43200"))
    assert "Approve" in guest.get(f"{sandbox.url}/phone", timeout=10).text
    assert tap(guest, sandbox, request_id, "approve") == 200
    assert receiver.next()["accessToken"]
    assert enter(requests, sandbox, right, **AWAY).status_code == 403


def test_a_browser_that_is_in_stays_in_when_the_code_is_sent_again_or_its_page_is_loaded_anew(sandbox, guest):
    right = code(sandbox)
    again = guest.get(f"{sandbox.url}/phone/code", timeout=10)
    assert (again.status_code, "The code from the Try page" in again.text) == (403, True)
    for _ in range(2):
        assert enter(guest, sandbox, right).status_code == 303
    assert "Approve" in guest.get(f"{sandbox.url}/phone/code", timeout=10).text


def test_with_a_session_another_machine_gets_the_phone_and_nothing_else(sandbox, guest):
    enter(guest, sandbox, code(sandbox))
    assert status(guest, sandbox, "/phone") == 200
    others = ("/phones", "/personas", "/healthz", "/v1/default", "/phone/", "/phone/..%2fphones", "//phones", "/none")
    assert {path: status(guest, sandbox, path) for path in others} == dict.fromkeys(others, 404)
    posts = ("/phone-codes", "/v1/apps/requests", "/phones/one")
    assert [guest.post(sandbox.url + path, json={}, timeout=10).status_code for path in posts] == [404, 404, 404]


def test_wrong_guesses_are_told_and_kill_the_code(sandbox, guest):
    right = code(sandbox)
    for _ in range(5):
        told = enter(guest, sandbox, f"{(int(right) + 1) % 10**6:06d}")
        assert told.status_code == 403
        assert "wrong, used or too old" in told.text
        assert "Set-Cookie" not in told.headers
    assert enter(guest, sandbox, right).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_no_other_sites_page_taps_rings_or_makes_a_code(sandbox, origin):
    request_id = ring(sandbox)
    assert tap(requests, sandbox, request_id, "approve", Origin=origin) == 403
    for path in (f"/phones/{quote(request_id, safe='')}", "/phone-codes", "/v1/apps/requests"):
        told = requests.post(sandbox.url + path, data='{"answer":"approve"}', headers={"Origin": origin}, timeout=10)
        assert told.status_code == 403, path
    assert tap(requests, sandbox, request_id, "approve", Origin=sandbox.url) == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8503", "localhost.evil.example", "[::", ""])
def test_a_name_that_somebody_else_may_point_at_this_machine_opens_nothing(sandbox, host):
    assert status(requests, sandbox, "/phones", Host=host) == 404
    assert status(requests, sandbox, "/phone/prompts", Host=host) in (400, 403)


def test_the_page_may_load_nothing_and_be_framed_by_nobody(sandbox):
    first, second = (requests.get(f"{sandbox.url}/phone", timeout=10) for _ in range(2))
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce
    assert first.text.count(f'nonce="{nonce[1]}"') == 2
    assert nonce[1] not in second.text
    assert (first.headers["Cache-Control"], first.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert not re.findall(r"""(?:src|href)=["'](?!data:,)""", first.text)


def test_on_every_address_of_the_machine_the_phone_alone_answers_others():
    """The neighbour is a program of this machine that comes by the machine's own address in its network."""
    options = ["--port", "0", "--callback", "http://127.0.0.1:9/"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIGNUP_")}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", *options],
        env={**clean, "SIGNUP_SANDBOX_BIND": "0.0.0.0"},
        cwd=ROOT,
        stdout=pipe,
        text=True,
    ) as child:
        try:
            assert child.stdout
            here = child.stdout.readline().split()[3].rstrip(",")
            made = requests.post(f"{here}/phone-codes", timeout=10).json()
            address = urlsplit(made["address"])
            assert (address.port, address.path) == (urlsplit(here).port, "/phone")
            if re.fullmatch(r"[\d.]+", str(address.hostname)):  # else the machine has no network
                words = [sys.executable, "-c", KNOCK, f"http://{address.netloc}", "/phone", "/phones", "/healthz"]
                told = subprocess.run(words, check=True, capture_output=True, text=True, timeout=30).stdout
                assert told.split() == ["/phone", "403", "/phones", "404", "/healthz", "404"]
        finally:
            child.kill()


def test_without_the_setting_no_other_machine_is_sent_anywhere(sandbox):
    assert requests.post(f"{sandbox.url}/phone-codes", timeout=10).json()["address"] is None


def test_a_person_answers_two_prompts_on_a_small_screen(page: Page, sandbox, receiver):
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: None if request.url.startswith(sandbox.url) else wrong.append(request.url))
    page.set_viewport_size(PHONE)
    page.goto(f"{sandbox.url}/phone")
    expect(page.get_by_text("Nothing rings")).to_be_visible()
    first, second = ring(sandbox), ring(sandbox, OTHER)
    expect(page.get_by_text("2 ring")).to_be_visible()
    upper = page.get_by_role("region", name="+46 76 123 45 67")
    lower = page.get_by_role("region", name="+46 76 123 45 99")
    place = lower.bounding_box()
    upper.get_by_role("button", name="Use another number").click()
    assert receiver.next() == {"requestId": first, "status": "use_another_number"}
    expect(upper.get_by_text("Another number", exact=True)).to_be_visible()
    expect(upper.get_by_role("button", name="Approve")).to_be_disabled()
    assert lower.bounding_box() == place, "what is under the thumb stays there"
    lower.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    assert receiver.next()["requestId"] == second
    expect(lower.get_by_text("Approved")).to_be_visible()
    ring(sandbox)
    expect(lower).to_have_count(0)
    expect(page.get_by_role("region")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert min(json.loads(page.evaluate(HEIGHTS))) >= 44
    assert wrong == []


def test_a_tap_that_does_not_arrive_is_told_until_the_next_one_and_without_a_session_the_code_is_asked(
    page: Page, sandbox
):
    ring(sandbox)
    page.goto(f"{sandbox.url}/phone")
    decline = page.get_by_role("button", name="Decline")
    page.route("**/phone/prompts", lambda route: route.abort() if is_tap(route) else route.continue_())
    decline.click()
    told = page.get_by_text("The answer did not arrive")
    expect(told).to_be_visible()
    for _ in range(2):
        page.wait_for_event("requestfinished")
    expect(told).to_be_visible()
    page.unroute("**/phone/prompts")
    decline.click()
    expect(page.get_by_text("Declined")).to_be_visible()
    expect(told).to_have_count(0)
    ring(sandbox)
    expect(decline).to_be_enabled()
    page.route("**/phone/prompts", lambda route: route.fulfill(status=403) if is_tap(route) else route.continue_())
    with page.expect_navigation():
        decline.click()


def is_tap(route: Route) -> bool:
    return route.request.method == "POST"


HEIGHTS = "JSON.stringify([...document.querySelectorAll('button')].map(one => one.offsetHeight))"
