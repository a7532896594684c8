"""The same canary over the whole street: real programs, real HTTP, every page in a browser. It leaves no trace."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from signup.flow import signups
from signup.flow.start import start
from signup.services import Services, open_services
from signup.settings import load
from tests.machine import eventually
from tests.steps.conftest import CommandLine
from tests.story.street import Street, settings_for, walked
from tests.story.truecaller import Truecaller, truecaller

CANARY = "CANARYtoken0123456789"
NUMBERS = {46761234567: 200, 46761234568: 401, 46761234569: 503, 46761234570: 302}
ENDS = ("completed", "approved", "failed", "failed")
"""What becomes of them; who refuses a token may take it later, so that one is kept as long as the person may answer."""

PAGES = ("", "audit", "health", "alerts")


@pytest.fixture
def upstream() -> Iterator[Truecaller]:
    with truecaller() as server:
        yield server


@pytest.fixture
def street(
    upstream: Truecaller, command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Street]:
    """A street where a token lives three seconds, all that its programs say in a file, the command line beside it."""
    chosen = settings_for(tmp_path) | {
        "SIGNUP_REQUEST_URL": upstream.request_url,
        "SIGNUP_PROFILE_URLS": upstream.profile_url,
        "SIGNUP_TOKEN_SECONDS": "3",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    with (tmp_path / "said.log").open("wb") as file, walked(chosen, said=file) as running:
        yield running


def approve(services: Services, upstream: Truecaller, number: int, status: int) -> str:
    """Start a sign-up, and let the canary arrive for it; the sign-up's id."""
    signup_id = str(start(services, f"+{number}", channel="web", actor="cli").signup_id)
    body = {
        "requestId": f"request-of-{number}",
        "accessToken": f"{CANARY}-of-{number}-{status}",
        "state": upstream.asked[number][-1],
    }
    connection = http.client.HTTPConnection("127.0.0.1", services.settings.callback_port, timeout=3)
    connection.request("POST", "/truecaller/callback", json.dumps(body), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()
    return signup_id


@pytest.fixture
def sent(watched_tab) -> bytearray:
    """All that the dashboard sends to the browser, tables and what is folded away too."""
    tab, _ = watched_tab
    heard = bytearray()

    def hear(frame: bytes) -> None:
        heard.extend(frame)

    tab.on("websocket", lambda socket: socket.on("framereceived", hear))
    return heard


def test_the_canary_leaves_no_trace_on_the_whole_street(street, upstream, command, browse, sent, tmp_path):
    with open_services(load(street.chosen, None)) as services:
        ids = [approve(services, upstream, number, status) for number, status in NUMBERS.items()]
        eventually(lambda: [status_of(services, signup_id) for signup_id in ids] == list(ENDS), 20)
    done, refused, *failed = ids
    shown = ""
    for address in (*PAGES, f"try_it?signup={refused}", *(f"signups?signup={one}" for one in (done, *failed))):
        page = browse(f"{street.address}/{address}")
        page.get_by_role("heading").first.wait_for()
        shown += page.content()
    assert b"requestId" in sent
    for fmt in ("csv", "ndjson"):
        assert command("export", "--format", fmt, "--out", str(tmp_path / f"events.{fmt}")).code == 0
    shown += "".join(command("show", signup_id).out for signup_id in ids)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert CANARY not in shown
    assert CANARY.encode() not in sent
    assert "proved" in shown
    assert [str(path) for path, content in kept.items() if CANARY.encode() in content] == []
    assert any(path.name.endswith("-wal") for path in kept)
    assert (tmp_path / "said.log") in kept


def status_of(services: Services, signup_id: str) -> str:
    found = signups.one(services, signup_id)
    assert found
    return str(found.status)
