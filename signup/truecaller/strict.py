"""JSON from strangers, read strictly: what the callback, the answers and the profile have in common.

Strict UTF-8 without a BOM, no key twice in one object (which of the two was meant?), no NaN or Infinity, no integer
beyond 64 bits, no nesting that could exhaust the stack. It must not guess, and it must not say what it read.
"""

import json
import math
import re
from typing import Any, NoReturn

_DEPTH = 32
_DIGITS = 20
# A string (also one that never ends), or one bracket. Possessive, so a hostile text costs one pass and no more.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+\\?(?:"|\Z)|[\[\]{}]', re.DOTALL)
_REQUEST_ID = re.compile(r"[ -~]{1,256}")


def loads(body: bytes) -> Any:
    """The value a body holds; ValueError for anything that is not plain, unambiguous JSON."""
    text = body.decode("utf-8")
    if _depth(text) > _DEPTH:
        raise ValueError("nested too deep")
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_integer, parse_float=_fraction
    )


def request_id(value: object) -> str | None:
    """The value if it can be a request id (1 to 256 printable ASCII characters, not all blank), else None."""
    usable = isinstance(value, str) and _REQUEST_ID.fullmatch(value) and value.strip()
    return str(value) if usable else None


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a key stands twice")
    return named


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS:
        raise ValueError("an integer beyond 64 bits")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number beyond all bounds")
    return number
