"""Files as an auditor may hold them: saved by another program, cut out of a log, mangled on the way, or odd by intent.

Each stands with the one verdict that every reader must give: the program, the page, and for checkpoints our own
`verify` as well.
"""

import bz2
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from signup.record.verifier import verify
from tests.bundles import STRANGER, Files, checkpoint, vouched, worked

ENTRIES: list[dict[str, Any]] = json.loads(worked()["checkpoints.json"])
ONE, OTHER = ENTRIES[1], ENTRIES[2]
NOTE: str = ONE["note"]
LINE, LATER = verify.canonical(ONE), verify.canonical(OTHER)
FALSE = NOTE.replace("at 2026", "at 2025")
FOREIGN = checkpoint(9, "0" * 64, ONE["at"], origin="signup-audit/live/01a19467-e800-7032-bb69-5ffb3a1890c7")
BOM = "\ufeff"

Verdict = tuple[str | None, int]
UNREADABLE: Verdict = ("unreadable", 0)
FORGED: Verdict = ("checkpoint_forged", 0)

_KEPT: dict[str, tuple[str | bytes, Verdict]] = {
    "a note": (NOTE, (None, 1)),
    "a note saved on Windows": (BOM + NOTE.replace("\n", "\r\n"), (None, 1)),
    "a note without its last end of line": (NOTE[:-1], (None, 1)),
    "a note between empty lines": (f"\n{NOTE}\r\n \n", (None, 1)),
    "two notes in one file": (NOTE + OTHER["note"], (None, 2)),
    "two notes with a line between them": (f"{NOTE}\n{OTHER['note']}", (None, 2)),
    "a note that a witness signed too": (f"{NOTE}\u2014 witness.example/w AAAA\n", (None, 1)),
    "a note without its signature": (NOTE.partition("\n\n")[0] + "\n", UNREADABLE),
    "a note whose lines were broken": (NOTE.replace("/", "/\n", 3), UNREADABLE),
    "a note quoted in a letter": ("> " + NOTE.replace("\n", "\n> "), UNREADABLE),
    "a note whose root is no base64": (NOTE.replace("=\nat", "\nat"), UNREADABLE),
    "a note beyond every number": (NOTE.replace(f"\n{ONE['seq']}\n", "\n9999999999999999\n"), UNREADABLE),
    "a note about another time": (FALSE, FORGED),
    "a note with its end changed on Windows": (FALSE.replace("\n", "\r\n"), FORGED),
    "a note of a stranger": (checkpoint(9, ONE["root"], ONE["at"], STRANGER)["note"], ("key_not_trusted", 0)),
    "a note of another log": (FOREIGN["note"], ("log_mixed", 0)),
    "a line": (LINE, (None, 1)),
    "a line with a byte order mark": (BOM + LINE + "\r\n", (None, 1)),
    "lines as a collector keeps them": (
        f"2026-11-24T14:00:00Z app[web.1]: Started.\n2026-11-24T14:00:00Z app[web.1]: {LINE} \n"
        f"2026-11-24T15:00:00Z app[web.1]: {LATER}\x1b[0m\n",
        (None, 2),
    ),
    "lines whose time stands in brackets": (f"[2026-11-24 14:00:00] {LINE}\n[web.1] {LATER}\n", (None, 2)),
    "lines among others that are no text": (b"\xff\xfe{\n" + LINE.encode() + b"\r\n\x80\n", (None, 1)),
    "a line beside letters of all kinds": (f"\u00e9\u2026 {json.dumps(ONE, ensure_ascii=False)} \u2014\n", (None, 1)),
    "a line that was cut": (f"{LINE}\n{LATER[:-9]}", UNREADABLE),
    "a line with a note of another kind": (f'{LINE}\n{{"note":"remember the milk"}}\n', UNREADABLE),
    "a line that says a fraction": (LINE.replace(f'"seq":{ONE["seq"]}', f'"seq":{ONE["seq"]}.0'), UNREADABLE),
    "a line about another number": (LINE.replace(f'"seq":{ONE["seq"]}', '"seq":8'), FORGED),
    "a line that says more": (LINE.replace('{"at"', '{"a":1,"at"'), FORGED),
    "an array": (json.dumps(ENTRIES), (None, len(ENTRIES))),
    "an array over many lines": (f"{BOM}\r\n\n" + json.dumps([ONE, OTHER], indent=2).replace("\n", "\r\n"), (None, 2)),
    "an array of notes": (json.dumps([NOTE, OTHER["note"]]), UNREADABLE),
    "an array of nothing": ("[]", UNREADABLE),
    "an array with something else in it": (json.dumps([ONE, 1]), UNREADABLE),
    "an array that was cut": (json.dumps(ENTRIES)[:-1], UNREADABLE),
    "nothing": ("", UNREADABLE),
    "empty lines": ("\n\r\n", UNREADABLE),
    "a text": ("note", UNREADABLE),
    "a text for another alphabet": (LINE.encode("utf-16"), UNREADABLE),
}

