"""What the tests of the command line ask for: `command(...)` runs one as `python -m signup` does, in this process."""

import base64
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signup.clock import HandClock
from signup.commands.edge import main
from signup.logs import HANDLER
from signup.services import Services, open_services
from signup.settings import Settings
from tests.alerting import CANARY, SECRET
from tests.upstream import Upstream

SEEDS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(1, 3)]
"""Two keys that sign the record."""


@dataclass(frozen=True)
class Told:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON object; fails when there is more on stdout, or less."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        """Its JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class CommandLine:
    """`command("start", "+46...")`. `settings(lock_seconds=3)` changes what the next ones find in the environment."""

    def __init__(self, environ: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
        self._environ = environ
        self._monkeypatch = monkeypatch
        self.settings()

    def settings(self, **given: object) -> None:
        for name, value in self._environ(**given).items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *words: str) -> Told:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        return Told(code, out.getvalue(), err.getvalue())


@pytest.fixture
def command(
    environ: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[CommandLine]:
    """The command line, in a folder and with a database of this test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    yield CommandLine(environ, monkeypatch)
    logging.captureWarnings(False)
    root = logging.getLogger()
    for handler in [known for known in root.handlers if known.name == HANDLER]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)


@pytest.fixture
def log(command: CommandLine) -> CommandLine:
    """Three events, and the first key signs."""
    command.settings(audit_keys=SEEDS[0])
    for _ in range(3):
        command("start", "abc")
    return command


@pytest.fixture
def telling(settings: Callable[..., Settings], store_url: str, clock: HandClock) -> Callable[..., Any]:
    """`with telling(server) as services`: services that tell this server, on each store."""

    @contextmanager
    def build(server: Upstream, **more: object) -> Iterator[Services]:
        chosen = {"webhook_url": f"{server.url}/{CANARY}", "webhook_secret": SECRET, "webhook_private": "true"}
        with open_services(
            settings(database_url=store_url, **{**chosen, **more}), clock=clock, migrate=True
        ) as services:
            yield services

    return build
