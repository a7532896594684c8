"""The running street for the tests that walk it: the dashboard with all that it starts."""

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

from signup.services import open_services
from signup.settings import load
from tests.machine import ROOT, eventually, free_port

PROGRAMS = ("DASHBOARD", "CALLBACK", "SANDBOX")


def settings_for(folder: Path) -> dict[str, str]:
    """Free ports, and a database in a folder of the test's own."""
    ports = {f"SIGNUP_{name}_PORT": str(free_port()) for name in (*PROGRAMS, "API")}
    return {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", **ports}


@dataclass(frozen=True)
class Street:
    """The running street: the dashboard's address, and the settings under which its other programs run."""

    address: str
    chosen: dict[str, str]


@contextmanager
def walked(chosen: dict[str, str], said: BinaryIO | None = None) -> Iterator[Street]:
    """`python -m dashboard` with everything it starts, over a database without a past. At the end nothing is left."""
    with open_services(load(chosen, None), migrate=True):
        pass
    port = int(chosen["SIGNUP_DASHBOARD_PORT"])
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard"], env={**os.environ, **chosen}, cwd=ROOT, stdout=said, stderr=said
    )
    try:
        for name in PROGRAMS:
            eventually(lambda name=name: answers(int(chosen[f"SIGNUP_{name}_PORT"])), 60)
        yield Street(f"http://127.0.0.1:{port}", chosen)
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
