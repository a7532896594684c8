"""The clock that moves: in sandbox mode all programs are ahead of the machine by what one file says.

    SIGNUP_DATA_DIR/sandbox-clock      decimal seconds, replaced whole, never falling

Services hand it to every step; the Try page moves it, so that five or ten minutes pass in a moment. Only the wall clock
moves: durations and deadlines go by `monotonic`, which stays the machine's. In live mode nobody makes one, so there
is nothing to move and nothing is read.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from signup.clock import SystemClock
from signup.errors import UsageWrong

NAME = "sandbox-clock"
MOST_SECONDS = 3650 * 86_400.0


class SandboxClock(SystemClock):
    """The machine's clock and what the file of a data folder is ahead; looked at anew when it was replaced."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._lock = Lock()
        self._written = 0
        self._ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead())

    def ahead(self) -> float:
        written = self._stamp()
        if written and written != self._written:
            told = _told(self._file)
            with self._lock:
                self._ahead, self._written = max(self._ahead, told), written
        return self._ahead

    def move(self, seconds: float) -> float:
        """Put everybody so much further ahead; how far that is. Two who move at once add up. Raises UsageWrong."""
        try:
            with _alone(self._file):
                ahead = self.ahead() + seconds
                if not (seconds > 0 and ahead <= MOST_SECONDS):
                    raise UsageWrong("The clock moves forward only, and at most ten years: give fewer seconds.")
                self._replace(f"{ahead:.6f}\n")
        except OSError as error:
            raise UsageWrong(f"{self._file} cannot be written: check the folder, its rights and the disk.") from error
        return self.ahead()

    def _stamp(self) -> int:
        """When the file was replaced; 0 without one."""
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0

    def _replace(self, content: str) -> None:
        """Written beside its place and moved there, with a later stamp than the file before it has."""
        draft = self._file.with_name(f".{NAME}.{secrets.token_hex(4)}")
        try:
            with draft.open("x", encoding="ascii") as file:
                file.write(content)
            stamp = max(draft.stat().st_mtime_ns, self._stamp() + 1)
            os.utime(draft, ns=(stamp, stamp))
            draft.replace(self._file)
        finally:
            draft.unlink(missing_ok=True)


def _told(file: Path) -> float:
    """What the file says; 0 for what cannot be."""
    try:
        seconds = float(file.read_text("ascii"))
    except (OSError, ValueError):
        return 0.0
    return seconds if 0 <= seconds <= MOST_SECONDS else 0.0


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """While inside, no other process moves the clock."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
