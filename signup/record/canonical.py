"""Canonical JSON: one value, one text, for ever. What is hashed and what is exported is this text (record.md's rules).

It is RFC 8785 cut down until `json.dumps` with sorted keys *is* RFC 8785: plain ASCII strings, whole numbers, short
camelCase keys, four levels. What lies outside is a bug of ours, never data: it is refused, not repaired.

This module must not know what an event is, and must never let a float, a free text or a doubled key through.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from signup.errors import NotCanonical

LONGEST = 4096
"""The most bytes that the details of one event may take."""

_DEEPEST = 4
_BIGGEST = 2**53 - 1
_KEY = re.compile(r"[a-z][A-Za-z0-9]{0,39}")
_STRING = re.compile(r"[ -~]{0,256}")
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def encode(value: Any) -> str:
    """The text of a value that is known to be inside the rules: nothing is checked."""
    return _encoder.encode(value)


def dumps(details: Mapping[str, Any]) -> str:
    """The one text of an event's details, at most 4,096 bytes. Raises NotCanonical for anything outside the rules."""
    if not isinstance(details, dict):
        raise NotCanonical("Details must be an object.")
    _check(details, depth=1)
    text = encode(details)
    if len(text) > LONGEST:
        raise NotCanonical(f"Details take {len(text)} bytes, at most {LONGEST} are allowed.")
    return text


def loads(text: str) -> dict[str, Any]:
    """The details that a canonical text holds. Raises NotCanonical for any other text, however near."""
    if len(text) > LONGEST:
        raise NotCanonical(f"Details take {len(text)} characters, at most {LONGEST} are allowed.")
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("Details are not JSON.") from error
    if dumps(value) != text:
        raise NotCanonical("Details are JSON, but not in the canonical form.")
    return dict(value)


def _check(value: Any, depth: int) -> None:
    """Walk a value down to its leaves; raise at the first thing outside the rules."""
    if isinstance(value, str):
        if not _STRING.fullmatch(value):
            raise NotCanonical("A string must be printable ASCII, at most 256 characters.")
    elif value is None or value is True or value is False:
        return
    elif isinstance(value, int):
        if abs(value) > _BIGGEST:
            raise NotCanonical("A number must lie within 2^53-1 of zero.")
    elif isinstance(value, dict | list):
        _check_container(value, depth)
    else:
        raise NotCanonical(f"A {type(value).__name__} has no canonical form.")


def _check_container(value: dict[Any, Any] | list[Any], depth: int) -> None:
    if depth > _DEEPEST:
        raise NotCanonical(f"Details must not be more than {_DEEPEST} levels deep.")
    if isinstance(value, dict):
        for key in value:
            if not (isinstance(key, str) and _KEY.fullmatch(key)):
                raise NotCanonical("A key must be camelCase, ASCII, at most 40 characters.")
    for part in value.values() if isinstance(value, dict) else value:
        _check(part, depth + 1)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotCanonical("A key stands twice.")
    return value


def _refuse(_: str) -> NoReturn:
    raise NotCanonical("A number must be whole.")


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_refuse, parse_constant=_refuse)
