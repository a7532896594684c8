"""The programs that the dashboard runs beside itself: real processes, and a clock that is moved by hand."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dashboard.children import PAUSE_SECONDS, Child, answers, needed
from sandbox.personas import PERSONAS
from signup.clock import HandClock
from signup.flow.start import start
from signup.services import Services, open_services
from signup.settings import Settings, load
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


@pytest.fixture
def chosen(environ: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """`chosen(callback_bind="::1")`: settings on free ports, which children read too."""

    def build(**given: object) -> Settings:
        ports = {name: free_port() for name in ("dashboard_port", "callback_port", "sandbox_port", "api_port")}
        environment = environ(**ports, **given)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load(environment, env_file=None)

    return build


@pytest.fixture
def both() -> Iterator[Callable[[Settings], list[Child]]]:
    """`both(settings)`: those of the two that are needed, begun."""
    begun: list[Child] = []

    def begin(settings: Settings) -> list[Child]:
        begun.extend(needed(settings))
        return begun

    yield begin
    for one in begun:
        one.end()


def arrived(services: Services) -> Any:
    with services.store.read() as tx:
        return tx.one("last_callback")


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


def test_the_sandbox_posts_its_callbacks_to_wherever_the_receiver_listens(
    both: Callable[..., list[Child]], chosen: Callable[..., Settings]
) -> None:
    settings = chosen(callback_bind="::1")
    with open_services(settings, migrate=True) as services:
        begun = both(settings)
        assert [child.program for child in begun] == ["sandbox", "callback_server"]
        eventually(lambda: all(answers(child.port, child.host) for child in begun), 30)
        start(services, f"+{PERSONAS[0].numbers[0]}", channel="web", actor="cli")
        eventually(lambda: arrived(services))


def test_a_receiver_that_runs_already_is_found_wherever_it_listens(
    both: Callable[..., list[Child]], chosen: Callable[..., Settings]
) -> None:
    settings = chosen(callback_bind="127.0.0.2")
    theirs = ("127.0.0.2", settings.callback_port), ("127.0.0.1", settings.sandbox_port)
    with closing(socket.create_server(theirs[0])), closing(socket.create_server(theirs[1])):
        assert both(settings) == []


def test_one_that_lives_is_left_alone(child: Callable[[str], Child], clock: HandClock) -> None:
    sandbox = child("sandbox")
    first = sandbox.process
    clock.move(PAUSE_SECONDS)
    sandbox.look()
    assert sandbox.process is first
