"""Whose signature counts: which keys of a log deserve trust, and whether a checkpoint was signed by one of them.

With pins: the pinned keys and all that an endorsement, signed by both, ties to them, in either direction. Without:
the oldest key and what is tied to it, which proves only that nobody without that key wrote the checkpoints.
"""

import re
from collections.abc import Iterable, Sequence

from signup.record import checkpoint, note
from signup.record.checkpoint import Said
from signup.record.fault import Fault, Reason
from signup.record.note import NoteWrong
from signup.record.outside import Given
from signup.store import Row

_ENDORSEMENT = re.compile(r"(?P<origin>[^\n]+)\nkey (?P<new>[^\n]+)\nafter (?P<old>[^\n]+)\nat [^\n]+\n")


class Trust:
    """A log's name and keys. `trusted`: the ids of those that may speak for it, oldest first."""

    def __init__(self, origin: str, rows: Sequence[Row], pinned: Iterable[str]) -> None:
        self.origin = origin
        self._keys = dict(_keys(rows))
        self.pinned = set(pinned)
        reached = self.pinned or set(list(self._keys)[:1])
        ties = [tie for tie in map(self._tie, rows) if tie]
        for _ in ties:
            for tie in ties:
                reached |= tie if tie & reached else set()
        self.trusted = [known for known in self._keys if known in reached]

    def checkpoint(self, given: Given) -> Said:
        """What a checkpoint says, once a trusted key is found to have signed it. Raises Fault."""
        try:
            said = checkpoint.said(given.note)
            if said.origin != self.origin:
                raise Fault(Reason.LOG_MIXED, f"A checkpoint at event {said.seq} belongs to {said.origin!a}.")
            found = note.signers(given.note, self.origin, self._keys)
        except NoteWrong as error:
            raise Fault(Reason.CHECKPOINT_FORGED, f"A checkpoint does not hold: {error}.") from error
        if not found & set(self.trusted):
            raise Fault(Reason.KEY_NOT_TRUSTED, f"The checkpoint at event {said.seq} is signed by {self._no_one()}.")
        if given.beside is not None and not _agrees(given.beside, said, given.note, found):
            raise Fault(
                Reason.CHECKPOINT_FORGED, f"The checkpoint at event {said.seq} does not say what its note says."
            )
        return said

    def _no_one(self) -> str:
        if self.pinned:
            return "no key that is pinned, nor one tied to it"
        return "no key that is tied to the oldest of the log"

    def _tie(self, row: Row) -> set[str]:
        """The two keys that an endorsement ties to each other; empty when it does not hold."""
        try:
            text = note.read(row["endorsement"] or "")
            found = _ENDORSEMENT.fullmatch(text)
            if found is None or found["origin"] != self.origin or found["new"] != row["public_key"]:
                return set()
            both = [note.public_of(found[name]) for name in ("new", "old")]
            signed = note.signers(row["endorsement"], self.origin, {note.key_id(public): public for public in both})
        except (ValueError, TypeError, AttributeError):
            return set()
        return signed if len(signed) == len(both) else set()


def _keys(rows: Iterable[Row]) -> Iterable[tuple[str, bytes]]:
    """The keys whose name is theirs."""
    for row in rows:
        try:
            public = note.public_of(row["public_key"])
        except (ValueError, TypeError):
            continue
        if note.key_id(public) == row["key_id"]:
            yield row["key_id"], public


def _agrees(beside: dict[str, object], said: Said, signed: str, signers: set[str]) -> bool:
    """Whether what stands beside a note says the same."""
    told = {"at": said.at, "note": signed, "root": said.root, "seq": said.seq}
    rest = {name: value for name, value in beside.items() if name != "keyId"}
    return rest == told and type(beside["seq"]) is int and beside.get("keyId") in signers