KEPT: dict[str, tuple[bytes, Verdict]] = {
    name: (content.encode() if isinstance(content, str) else content, expected)
    for name, (content, expected) in _KEPT.items()
}


def long_files() -> Iterator[tuple[str, bytes, Verdict]]:
    """Files beyond 64 MiB, one at a time."""
    much = b"Started.\n" * (verify.LONGEST_TEXT // 9 + 1)
    yield "a long log with its checkpoints at the end", much + LINE.encode() + b"\n" + LATER.encode(), (None, 2)
    yield "one endless line", much.replace(b"\n", b" ") + LINE.encode(), UNREADABLE
    yield "a long array", b"[" + b" " * verify.LONGEST_TEXT + LINE.encode() + b"]", UNREADABLE
    yield "a long note", NOTE.encode() + b"\n" * verify.LONGEST_TEXT, UNREADABLE


@dataclass(frozen=True)
class Member:
    """A file in a zip, made by hand: what its two headers say, and the stream between them."""

    name: bytes
    content: bytes
    stream: bytes
    method: int = 8
    local: bytes | None = None
    flags: int = 0


def deflated(content: bytes, *, end: int = zlib.Z_FINISH) -> bytes:
    """The raw stream of a content."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush(end)


def by_hand(members: list[Member], *, count: int | None = None) -> bytes:
    """A zip that says what its members say. `count`: how many it calls its own."""
    content, directory = b"", b""
    for one in members:
        sums = (0x21, zlib.crc32(one.content), len(one.stream), len(one.content), len(one.name))
        where, local = len(content), one.local or one.name
        content += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, one.flags, one.method, 0, *sums, 0) + local + one.stream
        numbers = (20, 20, one.flags, one.method, 0, *sums, 0, 0, 0, 0, 0, where)
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, *numbers) + one.name
    much = len(members) if count is None else count
    return content + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, much, much, len(directory), len(content), 0)


_MEMBERS = [Member(name.encode(), content, deflated(content)) for name, content in worked().items()]


def _first(**changed: Any) -> bytes:
    return by_hand([replace(_MEMBERS[0], **changed), *_MEMBERS[1:]])


_CONTENT, _PLAIN = _MEMBERS[0].content, by_hand(_MEMBERS)

ZIPS: dict[str, tuple[bytes, str | None]] = {
    "a zip made by hand": (_PLAIN, None),
    "something before it": (b"PK" + _PLAIN, None),
    "something behind it": (_PLAIN + b"PK", None),
    "a member as it is": (_first(method=0, stream=_CONTENT), None),
    "a member as it is, and more": (_first(method=0, stream=_CONTENT + b"more"), "file_changed"),
    "a member packed by another method": (_first(method=12, stream=bz2.compress(_CONTENT)), "unreadable"),
    "a member called otherwise where it stands": (_first(local=b"x" * len(_MEMBERS[0].name)), "file_changed"),
    "a member with a hidden end to its name": (_first(name=_MEMBERS[0].name + b"\0x"), "file_missing"),
    "a member under a password": (_first(flags=1), "file_changed"),
    "a stream that goes on": (_first(stream=deflated(_CONTENT + b"more")), "file_changed"),
    "a stream with something behind it": (_first(stream=deflated(_CONTENT) + b"more"), "file_changed"),
    "a stream without an end": (_first(stream=deflated(_CONTENT, end=zlib.Z_SYNC_FLUSH)), "file_changed"),
    "a stream that is cut": (_first(stream=deflated(_CONTENT)[:-9]), "file_changed"),
    "one more than it counts": (by_hand([*_MEMBERS, replace(_MEMBERS[0], name=b"more")], count=7), "file_unexpected"),
    "less than it counts": (by_hand(_MEMBERS, count=8), None),
    "its end is missing": (_PLAIN[:-9], "unreadable"),
    "its beginning is missing": (_PLAIN[9:], "unreadable"),
}


def too_long() -> Iterator[tuple[str, Files]]:
    """Bundles with a document beyond 64 MiB, as a log has that was signed too often, in zips that are small."""
    much = b"[" + b" " * verify.LONGEST_TEXT + b"]\n"
    yield "checkpoints.json", vouched({**worked(), "checkpoints.json": much})
    yield "manifest.json", {**worked(), "manifest.json": much}
