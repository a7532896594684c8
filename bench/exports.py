"""Exports: CSV beside `sqlite-utils rows --csv` on the same rows, and what a hundred times the rows add in memory.

    sqlite-utils rows FILE events --csv     all columns, or the six that both files have; no cell is made safe
    python -m signup export --format csv    checks each row, makes each cell safe, tells the log, syncs and hashes

Each a process of its own, start included. As a program (`python -m bench.exports WORD...`): the command line itself,
which prints its peak memory at the end.
"""

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import Figure, peak
from bench.verify import FEW, MANY, MOST_MEGABYTES, RUNS, build
from signup.commands.edge import main
from signup.record.forms import FORMS

COLUMNS = ("seq", "at", "kind", "signup_id", "actor", "details")


def figures() -> Iterator[Figure]:
    """CPU of both as a ratio (at most 1: ours is as fast), and megabytes by format."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows in (FEW, MANY):
            (folder / str(rows)).mkdir()
            build(folder / str(rows) / "signup.db", rows)
        ours = min(exported(folder / str(MANY), "csv")[0] for _ in range(RUNS))
        yield Figure(f"CSV of {MANY:,} rows, ours", ours, "s CPU")
        for what, columns in (("our columns", COLUMNS), ("all columns", ())):
            theirs = min(listed(folder / str(MANY), columns) for _ in range(RUNS))
            yield Figure(f"the same, sqlite-utils, {what}", theirs, "s CPU")
            yield Figure(f"ours over sqlite-utils, {what}", ours / theirs, "times", 1)
        for form in (*FORMS, "bundle"):
            few, many = (exported(folder / str(rows), form)[1] for rows in (FEW, MANY))
            yield Figure(f"memory of {form}, {MANY:,} rows over {FEW:,}", many - few, "MB", MOST_MEGABYTES)


def exported(folder: Path, form: str) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one export."""
    settings = {
        "SIGNUP_DATA_DIR": str(folder),
        "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db",
        "SIGNUP_AUDIT_KEYS": base64.b64encode(bytes(32)).decode(),  # the key that bench.verify signs with
    }
    words = ["-m", "bench.exports", "export", "--format", form, "--out", str(folder / "out"), "--json"]
    seconds, told = ran([sys.executable, *words], settings)
    return seconds, float(told.split()[-1])


def listed(folder: Path, columns: tuple[str, ...]) -> float:
    """CPU seconds of sqlite-utils."""
    chosen = [word for column in columns for word in ("-c", column)]
    program = str(Path(sys.executable).with_name("sqlite-utils"))
    with (folder / "theirs").open("wb") as out:
        return ran([program, "rows", str(folder / "signup.db"), "events", "--csv", *chosen], {}, out.fileno())[0]


def ran(words: list[str], settings: dict[str, str], stdout: int = subprocess.PIPE) -> tuple[float, str]:
    """CPU seconds of a process, and what it said."""
    process = subprocess.Popen(words, env={**os.environ, **settings}, stdout=stdout, stderr=subprocess.DEVNULL)
    told = process.stdout.read().decode() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return used.ru_utime + used.ru_stime, told


if __name__ == "__main__":
    code = main()
    print(peak())
    sys.exit(code)
