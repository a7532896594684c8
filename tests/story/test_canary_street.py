"""The same canary over the whole street: real programs, real HTTP, every page in a browser. It leaves no trace."""

import http.client
import json
from pathlib import Path

import pytest

from tests.machine import eventually
from tests.story.street import Street, dashboard, settings_for
from tests.story.truecaller import Truecaller, truecaller

CANARY = "CANARYtoken0123456789"
NUMBERS = {46761234567: 200, 46761234568: 401, 46761234569: 503, 46761234570: 302}
PAGES = ("", "audit", "health", "alerts")


@pytest.fixture
def canary_street(tmp_path: Path):
    with truecaller() as upstream:
        chosen = settings_for(tmp_path) | {
            "SIGNUP_REQUEST_URL": upstream.request_url,
            "SIGNUP_PROFILE_URLS": upstream.profile_url,
            "SIGNUP_TOKEN_SECONDS": "3",
        }
        Street("", chosen).command("migrate")
        said = tmp_path / "said.log"
        with said.open("wb") as file, dashboard(chosen, said=file) as address:
            yield Street(address, chosen), upstream


def approve(street: Street, upstream: Truecaller, number: int, status: int) -> str:
    """Start a sign-up, let the canary arrive for it, and wait until it is decided and the token's life is over."""
    signup_id = json.loads(street.command("start", f"+{number}", "--json"))["signupId"]
    body = {
        "requestId": f"request-of-{number}",
        "accessToken": f"{CANARY}-of-{number}-{status}",
        "state": upstream.asked[number][-1],
    }
    connection = http.client.HTTPConnection("127.0.0.1", int(street.chosen["SIGNUP_CALLBACK_PORT"]), timeout=3)
    connection.request("POST", "/truecaller/callback", json.dumps(body), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()
    return signup_id


def test_the_canary_leaves_no_trace_on_the_whole_street(canary_street, page, tmp_path):
    street, upstream = canary_street
    ids = [approve(street, upstream, number, status) for number, status in NUMBERS.items()]
    eventually(lambda: status_of(street, ids[0]) == "completed", 20)
    eventually(lambda: status_of(street, ids[2]) == "failed", 20)
    shown = ""
    for address in (*PAGES, f"try_it?signup={ids[0]}", *(f"signups?signup={signup_id}" for signup_id in ids)):
        page.goto(f"{street.address}/{address}")
        page.get_by_role("heading").first.wait_for()
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        shown += page.content()
    for fmt in ("csv", "ndjson"):
        street.command("export", "--format", fmt, "--out", str(tmp_path / f"events.{fmt}"))
    shown += "".join(street.command("show", signup_id) for signup_id in ids)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert CANARY not in shown
    assert "proved" in shown
    assert [str(path) for path, content in kept.items() if CANARY.encode() in content] == []
    assert any(path.name.endswith("-wal") for path in kept)
    assert (tmp_path / "said.log") in kept


def status_of(street: Street, signup_id: str) -> str:
    return str(json.loads(street.command("show", signup_id, "--json"))["status"])
