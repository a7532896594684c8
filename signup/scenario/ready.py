"""What a scenario needs around it: everything running; and the patience to wait for what others do.

It must not start a program: whoever runs a scenario has started them, or the dashboard has.
"""

from collections.abc import Callable
from threading import Event
from typing import TypeVar

from signup.doctor import inward, machine, outward
from signup.doctor.check import Finding
from signup.errors import SignupError, UsageWrong
from signup.services import Services

LOOK_SECONDS = 0.05
READY_SECONDS = 3.0
"""A watcher shows itself a moment after the clock was moved."""

Found = TypeVar("Found")


def insist(services: Services) -> None:
    """Raise SignupError with the cure unless sandbox, receiver and watcher run, UsageWrong in live mode."""
    if services.settings.mode != "sandbox":
        raise UsageWrong("There is no sandbox in live mode, so no scenario can be played.")
    for found in (outward.sandbox(services), inward.receiver(services)):
        _pass(found)
    until(services, READY_SECONDS, lambda: machine.watcher(services).ok)
    _pass(machine.watcher(services))


def until(services: Services, seconds: float, look: Callable[[], Found], stop: Event | None = None) -> Found:
    """What `look` gives once that is true, or its last word after so many seconds. Raises as `go_on` does."""
    stop = stop or Event()
    deadline = services.clock.monotonic() + seconds
    while not (found := look()) and services.clock.monotonic() < deadline:
        stop.wait(LOOK_SECONDS)
        go_on(stop)
    return found


def go_on(stop: Event) -> None:
    """Raise SignupError once somebody wants it to end."""
    if stop.is_set():
        raise SignupError("It was stopped: what it had begun goes on by itself.")


def _pass(found: Finding | None) -> None:
    if found and not found.ok:
        raise SignupError(
            f"A scenario is played against everything that make run starts. {found.detail} {found.cure or ''}".rstrip()
        )
