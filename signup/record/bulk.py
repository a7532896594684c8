"""Many rows of the log as text at once: byte for byte what lines.py makes of each, in a fraction of the time.

Rows differ in little: the shape of their details repeats. So each shape (the details without their numbers and long
hex texts) is checked and cut up once and remembered, and a portion's plain columns are looked at all together. A
portion in which anything is unusual is written row by row by lines.py, which also says what is wrong with it.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from signup.errors import NotCanonical
from signup.record import canonical, csvfile, log
from signup.record.lines import FROM_DETAILS, csv_line, ndjson_line
from signup.record.log import Raw

_PLAIN = re.compile(r"(?:[0-9a-z][0-9A-Za-z:._-]*\n)*").fullmatch
# Each begins with a literal: that is what makes a search fast.
_NUMBER = re.compile(r'":[1-9][0-9]{0,14}(?=[,}])')
_HEX = re.compile(r'":"[0-9a-f-]{16,64}"(?=[,}])')
_MS = re.compile(r'"ms":(-?[0-9]+)').search
_cell = lru_cache(maxsize=1024)(csvfile.cell)
_text = lru_cache(maxsize=1024)(canonical.encode)


def csv_lines(rows: Sequence[Raw]) -> bytes:
    """Rows as lines of `events.csv`."""
    shapes = _shapes(rows)
    if shapes is None or None in (tails := [_tail(shape) for shape in shapes]):
        return b"".join(csv_line(log.row(raw)) for raw in rows)
    lines = []
    for (seq, at, kind, signup_id, actor, details, *_), tail in zip(rows, tails, strict=True):
        named, ms = tail or ("", "")
        if ms is None:
            found = _MS(details)
            ms = found[1] if found else ""
        who = "" if signup_id is None else f'"{signup_id}"'
        doubled = details.replace('"', '""')
        lines.append(f'{seq},"{at}",{_cell(kind)},{who},{_cell(actor)},{named},{ms},"{doubled}"\r\n')
    return "".join(lines).encode("utf-8", "replace")


def ndjson_lines(rows: Sequence[Raw]) -> bytes:
    """Rows as canonical lines with their salts."""
    shapes = _shapes(rows)
    salts = [salt for raw in rows for salt in (raw[6], raw[7])]
    if shapes is None or not all(map(_is_canonical, shapes)) or not _is_plain(salts):
        return b"".join(ndjson_line(log.row(raw)) for raw in rows)
    lines = []
    for seq, at, kind, signup_id, actor, details, header_salt, details_salt, *_ in rows:
        who = "null" if signup_id is None else f'"{signup_id}"'
        lines.append(
            f'{{"actor":{_text(actor)},"at":"{at}","details":{details},"detailsSalt":"{details_salt}",'
            f'"headerSalt":"{header_salt}","kind":{_text(kind)},"seq":{seq},"signupId":{who}}}\n'
        )
    return "".join(lines).encode()


def _shapes(rows: Sequence[Raw]) -> list[str] | None:
    """The shape of each row's details; None when the portion is not to be written all together."""
    ats, ids, details = ([raw[column] for raw in rows] for column in (1, 3, 5))
    if None in details or max(map(len, details), default=0) > canonical.LONGEST:
        return None
    joined = "\n".join(details)
    plain = "\\" not in joined and _is_plain(ats) and _is_plain([one for one in ids if one is not None])
    shapes = _HEX.sub('":""', _NUMBER.sub('":0', joined)).split("\n")
    return shapes if plain and len(shapes) == len(rows) else None


def _is_plain(column: list[Any]) -> bool:
    """Whether every text can stand between quotes as it is."""
    return _PLAIN("".join(f"{text}\n" for text in column)) is not None


@lru_cache(maxsize=4096)
def _is_canonical(shape: str) -> bool:
    try:
        canonical.loads(shape)
    except NotCanonical:
        return False
    return True


@lru_cache(maxsize=4096)
def _tail(shape: str) -> tuple[str, str | None] | None:
    """The cells of a shape's country, channel and code, and of its `ms`, None when each row has its own number.

    None when only the row itself can tell: the shape is not canonical, or left out what a cell needs.
    """
    if not _is_canonical(shape) or shape.count('"ms":') > 1:
        return None
    details = canonical.loads(shape)
    *names, ms = (details.get(name) for name in FROM_DETAILS)
    if "" in (*names, ms) or any(type(value) is int for value in names):
        return None
    cells = ",".join(csvfile.cell(value if isinstance(value, str) else None) for value in names)
    return cells, None if type(ms) is int else csvfile.cell(ms if isinstance(ms, str) else None)
