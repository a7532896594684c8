"""One scenario at a time in one sandbox: all of them share its clock and the numbers of its personas.

    SIGNUP_DATA_DIR/scenario.lock      held for as long as a story is played, by a command or by a page

Whoever comes second waits, but not for ever. It must not know what is played.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from signup.errors import SignupError
from signup.scenario.ready import until
from signup.services import Services

NAME = "scenario.lock"
WAIT_SECONDS = 60.0


@contextmanager
def turn(services: Services, stop: Event) -> Iterator[None]:
    """While inside, nobody else plays. Raises SignupError when somebody does for too long, and as `go_on` does."""
    file = services.settings.data_dir / NAME
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise SignupError(f"{file} cannot be written: check the folder, its rights and the disk.") from error
    try:
        if not until(services, WAIT_SECONDS, lambda: _taken(handle), stop):
            raise SignupError(
                f"Another scenario was being played here for {WAIT_SECONDS:g} s: try again once it is over."
            )
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # not every file system can lock: there nobody waits
        return not isinstance(error, BlockingIOError)
    return True
