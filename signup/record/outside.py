"""Checkpoints that an auditor kept outside, read from a file: whatever form they were kept in.

Signed notes, the lines of a log or of `data/checkpoints/` (other lines are passed over), or `checkpoints.json`. What
became of the file on its way is forgiven: a byte order mark, other ends of lines, what stands around an object in its
line. What is no checkpoint then is an error.

It must not judge them: whether one is signed, and by whom, is for trust.py.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from signup.errors import UsageWrong
from signup.record import checkpoint

LONGEST = 64 * 2**20
"""So many bytes may a line have, an array, or notes in one file."""
_WHOLE = re.compile(rb"signup-audit/|\[\s*(?:[]{]|$)")
_BLANK = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True)
class Given:
    """A checkpoint from outside: its note, and what was written beside it (None when the note stood alone)."""

    note: str
    beside: dict[str, Any] | None = None


def read(path: Path) -> list[Given]:
    """The checkpoints in a file, one or more. Raises UsageWrong when there is none."""
    try:
        with path.open("rb") as file:
            found = [_given(entry) for entry in _entries(file)]
    except (OSError, ValueError, RecursionError) as error:
        raise UsageWrong(f"The checkpoints in {path} cannot be read: give a file as it was kept.") from error
    if not found:
        raise UsageWrong(f"The file {path} holds no checkpoint.")
    return found


def _entries(file: BufferedReader) -> list[Any]:
    lines = _lines(file)
    first = next((line for line in (line.lstrip(_BLANK) for line in lines) if line), b"")
    if _WHOLE.match(first):
        data = first + file.read(LONGEST)
        if len(data) > LONGEST:
            raise ValueError("too long")
        text = data.decode().replace("\r\n", "\n")
        if text.startswith("["):
            return list(_decoder.decode(text))
        return [note.strip("\n\r\t ") + "\n" for note in re.split("\n(?=signup-audit/)", text)]
    kept = [line for line in chain([first], lines) if b'"note"' in line]
    return [_decoder.decode(line[line.find(b"{") : line.rfind(b"}") + 1].decode()) for line in kept]


def _lines(file: BufferedReader) -> Iterator[bytes]:
    """The lines of a file, which may be long; one without end raises ValueError."""
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise ValueError("a line is too long")
        yield line


def _given(entry: Any) -> Given:
    given = Given(entry["note"], entry) if isinstance(entry, dict) and "note" in entry else Given(entry)
    checkpoint.said(given.note)
    return given


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) >= 2**53:
        raise ValueError("a number beyond 2^53-1")
    return int(text)


def _refuse(_: str) -> NoReturn:
    raise ValueError("a number that is not whole")


_decoder = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse, parse_int=_whole)
