"""What several stories ask for: the command line, and a street within one process for those that play scenarios."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signup.services import Services
from tests.steps import conftest
from tests.steps.conftest import CommandLine
from tests.story.in_a_hurry import walking

command = conftest.command


@pytest.fixture
def street(tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """Receiver, sandbox and watcher at work, and the command line beside them with the same settings."""
    with walking(tmp_path) as (services, chosen):
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        yield services
