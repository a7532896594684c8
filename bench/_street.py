"""What benchmarks share: the real programs on a fresh database, untouched by the settings of whoever measures."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from signup.flow.start import start
from signup.services import Services, open_services
from signup.settings import load
from signup.settings_sources import PREFIX
from tests.fakes import ScriptedTruecaller
from tests.machine import CHROMIUMS, QUIET, eventually
from tests.web.receiver_tools import Address, ask, head

ROOT = Path(__file__).parent.parent
FIRST_NUMBER = 46700000000
PORTS = ("dashboard_port", "callback_port", "sandbox_port", "api_port")
"""Of the programs that the dashboard starts with itself, a street needs free ones."""


@dataclass(frozen=True)
class Street:
    """A folder with a migrated database, and the environment of every program that runs there."""

    folder: Path
    environ: dict[str, str]

    def run(self, *words: str) -> str:
        """What `python -m WORDS` says on stdout; RuntimeError with its stderr when it fails."""
        command = [sys.executable, "-m", *words]
        done = subprocess.run(
            command, env=self.environ, cwd=self.folder, check=False, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """`python -m WORDS`, killed at the end. What it says goes to a file in the folder."""
        command = [sys.executable, "-m", *words]
        with (
            (self.folder / "said").open("ab") as said,
            subprocess.Popen(command, env=self.environ, cwd=self.folder, stdout=said, stderr=said) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def services(self, truecaller: ScriptedTruecaller | None = None) -> Iterator[Services]:
        """The same database in this process."""
        with open_services(load(self.environ, env_file=None), truecaller=truecaller) as services:
            yield services

    @contextmanager
    def people(self) -> Iterator["People"]:
        """Those whom Truecaller asks; no HTTP behind it."""
        truecaller = ScriptedTruecaller()
        with self.services(truecaller) as services:
            yield People(services, truecaller)


@dataclass(frozen=True)
class People:
    """People who will approve, each with a number of their own."""

    services: Services
    truecaller: ScriptedTruecaller

    def approval(self) -> bytes:
        """Starts one more sign-up: the body of the callback that approves it."""
        number = FIRST_NUMBER + len(self.truecaller.asked)
        start(self.services, f"+{number}", channel="web", actor="cli")
        asked = self.truecaller.asked
        words = {"requestId": f"request-{len(asked)}", "accessToken": f"token-of-{number}", "state": asked[-1][1]}
        return json.dumps(words).encode()


@contextmanager
def street(**given: object) -> Iterator[Street]:
    """`street(callback_port=8602)`: a street with these settings; on SQLite unless `database_url` says otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"data_dir": folder, "database_url": f"sqlite:///{folder}/signup.db"} | given
        theirs = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        ours = {PREFIX + name.upper(): str(value) for name, value in chosen.items()}
        fresh = Street(Path(folder), theirs | {"PYTHONPATH": str(ROOT)} | ours)
        fresh.run("signup", "migrate")
        yield fresh


@contextmanager
def chromium() -> Iterator[Any]:
    """The machine's own, through Playwright."""
    from playwright.sync_api import sync_playwright  # heavy, and only here

    program = next(filter(None, map(shutil.which, CHROMIUMS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


def wait_for(*addresses: Address) -> None:
    """Until each program answers."""
    for address in addresses:
        eventually(partial(_answers, address), 30)


def _answers(address: Address) -> bool:
    with suppress(OSError):
        return ask(address, head("GET", "/healthz"), "GET").status == 200
    return False
