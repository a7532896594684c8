"""`GET /download/CODE`: once, within a minute, and nothing of the file stays. Spoken to as ASGI, without a socket."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Router

from dashboard.downloads import DOWNLOADS, GOOD_FOR_SECONDS, ROUTES, Downloads, sweep
from signup.clock import HandClock
from signup.record.wholefile import file_for
from signup.settings import Settings

CONTENT = b"seq,at\r\n" * 40_000
NOW = 1_800_000_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "01932f8c-0000-7000-8000-000000000001.csv"
    path.write_bytes(CONTENT)
    return path


class Client:
    """One HTTP client. `spec`: below 2.4 a server tells by a message that the client left, from then on by an error."""

    def __init__(self, spec: str = "2.4", leaves_after: int | None = None) -> None:
        self.spec, self.leaves_after = spec, leaves_after
        self.heard: list[dict[str, Any]] = []

    def ask(self, address: str, method: str = "GET") -> tuple[int, bytes]:
        """Status and body, as far as they came."""
        asyncio.run(self.talk(address, method))
        body = b"".join(message.get("body", b"") for message in self.heard)
        return self.heard[0]["status"], body

    async def talk(self, address: str, method: str) -> None:
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if len(self.heard) == self.leaves_after:
                gone.set()
                if self.spec >= "2.4":
                    raise OSError("the client left")
                await asyncio.sleep(0)
            else:
                self.heard.append(message)

        scope = {"type": "http", "method": method, "path": address, "headers": [], "query_string": b""}
        try:
            await Router(ROUTES)({**scope, "asgi": {"spec_version": self.spec}}, receive, send)
        except OSError:
            assert self.leaves_after is not None


def test_a_link_hands_out_the_file_once_and_the_file_goes_with_it(file: Path) -> None:
    address = DOWNLOADS.offer(file, "audit.csv")
    assert Client().ask(address) == (200, CONTENT)
    assert not file.exists()
    status, told = Client().ask(address)
    assert (status, b"export again" in told) == (404, True)


def test_asking_only_for_the_headers_is_refused_and_costs_nothing(file: Path) -> None:
    address = DOWNLOADS.offer(file, "audit.csv")
    client = Client()
    assert client.ask(address, "HEAD")[0] == 405
    assert (b"allow", b"GET") in client.heard[0]["headers"]
    assert Client().ask(address) == (200, CONTENT)


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("messages", [0, 1, 3])
def test_of_a_download_that_breaks_off_no_file_is_left(file: Path, spec: str, messages: int) -> None:
    client = Client(spec, leaves_after=messages)
    address = DOWNLOADS.offer(file, "audit.csv")
    asyncio.run(client.talk(address, "GET"))
    assert len(client.heard) == messages
    assert not file.exists()


def test_a_link_is_worth_nothing_after_a_minute(file: Path, clock: HandClock) -> None:
    downloads = Downloads(clock.monotonic)
    codes = [downloads.offer(file, "audit.csv").rpartition("/")[2] for _ in range(2)]
    clock.move(GOOD_FOR_SECONDS)
    assert downloads.take(codes[0]) is not None
    clock.move(0.001)
    assert downloads.take(codes[1]) is None


@pytest.fixture
def left(tmp_path: Path) -> dict[str, Path]:
    """What may lie in the folder, all but one written three minutes ago."""
    names = {
        "an export": "01932f8c-0000-7000-8000-000000000001.csv",
        "half an export": ".01932f8c-0000-7000-8000-000000000002.ndjson.x7_q.part",
        "a person's own": "audit.csv",
        "hidden": ".keep",
        "a fresh one": "01932f8c-0000-7000-8000-000000000003.csv",
    }
    files = {what: tmp_path / name for what, name in names.items()}
    for what, path in files.items():
        path.write_bytes(b"")
        age = 30 if what == "a fresh one" else 180
        os.utime(path, (NOW - age, NOW - age))
    (tmp_path / "01932f8c-0000-7000-8000-000000000004.csv").mkdir()
    return files


def test_what_nobody_fetched_is_swept_up_and_nothing_else(tmp_path: Path, left: dict[str, Path]) -> None:
    sweep(tmp_path, NOW)
    assert {what for what, path in left.items() if path.exists()} == {"a person's own", "hidden", "a fresh one"}


def test_an_export_that_is_still_written_is_not_swept_up(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    out = tmp_path / "01932f8c-0000-7000-8000-000000000005.csv"
    with file_for(out, settings()) as file:
        file.write(CONTENT)
        file.flush()
        os.utime(file.name, (NOW - 180, NOW - 180))
        sweep(tmp_path, NOW)
    assert out.read_bytes() == CONTENT


def test_where_nothing_was_ever_exported_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    sweep(tmp_path / "exports", NOW)
