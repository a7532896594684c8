"""`--progress`, and what is left when an export or a check is stopped half-way."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from signup.commands.progress import EVERY_SECONDS, Progress, how_far
from signup.record.forms import FORMS
from signup.record.verifier import verify
from signup.services import Services
from signup.store.driver import sqlite
from tests.machine import ROOT
from tests.steps.conftest import CommandLine
from tests.steps.test_export import told, write

Halted = Callable[..., list[subprocess.Popen[str]]]

ALL = [*FORMS, "bundle"]
STOPPED = 130
HALTING = Path(__file__).with_name("halting.py")


@pytest.fixture
def halted(
    services: Services, tmp_path: Path, environ: Callable[..., dict[str, str]]
) -> Iterator[Callable[..., list[subprocess.Popen[str]]]]:
    """`halted(["verify"])`: commands in processes of their own, each of which has just told its first progress."""
    write(services, 1500)

    def start(*commands: list[str]) -> list[subprocess.Popen[str]]:
        return [wait for wait in [begin(words) for words in commands] if begun(wait)]

    def begin(words: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, HALTING, *words, "--progress"],
            cwd=tmp_path,
            env={**environ(), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.enter_context(process)
        running.callback(process.kill)
        return process

    with ExitStack() as running:
        yield start


def begun(process: subprocess.Popen[str]) -> bool:
    assert process.stderr is not None
    found = any(line.startswith('{"done"') for line in process.stderr)
    assert found, "it ended before it told how far it is"
    return found


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"data"}


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of progress among what stands on stderr."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"done"')]


@pytest.mark.parametrize("form", ALL)
def test_progress_is_told_to_programs_line_by_line_up_to_the_whole(
    services: Services, command: CommandLine, tmp_path: Path, form: str
) -> None:
    write(services, 2500)
    answer = command("export", "--format", form, "--out", "log", "--json", "--progress")
    steps = lines(answer.err)
    assert answer.code == 0
    assert [set(step) for step in steps] == [{"done", "total", "bytes"}] * len(steps)
    assert steps[-1]["done"] == steps[-1]["total"] == answer.json["rows"]
    assert steps[-1]["bytes"] > 0


@pytest.mark.parametrize("what", [[], ["log.zip"], ["copy.db"]])
def test_a_check_tells_its_progress_too(
    services: Services, command: CommandLine, tmp_path: Path, what: list[str]
) -> None:
    write(services, 2500)
    command("export", "--format", "bundle", "--out", "log.zip")
    with closing(sqlite.connect(str(tmp_path / "data/signup.db"))) as database:
        database.execute("VACUUM INTO 'copy.db'")
    answer = command("verify", *what, "--json", "--progress")
    events = answer.json["events"]
    assert lines(answer.err)[-1] == {"done": events, "total": events, "bytes": None}


def test_an_export_of_nothing_tells_that_there_is_nothing(command: CommandLine) -> None:
    answer = command("export", "--format", "csv", "--out", "log", "--kind", "lock.hit", "--progress")
    (step,) = lines(answer.err)
    assert (step["done"], step["total"]) == (0, 0)


def test_without_being_asked_nothing_is_told(services: Services, command: CommandLine) -> None:
    write(services, 2500)
    assert command("export", "--format", "csv", "--out", "log").err == ""


def test_progress_comes_at_most_ten_times_a_second_and_the_last_always(capfd: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, *(number / 1000 for number in range(1001))])
    progress = Progress("Writing", people=False, lines=True, seconds=lambda: next(times))
    for done in range(1001):
        progress(done, 1000, done)
    told = [line["done"] for line in lines(capfd.readouterr().err)]
    assert (told[0], told[-1]) == (0, 1000)
    assert len(told) <= 1 / EVERY_SECONDS + 2


def test_people_see_rows_bytes_and_the_time_that_is_left() -> None:
    assert how_far("Writing", 3450, 5946, 2_100_000, 4.15) == ("Writing 3,450 of 5,946 rows · 2.1 MB · about 3 s left")
    assert how_far("Checking", 0, 100, None, 0.0) == "Checking 0 of 100 rows"
    assert how_far("Checking", 100, 100, None, 1.0) == "Checking 100 of 100 rows"


def test_people_see_one_line_in_place_that_is_gone_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    progress = Progress("Checking", people=True, lines=False)
    progress(1, 2)
    progress(2, 2)
    progress.clear()
    told = capfd.readouterr().err
    assert "\n" not in told
    assert told.split("\r")[1] == "\x1b[KChecking 1 of 2 rows · about 1 s left"
    assert told.split("\r")[-1] == "\x1b[K"


def test_an_export_that_is_asked_to_stop_leaves_nothing(services: Services, tmp_path: Path, halted: Halted) -> None:
    for form in ALL:
        (tmp_path / form).write_text("older")
    processes = halted(*(["export", "--format", form, "--out", form] for form in ALL))
    assert len(names(tmp_path)) == 2 * len(ALL), "each with its hidden file"
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, len(err.splitlines())) == (STOPPED, "", 1)
        assert err.startswith("Stopped before the end")
    assert names(tmp_path) == set(ALL)
    assert {(tmp_path / form).read_text() for form in ALL} == {"older"}
    kinds = [event.kind for event in told(services) if event.kind.startswith("audit.export")]
    assert kinds == ["audit.exported"] * len(ALL)


def test_control_c_and_impatience_leave_nothing_either(tmp_path: Path, halted: Halted) -> None:
    (process,) = halted(["export", "--format", "csv", "--out", "log"])
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == STOPPED
    assert names(tmp_path) == set()


def test_what_a_killed_export_leaves_is_taken_away_by_the_next(
    command: CommandLine, tmp_path: Path, halted: Halted
) -> None:
    for process in halted(*(["export", "--format", form, "--out", form] for form in ALL)):
        process.kill()
        process.wait()
    left = names(tmp_path)
    assert {name.rsplit(".", 2)[0] for name in left} == {f".{form}" for form in ALL}
    (tmp_path / ".csv.mine.part").write_text("somebody's own")
    assert command("export", "--format", "csv", "--out", "other").code == 0
    assert left < names(tmp_path), "they belong to other places"
    for form in ALL:
        assert command("export", "--format", form, "--out", form).code == 0
    assert names(tmp_path) == {*ALL, "other", ".csv.mine.part"}


def test_an_export_at_work_is_not_taken_away_by_the_next(command: CommandLine, tmp_path: Path, halted: Halted) -> None:
    (process,) = halted(["export", "--format", "csv", "--out", "log"])
    assert command("export", "--format", "csv", "--out", "log", "--kind", "lock.hit").code == 0
    process.communicate("go on", timeout=30)
    assert process.returncode == 0
    assert len((tmp_path / "log").read_bytes().splitlines()) > 1500
    assert names(tmp_path) == {"log"}


@pytest.mark.parametrize("what", [[], ["log.zip"]])
def test_a_check_that_is_asked_to_stop_says_so(command: CommandLine, halted: Halted, what: list[str]) -> None:
    assert command("export", "--format", "bundle", "--out", "log.zip").code == 0
    (process,) = halted(["verify", *what])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, len(err.splitlines())) == (STOPPED, "", 1)


def test_an_export_nobody_looks_at_any_more_stops(tmp_path: Path, halted: Halted) -> None:
    (process,) = halted(["export", "--format", "csv", "--out", "log"])
    assert process.stderr is not None
    assert process.stdin is not None
    process.stderr.close()
    process.stdin.close()
    assert process.wait(30) != 0
    assert names(tmp_path) == set()


def test_the_verifier_alone_tells_how_far_it_is(services: Services, command: CommandLine, tmp_path: Path) -> None:
    write(services, 2500)
    command("export", "--format", "bundle", "--out", "log.zip")
    steps: list[tuple[int, int]] = []
    report = verify.verify(str(tmp_path / "log.zip"), [], [], lambda *step: steps.append(step))
    assert report["valid"]
    assert steps == [(1000, 2501), (2000, 2501), (2501, 2501)]
