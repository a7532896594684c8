"""One scenario at a time in one sandbox: all of them share its clock and the numbers of its personas.

    SIGNUP_DATA_DIR/scenario.lock      held while a story is played, by a command or by a page; holds its name
    SIGNUP_DATA_DIR/scenario.next      held by the one who comes next, so that nobody plays twice before them

Whoever comes second waits, but not for ever, and knows for which. It must not know what is played.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from signup.errors import SignupError
from signup.scenario.ready import until
from signup.services import Services

NAME, NEXT = "scenario.lock", "scenario.next"
WAIT_SECONDS = 60.0
MOST_BYTES = 1_000


@contextmanager
def turn(services: Services, name: str, stop: Event, waits: Callable[[str | None], None]) -> Iterator[None]:
    """While inside, nobody else plays. `waits`: told the name of the story that is waited for, None when it is over.

    Raises SignupError when somebody plays for too long, and as `go_on` does.
    """
    folder = services.settings.data_dir
    with _opened(folder / NEXT) as following, _opened(folder / NAME) as playing:
        comes_next = False

        def mine() -> bool:
            nonlocal comes_next
            comes_next = comes_next or _taken(following)
            taken = comes_next and _taken(playing)
            if not taken:
                waits(_name(playing))
            return taken

        if not until(services, WAIT_SECONDS, mine, stop):
            raise SignupError(
                f"Another scenario was being played here for {WAIT_SECONDS:g} s: try again once it is over."
            )
        _leave(following)
        waits(None)
        _write(playing, name)
        yield


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SignupError(f"{file} cannot be written: check the folder, its rights and the disk.") from error
    try:
        yield handle
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # not every file system can lock: there nobody waits
        return not isinstance(error, BlockingIOError)
    return True


def _leave(handle: int) -> None:
    with suppress(OSError):  # as above
        fcntl.flock(handle, fcntl.LOCK_UN)


def _name(handle: int) -> str:
    return os.pread(handle, MOST_BYTES, 0).decode("utf-8", "replace")


def _write(handle: int, name: str) -> None:
    with suppress(OSError):  # a full disk is no reason not to play
        os.truncate(handle, 0)
        os.pwrite(handle, name.encode(), 0)
