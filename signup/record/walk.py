"""A page of the log, recomputed: every row in its place, in its form, and its leaf the one that was sealed.

A page is checked column by column, which costs a third of going row by row; a page in which anything is amiss, or
that holds a redacted row, is gone through again row by row, and that says which one and how. Both must agree.

Pure. It must not know about checkpoints: whether the leaves add up to a root is for verify.py.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from signup.errors import NotCanonical
from signup.record import canonical, events, tree
from signup.record.fault import Fault, Reason

Raw = tuple[Any, ...]
"""seq, at, kind, signup_id, actor, details, header_salt, details_salt, details_hash, leaf: as the query names them."""

DETAILS = 5
"""The column of a row that is null once it was redacted."""

_KIND = re.compile(r"(?=.{1,40}\Z)[a-z]+\.[a-z]+(_[a-z]+)*").fullmatch
_SALT = re.compile(r"[0-9a-f]{32}").fullmatch
_DIGITS = str.maketrans("123456789", "0" * 9)
_HEX = str.maketrans("123456789abcdef", "0" * 15)
_AT = "0000-00-00T00:00:00.000000Z"
_ID = "00000000-0000-0000-0000-000000000000"


def leaves(rows: Sequence[Raw], first: int, *, strict: bool = False) -> list[bytes]:
    """The leaves of rows that must be numbered from `first` on. Raises Fault at the first row that is not right."""
    try:
        found = _by_column(rows, first, strict=strict)
    except (TypeError, ValueError, AttributeError):
        found = None
    if found is None:
        found = [_leaf(row, due, strict=strict) for due, row in enumerate(rows, first)]
    return found


def _by_column(rows: Sequence[Raw], first: int, *, strict: bool) -> list[bytes] | None:
    """All leaves at once; None when something is amiss or a row is redacted."""
    seqs, ats, kinds, ids, actors, details, header_salts, details_salts, hashes, stored = zip(*rows, strict=True)
    if (
        seqs != tuple(range(first, first + len(rows)))
        or set(hashes) != {None}
        or not all(map(_KIND, set(kinds)))
        or not all(map(events.ACTOR, set(actors)))
        or not _all_look_like(_AT, ats, _DIGITS)
        or not _all_look_like(_ID, [one for one in ids if one is not None], _HEX)
        or not _all_look_like("0" * 32, header_salts + details_salts, _HEX)
        or max(map(len, details)) > canonical.LONGEST
        or set(map(len, stored)) != {64}
        or (strict and not all(map(_is_canonical, details)))
    ):
        return None
    quoted = ["null" if one is None else f'"{one}"' for one in ids]
    headers = [
        f'{{"actor":"{actor}","at":"{at}","kind":"{kind}","seq":{seq},"signupId":{signup_id}}}'.encode()
        for seq, at, kind, signup_id, actor in zip(seqs, ats, kinds, quoted, actors, strict=True)
    ]
    found = _hashed(headers, _salts(header_salts), [text.encode() for text in details], _salts(details_salts))
    return found if b"".join(found).hex() == "".join(stored) else None


def _hashed(
    headers: list[bytes], header_salts: list[bytes], details: list[bytes], details_salts: list[bytes]
) -> list[bytes]:
    """Leaves, as `tree` makes them one by one."""
    head, body = tree.HEADER, tree.DETAILS
    return [
        sha256(
            b"\x00" + sha256(head + header_salt + header).digest() + sha256(body + details_salt + text).digest()
        ).digest()
        for header, header_salt, text, details_salt in zip(headers, header_salts, details, details_salts, strict=True)
    ]


def _salts(column: Sequence[str]) -> list[bytes]:
    """A column of 32 hex digits each as bytes."""
    joined = bytes.fromhex("".join(column))
    return [joined[place : place + 16] for place in range(0, len(joined), 16)]


def _all_look_like(shape: str, column: Iterable[str], digits: dict[int, int]) -> bool:
    """Whether every text is `shape` with some digit in place of each 0."""
    texts = list(column)
    return "\n".join(texts).translate(digits) == "\n".join([shape] * len(texts))


def _leaf(row: Raw, due: int, *, strict: bool) -> bytes:
    """The leaf of the row that must be number `due`. Raises Fault."""
    (seq, at, kind, signup_id, actor, _, header_salt), stored = row[:7], row[-1]
    if type(seq) is not int:
        raise Fault(Reason.ROW_MALFORMED, f"Where event {due} should be stands a row without a number.", due)
    if seq > due:
        raise Fault(Reason.ROW_MISSING, f"Event {due} is not there: {seq} comes next.", due)
    if seq < due:
        raise Fault(Reason.ROW_OUT_OF_ORDER, f"Event {seq} stands where {due} should.", seq)
    details_hash = _details_hash(row, strict=strict)
    header_fits = events.AT(at) and _is(_KIND, kind) and events.ACTOR(actor) and _is(_SALT, header_salt)
    if details_hash is None or not header_fits or not (signup_id is None or events.ID(signup_id)):
        raise Fault(Reason.ROW_MALFORMED, f"Event {seq} does not have the form of one.", seq)
    header = tree.header(seq, at, kind, signup_id, actor)
    leaf = tree.leaf(tree.header_hash(header, bytes.fromhex(header_salt)), details_hash)
    if leaf.hex() != stored:
        raise Fault(Reason.ROW_CHANGED, f"Event {seq} is not the one that was sealed.", seq)
    return leaf


def _details_hash(row: Raw, *, strict: bool) -> bytes | None:
    """The hash of a row's details, kept in their place once they were redacted; None when they are malformed."""
    details, salt, kept = row[DETAILS], row[7], row[8]
    if details is None:
        return bytes.fromhex(kept) if salt is None and events.HASH(kept) else None
    if kept is not None or not _is(_SALT, salt) or not isinstance(details, str) or len(details) > canonical.LONGEST:
        return None
    if strict and not _is_canonical(details):
        return None
    try:
        return tree.details_hash(details, bytes.fromhex(salt))
    except UnicodeError:
        return None


def _is_canonical(details: str) -> bool:
    try:
        canonical.loads(details)
    except NotCanonical:
        return False
    return True


def _is(fits: Any, value: Any) -> bool:
    return isinstance(value, str) and fits(value) is not None
