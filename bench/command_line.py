"""What a command costs before its own work: CPU of its whole process, on an empty database."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from bench import Figure

LIMIT = 0.4
RUNS = 5
CANNOT = 2
COMMANDS = (["--help"], ["show", "00000000-0000-7000-8000-000000000000"], ["list"], ["events"], ["start", "nonsense"])


def figures() -> Iterator[Figure]:
    """The median CPU seconds of each command."""
    with tempfile.TemporaryDirectory() as folder:
        environ = os.environ | {
            "SIGNUP_DATA_DIR": folder,
            "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db",
        }
        seconds_of(["migrate"], environ)
        for command in COMMANDS:
            median = statistics.median(seconds_of(command, environ) for _ in range(RUNS))
            yield Figure(f"python -m signup {command[0]}", median, "s CPU", LIMIT)


def seconds_of(command: list[str], environ: dict[str, str]) -> float:
    """User and system seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "signup", *command], env=environ, check=False, capture_output=True, timeout=60
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
