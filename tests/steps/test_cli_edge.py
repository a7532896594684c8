"""Where the command line begins and ends: usage, exit codes, one line on stderr, nothing heavy."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signup.commands.edge import COMMANDS
from signup.services import open_services
from signup.settings import load
from signup.store.driver import sqlite
from tests.machine import ROOT
from tests.steps.conftest import CommandLine, Told
from tests.steps.test_export import write

LATER = ("report", "scenario")
HEAVY = {"pandas", "numpy", "streamlit", "flask", "sqlite_utils", "altair", "werkzeug"}


def program(folder: Path, environ: dict[str, str], *words: str, stdin: int | None = None) -> subprocess.Popen[str]:
    """`python -m signup ...` as a process of its own, in a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "signup", *words],
        cwd=folder,
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(told: Told) -> bool:
    """One line on stderr, nothing on stdout, exit 2."""
    return told.code == 2 and told.out == "" and len(told.err.splitlines()) == 1


def test_without_a_command_it_says_so_in_one_line(command: CommandLine) -> None:
    assert refused(command())


def test_words_that_nobody_else_should_read_come_on_stdin(
    tmp_path: Path, environ: Callable[..., dict[str, str]]
) -> None:
    with program(tmp_path, environ(), "start", "--json", "--stdin", stdin=subprocess.PIPE) as start:
        out, _ = start.communicate("--region=SE\n123\n", timeout=60)
    assert (start.returncode, json.loads(out)["code"]) == (4, "number_invalid")


def test_words_on_stdin_that_do_not_fit_are_not_repeated(
    tmp_path: Path, environ: Callable[..., dict[str, str]]
) -> None:
    with program(tmp_path, environ(), "events", "--stdin", stdin=subprocess.PIPE) as events:
        out, err = events.communicate("Ada Lovelace\r\n", timeout=60)
    assert (events.returncode, out, "Ada" in err, len(err.splitlines())) == (2, "", False, 1)


@pytest.mark.parametrize("name", [*LATER, "nonsense", "--version"])
def test_what_is_not_offered_is_a_usage_error(command: CommandLine, name: str) -> None:
    assert refused(command(name))


