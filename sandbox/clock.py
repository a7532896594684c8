"""The sandbox's time: the only module here that asks the machine what time it is. It must not know what that is for.

A count of seconds that no moved clock reaches is something else; whoever needs one takes the machine's.

A file says how many seconds the sandbox is ahead of the machine, so that a test or a person can let ten minutes pass in
a moment; whoever plays against the sandbox replaces it and is ahead by the same.
"""

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

NAME = "sandbox-clock"
MOST_SECONDS = 3650 * 86_400.0


class Clock:
    """The machine's clock, ahead by what the file says; without one they are the same."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._written = 0
        self._ahead = 0.0

    def ahead(self) -> float:
        """Seconds ahead of the machine; never falling. The file is read when it was replaced."""
        with self._lock:
            if self._file:
                with suppress(OSError, ValueError):  # no file, or one that says nothing
                    self._look(self._file)
            return self._ahead

    def _look(self, file: Path) -> None:
        written = file.stat().st_mtime_ns
        if written != self._written:
            told = float(file.read_text("ascii"))
            self._written = written
            self._ahead = max(self._ahead, told if told <= MOST_SECONDS else 0.0)

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead())

    def seconds(self) -> float:
        """Seconds that never run backwards, for what is due later; a moved clock jumps them too."""
        return time.monotonic() + self.ahead()


def text(moment: datetime) -> str:
    """A moment as fixed-width UTC text, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, which sorts as it reads."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
