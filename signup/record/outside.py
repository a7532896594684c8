"""Checkpoints that an auditor kept outside, read from a file: whatever form they were kept in.

Signed notes, the lines of a log or of `data/checkpoints/` (other lines are passed over), or `checkpoints.json`. What
became of the file on its way is forgiven: a byte order mark, other ends of lines, what stands around an object in its
line. What is no checkpoint then is an error.

It must not judge them: whether one is signed, and by whom, is for trust.py.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from signup.errors import UsageWrong
from signup.record import checkpoint

LONGEST = 64 * 2**20
_NOTES = re.compile(b"signup-audit/")
_ARRAY = re.compile(rb"\[\s*[]{]")
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
            found = [_given(entry) for entry in _entries(file.read(LONGEST).lstrip(_BLANK))]
    except (OSError, ValueError, RecursionError) as error:
        raise UsageWrong(f"The checkpoints in {path} cannot be read: give a file as it was kept.") from error
    if not found:
        raise UsageWrong(f"The file {path} holds no checkpoint.")
    return found


def _entries(data: bytes) -> list[Any]:
    if _NOTES.match(data):
        text = data.decode().replace("\r\n", "\n")
        return [note.strip("\n\r\t ") + "\n" for note in re.split("\n(?=signup-audit/)", text)]
    if _ARRAY.match(data):
        return list(_decoder.decode(data.decode()))
    lines = [line for line in data.split(b"\n") if b'"note"' in line]
    return [_decoder.decode(line[line.find(b"{") : line.rfind(b"}") + 1].decode()) for line in lines]


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
