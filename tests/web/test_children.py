"""The programs that the dashboard runs beside itself: real processes, and a clock that is moved by hand."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dashboard.children import PAUSE_SECONDS, Child, answers
from signup.clock import HandClock
from tests.machine import eventually, free_port


@pytest.fixture
def child(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Child]]:
    """`child("sandbox")`: begun, on a port of its own."""
    begun: list[Child] = []

    def build(program: str) -> Child:
        port = free_port()
        monkeypatch.setenv("SIGNUP_SANDBOX_PORT", str(port))
        begun.append(Child(program, port, clock))
        begun[-1].begin()
        return begun[-1]

    yield build
    for one in begun:
        one.end()


def died(child: Child) -> int:
    """It is killed; its process id, which is a zombie's or will be."""
    assert child.process is not None
    pid = child.process.pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not answers(child.port))
    return pid


def state(pid: int) -> str:
    """The state of a process as the kernel tells it: Z is a zombie; nothing when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def test_one_that_was_killed_is_reaped_and_begun_again(child: Callable[[str], Child], clock: HandClock) -> None:
    sandbox = child("sandbox")
    eventually(lambda: answers(sandbox.port), 30)
    clock.move(PAUSE_SECONDS)
    pid = died(sandbox)
    eventually(lambda: sandbox.look() or state(pid) == "")
    eventually(lambda: answers(sandbox.port), 30)
    sandbox.end()
    assert not answers(sandbox.port)


def test_one_that_cannot_start_is_begun_again_only_every_ten_seconds(
    child: Callable[[str], Child], clock: HandClock
) -> None:
    broken = child("tests.no_such_program")
    first = broken.process
    assert first is not None
    eventually(lambda: state(first.pid) == "Z", 30)
    for _ in range(PAUSE_SECONDS):
        broken.look()
        assert broken.process is first
        clock.move(1)
    assert state(first.pid) == "", "reaped at the first look"
    broken.look()
    assert broken.process is not first


def test_one_whose_place_somebody_else_has_taken_is_not_begun_again(
    child: Callable[[str], Child], clock: HandClock
) -> None:
    broken = child("tests.no_such_program")
    first = broken.process
    assert first is not None
    eventually(lambda: state(first.pid) == "Z", 30)
    clock.move(PAUSE_SECONDS)
    with closing(socket.create_server(("127.0.0.1", broken.port))):
        broken.look()
        assert broken.process is first


def test_one_that_lives_is_left_alone(child: Callable[[str], Child], clock: HandClock) -> None:
    sandbox = child("sandbox")
    first = sandbox.process
    clock.move(PAUSE_SECONDS)
    sandbox.look()
    assert sandbox.process is first
