"""Checkpoints that an auditor kept outside, read from a file: whatever form they were kept in.

One signed note, the lines of a log or of `data/checkpoints/` (other lines are passed over), or `checkpoints.json`.
It must not judge them: whether one is signed, and by whom, is for trust.py.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signup.errors import UsageWrong

LONGEST = 64 * 2**20
_NOTE = "signup-audit/"


@dataclass(frozen=True)
class Given:
    """A checkpoint from outside: its note, and what was written beside it (None when the note stood alone)."""

    note: str
    beside: dict[str, Any] | None = None


def read(path: Path) -> list[Given]:
    """The checkpoints in a file, one or more. Raises UsageWrong when there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST).decode("utf-8")
        found = [Given(text)] if text.startswith(_NOTE) else [_given(entry) for entry in _entries(text)]
    except (OSError, ValueError, RecursionError) as error:
        raise UsageWrong(f"The checkpoints in {path} cannot be read: give a file as it was kept.") from error
    if not found:
        raise UsageWrong(f"The file {path} holds no checkpoint.")
    return found


def _entries(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.split("\n") if '"note"' in line]


def _given(entry: Any) -> Given:
    if not isinstance(entry, dict) or not isinstance(entry.get("note"), str):
        raise ValueError("not a checkpoint")
    return Given(entry["note"], entry)
