"""What the receiver hands on with a callback: its exchange, without a secret, and whether it is a replay."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from signup.model import Callback, Exchange
from signup.services import Services
from tests.web.receiver_tools import GOOD, PATH, STATE, TOKEN, post, receiving


class Notes:
    """Stands where callbacks are stored, and keeps what it was given."""

    def __init__(self) -> None:
        self.callback: Callback | None = None
        self.exchange: Exchange | None = None
        self.replay: bool | None = None

    def __call__(self, _: Services, callback: Callback, exchange: Callable[[], Exchange], *, replay: bool) -> None:
        self.callback, self.exchange, self.replay = callback, exchange(), replay


@pytest.fixture
def noted(tmp_path: Path) -> Callable[..., Any]:
    def send(body: bytes, *headers: str, path: str = PATH, **settings: str) -> Any:
        notes = Notes()
        with receiving(tmp_path, notes, **settings) as (_, address):
            assert post(address, body, *headers, path=path).status == 200
        return notes

    return send


def everything(exchange: Exchange) -> str:
    return json.dumps(asdict(exchange), ensure_ascii=False)


def test_the_callback_is_handed_on_with_its_secrets(noted: Callable[..., Any]) -> None:
    callback = noted(GOOD).callback
    assert (callback.request_id, callback.token, callback.state) == ("92849748hueh9", TOKEN, STATE)


def test_the_exchange_shows_what_came_with_dots_for_token_and_state(noted: Callable[..., Any]) -> None:
    exchange = noted(GOOD, "User-Agent: Truecaller", path=f"{PATH}/").exchange
    assert (exchange.method, exchange.url, exchange.status) == ("POST", f"{PATH}/", 200)
    assert exchange.answer_body == '{"status":"ok"}'
    assert exchange.request_headers["User-Agent"] == "Truecaller"
    assert json.loads(exchange.request_body) == {
        "requestId": "92849748hueh9",
        "accessToken": "••••••••",
        "state": "••••••••",
    }


def test_no_login_no_cookie_and_no_query_is_kept(noted: Callable[..., Any]) -> None:
    secrets = ["Authorization: Bearer hush", "Cookie: a=hush", "Proxy-Authorization: Basic hush"]
    exchange = noted(GOOD, *secrets, path=f"{PATH}?key=hush").exchange
    assert "hush" not in everything(exchange)


@pytest.mark.parametrize(
    "extra",
    [
        {"copy": TOKEN},
        {"access_token": "another-secret"},
        {"more": [{"accessToken": "another-secret", "state": {"deep": "another-secret"}}]},
        {"address": f"https://a.example/?t={TOKEN}&s={STATE}"},
        {TOKEN: STATE},
    ],
)
def test_a_secret_is_dotted_wherever_it_stands_again(noted: Callable[..., Any], extra: dict[str, Any]) -> None:
    exchange = noted(json.dumps({**json.loads(GOOD), **extra}).encode(), f"X-Copy: {TOKEN}").exchange
    assert not [word for word in (TOKEN, STATE, "another-secret") if word in everything(exchange)]


def test_an_escaped_token_is_dotted_too(noted: Callable[..., Any]) -> None:
    body = GOOD.replace(b"canary", b"\\u0063anary")
    assert "anary" not in everything(noted(body).exchange)


def test_of_a_form_only_the_names_are_kept(noted: Callable[..., Any]) -> None:
    exchange = noted(f"requestId=abc&accessToken={TOKEN.replace('+', '%2B')}&more=".encode()).exchange
    assert exchange.request_body == "requestId=••••••••&accessToken=••••••••&more=••••••••"


def test_an_exchange_is_at_most_8_kib_each_way(noted: Callable[..., Any]) -> None:
    body = json.dumps({"requestId": "a", "status": "x", "more": "é" * 5000}, ensure_ascii=False).encode()
    assert len(noted(body).exchange.request_body.encode()) <= 8192


def test_a_replay_is_marked_as_one_in_the_sandbox(noted: Callable[..., Any]) -> None:
    assert noted(GOOD, "Signup-Replay: 1").replay is True


@pytest.mark.parametrize("header", ["Signup-Replay: 0", "Signup-Replay: yes", "X-Other: 1"])
def test_any_other_callback_is_no_replay(noted: Callable[..., Any], header: str) -> None:
    assert noted(GOOD, header).replay is False


def test_live_nothing_is_a_replay(noted: Callable[..., Any]) -> None:
    assert noted(GOOD, "Signup-Replay: 1", SIGNUP_MODE="live", SIGNUP_APP_KEY="key").replay is False