@pytest.mark.parametrize(
    "words",
    [
        ("start",),
        ("start", "+46761234567", "+46761234568"),
        ("show",),
        ("list", "--status", "lost"),
        ("list", "--limit", "0"),
        ("list", "--limit", "1001"),
        ("list", "--lim", "1"),
        ("list", "--since", "yesterday"),
        ("events", "--after", "-1"),
        ("events", "--limit", "9" * 23),
        ("events", "--kind", "signup.stated"),
        ("events", "--signup", "abc"),
        ("events", "--text", "  "),
        ("export", "--format", "csv", "--out", "x", "--told-by", "watcher"),
        ("export", "--format", "csv"),
        ("export", "--format", "csv", "--out", "x" * 300),
        ("verify", "x" * 300),
        ("export", "--format", "xls", "--out", "x"),
        ("export", "--format", "csv", "--out", "x", "--from", "2026-11-28", "--to", "2026-11-27"),
        ("export", "--format", "csv", "--out", "x", "--from", "2026-11-28", "--to", "2026-11-28"),
        ("stats", "--tz", "Mars/Olympus"),
        ("stats", "--interval", "fortnight"),
        ("stats", "--from", "2026-11-24", "--to", "2026-11-23"),
        ("seed", "--signups", "none"),
        ("seed", "--days", "0"),
        ("start", "070-174 06 10", "--region", "Sweden"),
        ("start", "+46701740610", "--channel", "Web Site"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(command: CommandLine, words: tuple[str, ...]) -> None:
    told = command(*words)
    assert refused(told)
    assert "This command broke" not in told.err


def test_a_wrong_kind_is_met_with_the_nearest_one(command: CommandLine) -> None:
    assert "signup.started" in command("events", "--kind", "signup.stated").err


def test_a_kind_like_no_other_is_met_with_the_families(command: CommandLine) -> None:
    assert "signup.*" in command("events", "--kind", "nope").err


@pytest.mark.parametrize("words", [("list",), ("export", "--what", "signups", "--format", "csv", "--out", "x")])
def test_a_wrong_status_is_met_with_those_there_are(command: CommandLine, words: tuple[str, ...]) -> None:
    told = command(*words, "--status", "nope").err
    assert "'requested'" in told
    assert "<" not in told


def test_an_export_of_a_range_that_ends_before_it_begins_writes_no_file(command: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "events.csv"
    told = command("export", "--format", "csv", "--out", str(out), "--from", "2026-11-28", "--to", "2026-11-27")
    assert "choose a start before its end" in told.err
    assert not out.exists()


@pytest.mark.parametrize("words", [("list",), ("verify",), ("doctor", "--json"), ("--help",)])
def test_a_full_disk_behind_stdout_is_never_an_answer(
    tmp_path: Path, environ: Callable[..., dict[str, str]], words: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [sys.executable, "-m", "signup", *words],
            cwd=tmp_path,
            env={**os.environ, **environ(), "PYTHONPATH": str(ROOT)},
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert told.returncode == 2
    last = "stdout cannot be written (No space left on device): make room there, or send it elsewhere."
    assert told.stderr.splitlines()[-1] == last
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(("closed", "told"), [(">&-", "stdout is closed"), ("2>&- --status=nope", "")])
def test_a_closed_stream_is_no_answer_either(
    tmp_path: Path, environ: Callable[..., dict[str, str]], closed: str, told: str
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -m signup list {closed}"],
        cwd=tmp_path,
        env={**os.environ, **environ(), "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) <= 1


def test_what_nobody_expected_is_logged_and_no_answer(command: CommandLine, tmp_path: Path) -> None:
    command.settings(request_url="http://127.0.0.1:9/v1")
    command("start", "+46761234567")
    other = sqlite.connect(str(tmp_path / "data" / "signup.db"), isolation_level=None)
    other.execute("UPDATE signups SET started_at = '2026-11-24'")
    other.close()
    told = command("list")
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines()[-1].startswith("This command broke (ValueError).")


def test_help_lists_every_command(command: CommandLine) -> None:
    told = command("--help")
    assert told.code == 0
    assert all(f"\n    {name}" in told.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(command: CommandLine, name: str) -> None:
    told = command(name, "--help")
    assert told.code == 0
    assert f"python -m signup {name}" in told.out
    assert "--json" in told.out


def test_options_stand_in_any_order(command: CommandLine) -> None:
    first = command("events", "--limit", "1", "--json", "--after", "0")
    second = command("events", "--json", "--after", "0", "--limit", "1")
    assert first == second
    assert first.code == 0


def test_wrong_settings_are_told_together(command: CommandLine) -> None:
    command.settings(lock_seconds="soon", mode="dead")
    told = command("list")
    assert refused(told)
    assert "SIGNUP_LOCK_SECONDS" in told.err
    assert "SIGNUP_MODE" in told.err


def test_live_mode_without_an_app_key_refuses_to_start(command: CommandLine) -> None:
    command.settings(mode="live")
    told = command("migrate")
    assert refused(told)
    assert "SIGNUP_APP_KEY" in told.err


def test_a_database_of_the_other_mode_is_refused_by_name(command: CommandLine) -> None:
    command("migrate")
    command.settings(mode="live", app_key="a-key")
    told = command("list")
    assert refused(told)
    assert "sandbox mode" in told.err
    assert "SIGNUP_DATABASE_URL" in told.err


def test_a_database_that_cannot_be_opened_is_refused_by_name(command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "data" / "signup.db").mkdir(parents=True)
    told = command("list")
    assert refused(told)
    assert "signup.db" in told.err


def test_a_locked_database_can_still_be_read(command: CommandLine, tmp_path: Path) -> None:
    command("migrate")
    other = sqlite.connect(str(tmp_path / "data" / "signup.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert command("list").code == 0
    other.close()


def test_a_locked_database_cannot_be_written_and_says_so(command: CommandLine, tmp_path: Path) -> None:
    command("migrate")
    other = sqlite.connect(str(tmp_path / "data" / "signup.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told = command("start", "abc")
    other.close()
    assert refused(told)
    assert "locked" in told.err


def test_an_altered_record_is_a_no(command: CommandLine, tmp_path: Path) -> None:
    command("start", "abc")
    command("events")
    other = sqlite.connect(str(tmp_path / "data" / "signup.db"), isolation_level=None)
    other.execute("UPDATE audit_log SET seq = 5")
    other.close()
    told = command("events")
    assert (told.code, told.out) == (1, "")
    assert "changed from outside" in told.err


def test_in_live_mode_there_is_no_seed(command: CommandLine) -> None:
    command.settings(mode="live", app_key="a-key")
    assert refused(command("seed"))
    assert refused(command("seed", "--help"))
    assert "seed" not in command("--help").out


def test_help_works_with_wrong_settings(command: CommandLine) -> None:
    command.settings(mode="dead")
    assert command("--help").code == 0


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, environ: Callable[..., dict[str, str]]) -> None:
    with open_services(load(environ(), env_file=None), migrate=True) as services:
        write(services, 1500)
    talking = program(tmp_path, environ(), "events", "--json")
    assert talking.stdout is not None
    assert talking.stderr is not None
    assert talking.stdout.readline()
    talking.stdout.close()
    assert talking.wait(30) == 141
    assert talking.stderr.read() == ""
    talking.stderr.close()


def test_ctrl_c_leaves_without_a_word(tmp_path: Path, environ: Callable[..., dict[str, str]]) -> None:
    rejecting = program(tmp_path, environ(), "start", "abc")
    rejecting.communicate(timeout=30)
    following = program(tmp_path, environ(), "events", "--follow", "--json")
    assert following.stdout is not None
    assert "number.rejected" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=30)
    assert (following.returncode, out, err) == (130, "", "")


LIGHT = [*((name, "--help") for name in COMMANDS), ("list",), ("events",), ("show", "x")]
LOOK = """
import json, os, sys
import signup.commands.session
from signup.commands.edge import main

for words in json.loads(sys.argv[1]):
    sys.stdout.flush()
    if os.fork() == 0:
        main(words)
        print(json.dumps(["these", words, *sys.modules]), flush=True)
        os._exit(0)
    os.wait()
"""
"""Each command runs in a process that has imported little more than all of them need, and tells what it knows then."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], set[str]]:
    """What each of LIGHT imports."""
    folder = tmp_path_factory.mktemp("light")
    environ = {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db"}
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(LIGHT)],
        cwd=folder,
        env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('["these"')]
    return {tuple(words): set(modules) for _, words, *modules in told}


@pytest.mark.parametrize("words", LIGHT)
def test_nothing_heavy_is_imported(imported: dict[tuple[str, ...], set[str]], words: tuple[str, ...]) -> None:
    light = {"requests"} if words[0] not in ("doctor", "scenario", "--help") else set()
    assert "signup.commands.edge" in imported[words]
    assert imported[words] & (HEAVY | light) == set()


def test_letters_that_a_terminal_lacks_are_no_error(tmp_path: Path, environ: Callable[..., dict[str, str]]) -> None:
    old = {**environ(request_url="http://127.0.0.1:9/v1"), "PYTHONIOENCODING": "ascii"}
    out, err = program(tmp_path, old, "start", "+46701740610").communicate(timeout=30)
    assert "+46 ??? ??? 06 10" in out
    assert "Traceback" not in err
