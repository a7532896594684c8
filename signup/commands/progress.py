"""How far a long command is, for whoever looks on, and its end when somebody asks for it.

`export` and `verify` run inside `watched`: SIGTERM and SIGINT end them with everything tidied up, people see one line
in place, a program reads JSON lines (output.progress_line). It must not know what the work is.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from signup.commands import output
from signup.commands.parsing import Options, Parser
from signup.words import size

STOPS = (signal.SIGTERM, signal.SIGINT)
EVERY_SECONDS = 0.1
STOPPED = "Stopped before the end: nothing half-written is left. Run it again for the whole."


class Progress:
    """Called with rows done, rows in all and bytes written (None: nothing is written), as often as one likes.

    Raises KeyboardInterrupt once somebody asked to stop, or does not look on any more.
    """

    def __init__(self, doing: str, *, people: bool, lines: bool, seconds: Callable[[], float] = time.monotonic) -> None:
        self._doing, self._people, self._lines, self._seconds = doing, people and not lines, lines, seconds
        self._began = seconds()
        self._next = self._began
        self._stopped = False

    def __call__(self, done: int, total: int, written: int | None = None) -> None:
        if self._stopped:  # what was raised at the signal can get lost where Python finalises something
            raise KeyboardInterrupt(STOPPED)
        now = self._seconds()
        if now < self._next and done < total:
            return
        self._next = now + EVERY_SECONDS
        try:
            if self._lines:
                output.progress_line(done, total, written)
            elif self._people:
                words = how_far(self._doing, done, total, written, now - self._began)
                output.in_place(words, last=done >= total)
        except BrokenPipeError:
            self._stopped = True
            raise KeyboardInterrupt from None

    def stop(self, *_: Any) -> None:
        """A signal came. Others that follow must not disturb the tidying up."""
        if not self._stopped:
            self._stopped = True
            raise KeyboardInterrupt(STOPPED)

    def clear(self) -> None:
        """Take the line away."""
        if self._people:
            output.in_place("", last=True)


@contextmanager
def watched(doing: str, options: Options) -> Iterator[Progress]:
    """A piece of work that tells how far it is and that can be stopped. `doing`: a word such as Writing."""
    progress = Progress(doing, people=sys.stderr.isatty(), lines=options.progress)
    before = {sign: signal.signal(sign, progress.stop) for sign in STOPS}
    try:
        yield progress
    finally:
        with suppress(BrokenPipeError):
            progress.clear()
        for sign, handler in before.items():
            signal.signal(sign, handler)


def how_far(doing: str, done: int, total: int, written: int | None, seconds: float) -> str:
    """For people: Writing 3,450 of 5,946 rows · 2.1 MB · about 3 s left."""
    parts = [f"{doing} {done:,} of {total:,} rows"]
    if written is not None:
        parts.append(size(str(written)))
    if 0 < done < total:
        parts.append(f"about {max(1, round(seconds * (total - done) / done)):,} s left")
    return " · ".join(parts)


def add_progress(parser: Parser) -> None:
    """The option of every command that can be watched."""
    parser.add_argument(
        "--progress",
        action="store_true",
        help='on stderr, at most ten times a second, one JSON line: {"done": rows, "total": rows, "bytes": written}',
    )
