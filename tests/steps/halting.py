"""`python -m signup` that halts at its first line of progress, until its stdin ends."""

import sys
from typing import Any

from signup.commands import edge


class Halting:
    """stderr that waits, once a line of progress was written, for stdin to end."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        self._stream.write(text)
        if text.startswith('{"done"'):
            self._stream.flush()
            sys.stdin.read()


if __name__ == "__main__":
    sys.stderr = Halting()  # type: ignore[assignment]
    sys.exit(edge.main())
