"""The clock that moves: one file, read by all, moved forward by anybody, never lost and never falling."""

import os
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from sandbox.clock import NAME, Clock
from signup.clock import SystemClock
from signup.errors import UsageWrong
from signup.sandbox_clock import MOST_SECONDS, SandboxClock
from signup.services import open_services


def moved_often(folder: Path) -> None:
    clock = SandboxClock(folder)
    for _ in range(25):
        clock.move(1)


def test_who_moves_it_moves_everybody_and_both_sides_of_the_street(tmp_path: Path) -> None:
    ours, another, theirs = SandboxClock(tmp_path), SandboxClock(tmp_path), Clock(tmp_path / NAME)
    assert (another.ahead(), theirs.ahead()) == (0, 0)
    assert ours.move(300.5) == 300.5
    assert (another.ahead(), theirs.ahead()) == (300.5, 300.5)
    assert abs(theirs.now() - another.now()) < timedelta(seconds=5)
    assert another.now() - SystemClock().now() > timedelta(seconds=295)


def test_only_the_wall_clock_moves_and_durations_do_not(tmp_path: Path) -> None:
    clock = SandboxClock(tmp_path)
    before = clock.monotonic()
    clock.move(3600)
    assert clock.monotonic() - before < 60


def test_no_move_of_several_processes_is_lost(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as processes:
        list(processes.map(moved_often, [tmp_path] * 3))
    assert SandboxClock(tmp_path).ahead() == 75
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sandbox-clock", "sandbox-clock.lock"]


def test_each_of_many_quick_moves_is_seen(tmp_path: Path) -> None:
    ours, another, theirs = SandboxClock(tmp_path), SandboxClock(tmp_path), Clock(tmp_path / NAME)
    for seconds in range(1, 101):
        ours.move(1)
        assert (another.ahead(), theirs.ahead()) == (seconds, seconds)


@pytest.mark.parametrize("content", ["", "soon", "nan", "-5", "inf", "1e300", "10"])
def test_it_never_falls_whatever_becomes_of_the_file(tmp_path: Path, content: str) -> None:
    clock, theirs = SandboxClock(tmp_path), Clock(tmp_path / NAME)
    clock.move(60)
    assert (clock.ahead(), theirs.ahead()) == (60, 60)
    (tmp_path / NAME).write_text(content)
    os.utime(tmp_path / NAME, (1, 1))
    assert (clock.ahead(), theirs.ahead()) == (60, 60)
    (tmp_path / NAME).unlink()
    assert (clock.ahead(), theirs.ahead()) == (60, 60)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), MOST_SECONDS + 1])
def test_a_move_that_makes_no_sense_is_refused_and_changes_nothing(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(UsageWrong, match="forward only"):
        SandboxClock(tmp_path).move(seconds)
    assert SandboxClock(tmp_path).ahead() == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageWrong, match="cannot be written"):
        SandboxClock(tmp_path / "file").move(1)


def test_in_live_mode_nothing_is_read_and_there_is_nothing_to_move(settings, tmp_path: Path) -> None:
    SandboxClock(tmp_path / "data").move(3600)
    with open_services(settings(mode="live", app_key="canary"), migrate=True) as services:
        assert type(services.clock) is SystemClock
        assert services.clock.ahead() == 0
