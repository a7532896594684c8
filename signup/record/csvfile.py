"""Every CSV we write, written one way: safe to open in a spreadsheet, and the same bytes each time.

UTF-8, comma, CRLF. Whole numbers stand bare, nothing stands for null, all text stands in quotes. A text that a
spreadsheet would take for a formula gets one `'` in front; taking that one away gives the text back. So a phone
number stays `+46701234567` and a hostile name stays a name.

It must not know what the columns mean, and no path may write a cell around it.
"""

import re
from collections.abc import Iterable, Sequence

Value = str | int | None

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = re.compile(r"[\s\u00a0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*['=+\-@\uff1d\uff0b\uff0d\uff20]")


def names(columns: Sequence[str]) -> bytes:
    """The first line: the column names, bare."""
    return (",".join(columns) + "\r\n").encode()


def line(values: Iterable[Value]) -> bytes:
    """One row. A lone surrogate, which UTF-8 cannot carry, becomes `?`."""
    return (",".join(map(cell, values)) + "\r\n").encode("utf-8", "replace")


def cell(value: Value) -> str:
    """One value as it stands between two commas."""
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    return '"' + _neutral(str(value)).replace('"', '""') + '"'


def _neutral(text: str) -> str:
    """The text with line breaks and other controls as spaces, and a `'` before what could start a formula."""
    text = _CONTROLS.sub(" ", text)
    return "'" + text if _FORMULA.match(text) else text
