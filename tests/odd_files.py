"""Files as an auditor may hold them: saved by another program, cut out of a log, mangled on the way, or odd by intent.

Each stands with the one verdict that every reader must give: the program, the page, and for checkpoints our own
`verify` as well.
"""

import json
from collections.abc import Iterator
from typing import Any

from signup.record.verifier import verify
from tests.bundles import STRANGER, checkpoint, worked

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
