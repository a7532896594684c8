"""What a command prints: one JSON object a line for programs, tables for people.

It must not let a text that a stranger chose move the cursor or colour the terminal.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

GAP = "  "


class StdoutLost(Exception):
    """What a command prints cannot be kept where it was sent, such as on a full disk."""


def json_line(value: Any) -> None:
    """One JSON object on one line, ASCII."""
    _write(json.dumps(value))


def line(words: str) -> None:
    """One line for people."""
    _write(printable(words))


def problem(sentence: str) -> None:
    """One line on stderr: what happened and what to do; where that is closed, the exit code alone tells."""
    if sys.stderr is not None:
        sys.stderr.write(f"{printable(' '.join(sentence.split()))}\n")


def facts(pairs: Iterable[tuple[str, str | None]]) -> None:
    """Names and values below each other; a value that is None is left out."""
    known = [(name, value) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        line(f"{name:<{width}}{GAP}{value}")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Columns as wide as their widest cell; those numbered in `right` hold numbers."""
    lines = [heads, *rows]
    widths = [max(len(row[column]) for row in lines) for column in range(len(heads))]
    for row in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line(GAP.join(cells).rstrip())


def document(value: Any) -> None:
    """A nested value for people, indented."""
    for row in json.dumps(value, ensure_ascii=False, indent=2).split("\n"):
        line(row)


def seconds(moment: datetime | None) -> str | None:
    """A moment for people: 2026-11-24 14:00:05 UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else None


def printable(words: str) -> str:
    """Every letter that a terminal would not draw as its escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)


def in_place(words: str, *, last: bool) -> None:
    """One line on stderr that replaces the one before it."""
    sys.stderr.write(f"\r\x1b[K{'' if last else printable(words)}")
    sys.stderr.flush()


def progress_line(done: int, total: int, written: int | None) -> None:
    """`--progress`: one line on stderr, `{"done": 3000, "total": 5946, "bytes": 812345}`, handed on at once.

    done, total   rows so far, rows in all. 0 of 0: there are none. It starts over when the work does.
    bytes         written so far; null while only reading (`verify`)

    At most ten lines a second, and always the last, in which `done` is `total`. What has no `done` is something else:
    a new checkpoint (JSON with `note`), the log, or the sentence that says why nothing came of it. The answer itself
    stands on stdout, and the exit code decides: after 130 (SIGTERM or SIGINT) nothing half-written is left.
    """
    sys.stderr.write(json.dumps({"done": done, "total": total, "bytes": written}) + "\n")
    sys.stderr.flush()


def flush() -> None:
    """Hand on what was printed so far, for whoever waits at the other end of a pipe."""
    _to_stdout("", flushed=True)


def _write(words: str) -> None:
    _to_stdout(f"{words}\n")


def _to_stdout(words: str, *, flushed: bool = False) -> None:
    try:
        sys.stdout.write(words)
        if flushed:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read it has left, which is no fault
        raise
    except OSError as error:
        raise StdoutLost(error.strerror or type(error).__name__) from error
