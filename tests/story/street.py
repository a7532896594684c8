"""The running street for the tests that walk it: the dashboard with all that it starts, and our commands beside it."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.machine import ROOT, eventually, free_port

PROGRAMS = ("DASHBOARD", "CALLBACK", "SANDBOX")


def settings_for(folder: Path) -> dict[str, str]:
    """Free ports, and a database in a folder of the test's own."""
    ports = {f"SIGNUP_{name}_PORT": str(free_port()) for name in (*PROGRAMS, "API")}
    return {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", **ports}


@contextmanager
def dashboard(chosen: dict[str, str], said: BinaryIO | None = None) -> Iterator[str]:
    """`python -m dashboard` with everything it starts; its address. At the end nothing of it is left."""
    port = int(chosen["SIGNUP_DASHBOARD_PORT"])
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard"], env={**os.environ, **chosen}, cwd=ROOT, stdout=said, stderr=said
    )
    try:
        for name in PROGRAMS:
            eventually(lambda name=name: answers(int(chosen[f"SIGNUP_{name}_PORT"])), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(15) == 0
    assert not any(answers(int(chosen[f"SIGNUP_{name}_PORT"])) for name in PROGRAMS)


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Street:
    """The running street: the dashboard's address, and the settings under which its other programs run."""

    address: str
    chosen: dict[str, str]

    def command(self, *words: str) -> str:
        """What a command says on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "signup", *words],
            env={**os.environ, **self.chosen},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout
