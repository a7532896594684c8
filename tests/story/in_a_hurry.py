"""The street within one process and in a hurry: receiver, sandbox and a watcher, for tests that walk beside them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.clock import NAME, Clock
from sandbox.serve import running
from signup.flow.watch import Watcher
from signup.services import Services
from tests.machine import free_port
from tests.web.receiver_tools import PATH, environment, receiving

SPEED = 10


@contextmanager
def walking(folder: Path, **lives: str) -> Iterator[tuple[Services, dict[str, str]]]:
    """All of it at work, and the settings under which it is; the personas are ten times as fast."""
    port, stop = free_port(), threading.Event()
    more = {"SIGNUP_SANDBOX_PORT": str(port), "SIGNUP_CALLBACK_PORT": str(free_port()), **lives}
    with (
        receiving(folder, **more) as (services, address),
        running(callback=f"http://127.0.0.1:{address[1]}{PATH}", port=port, speed=SPEED, clock=Clock(folder / NAME)),
    ):
        watching = threading.Thread(target=Watcher(services, "watch", say=lambda _: None).run, args=(stop,))
        watching.start()
        try:
            yield services, environment(folder, **more)
        finally:
            stop.set()
            watching.join(10)
