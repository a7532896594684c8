"""Checkpoints: the log's root, signed, so that it can leave the machine. Nothing newer than the last one that left
is proved; the shorter the time between two, the less somebody with the database can rewrite.

    head row locked -> audit_checkpoints + audit.checkpoint in the inbox -> commit
        -> one line on stdout -> data/checkpoints/YYYY-MM.jsonl -> `signed` in the pins

The commit comes first: a line that was printed is always in the database. One that was not, because the program
died in between, is printed at the next start. `seq` always rises, and `at` never goes back.

It must not seal (seal.py does, before), and must not sign the head of a restored backup.
"""

import base64
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from signup.clock import moment, text
from signup.errors import RecordAltered, SettingsWrong
from signup.record import canonical, events, note, pins, tree
from signup.record.events import Kind
from signup.record.note import NoteWrong, SigningKey
from signup.record.pins import Pins, Point
from signup.record.seal import only
from signup.services import Services
from signup.settings import Settings
from signup.store import Row, Transaction

ROWS = 10_000
"""So many rows after a checkpoint the next one is due, however young it is."""

Say = Callable[[str], None]
"""Where a new checkpoint's line goes."""

_TEXT = re.compile(r"(?P<origin>[^\n]+)\n(?P<seq>0|[1-9][0-9]{0,15})\n(?P<root>[^\n]{43}=)\nat (?P<at>[^\n]+)\n")


@dataclass(frozen=True)
class Checkpoint:
    """A signed root: `root` in hex over the first `seq` rows. Only the note counts; the rest must agree with it."""

    seq: int
    at: str
    root: str
    key_id: str
    note: str

    def json(self) -> dict[str, Any]:
        """As logs, files and bundles hold it."""
        return {"at": self.at, "keyId": self.key_id, "note": self.note, "root": self.root, "seq": self.seq}

    @property
    def line(self) -> str:
        """The one text of it, canonical, ASCII, without the end of line."""
        return canonical.encode(self.json())


@dataclass(frozen=True)
class Said:
    """What a checkpoint's note says. `origin` is `signup-audit/MODE/LOGID`."""

    origin: str
    seq: int
    root: str
    at: str


def origin_of(mode: str, log_id: str) -> str:
    """A log's name in its notes."""
    return f"signup-audit/{mode}/{log_id}"


def words(origin: str, seq: int, root: bytes, at: str) -> str:
    """The four lines that are signed."""
    return f"{origin}\n{seq}\n{base64.b64encode(root).decode()}\nat {at}\n"


def said(signed: str) -> Said:
    """What a note says, its signature unread. Raises NoteWrong when it is not a checkpoint's."""
    found = _TEXT.fullmatch(note.read(signed))
    if not found or not events.AT(found["at"]) or int(found["seq"]) >= 2**53:
        raise NoteWrong("not a checkpoint")
    try:
        root = note.unbase64(found["root"])
    except ValueError as error:
        raise NoteWrong("its root is not base64") from error
    return Said(found["origin"], int(found["seq"]), root.hex(), found["at"])


def to_stdout(line: str) -> None:
    """For programs that stay: their stdout is kept elsewhere."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def to_stderr(line: str) -> None:
    """For commands: their stdout is what was asked for."""
    sys.stderr.write(f"{line}\n")


class Clerk:
    """Makes a log's checkpoints with one key, and hands each on. `actor` stands in their events."""

    def __init__(self, services: Services, key: SigningKey, *, actor: str, say: Say) -> None:
        self._services = services
        self._key = key
        self._actor = actor
        self._say = say
        self._made: datetime | None = None

    def make(self) -> Checkpoint:
        """Sign the head as it is sealed now; the newest checkpoint when nothing was sealed since.

        Raises BackupRestored, RecordAltered, StoreUnavailable.
        """
        made = self._signed(lambda _: True) or newest(self._services)
        assert made is not None, "the head is signed by now"
        return made

    def make_if_due(self) -> Checkpoint | None:
        """Sign the head if an hour or ten thousand rows have passed since the last time."""
        with self._services.store.read() as tx:
            state = only(tx, "checkpoint_state")
        return self._signed(self._is_due) if self._is_due(state) else None

    def due_at(self) -> datetime:
        """When the next one is due, however little happens."""
        with self._services.store.read() as tx:
            return self._due_at(only(tx, "checkpoint_state"))

    def repeat(self) -> None:
        """At a start: hand the newest on again, for whoever died before it could."""
        found = newest(self._services)
        with self._services.store.read() as tx:
            log_id = only(tx, "log_identity")["log_id"]
        if found:
            pins.refuse_stranger(self._services.settings, log_id)
            publish(self._services.settings, log_id, found, self._say)

    def _due_at(self, state: Row) -> datetime:
        """An hour after the last; after one that is dated later, by a clock that ran ahead, an hour after our own."""
        now, every = self._services.clock.now(), timedelta(seconds=self._services.settings.checkpoint_seconds)
        signed = moment(state["signed_at"])
        if signed - now > every:
            signed = self._made if self._made and abs(now - self._made) < every else now - every
        return signed + every

    def _is_due(self, state: Row) -> bool:
        many = state["seq"] - state["signed_seq"] >= ROWS
        return many or (state["seq"] > state["signed_seq"] and self._services.clock.now() >= self._due_at(state))

    def _signed(self, wanted: Callable[[Row], bool]) -> Checkpoint | None:
        """One transaction, then the line, the file and the pin. None when it is not wanted after all."""
        services = self._services
        with services.store.read() as tx:
            log_id = only(tx, "log_identity")["log_id"]
        pins.refuse_stranger(services.settings, log_id)
        remembered = pins.read(services.settings, log_id)
        now = services.clock.now()
        with services.store.write() as tx:
            head = only(tx, "lock_head")
            pins.refuse_restored(remembered, head["seq"])
            if not wanted(only(tx, "checkpoint_state")):
                return None
            made = sign_head(tx, head, self._key, at=text(now), actor=self._actor)
        if made:
            self._made = now
            publish(services.settings, log_id, made, self._say)
        return made


def sign_head(tx: Transaction, head: Row, key: SigningKey, *, at: str, actor: str) -> Checkpoint | None:
    """The locked head, signed and told in its transaction; None when the newest checkpoint is of this head.

    Raises RecordAltered when a checkpoint lies beyond the head.
    """
    newest = tx.one("newest_checkpoint")
    if newest and newest["seq"] >= head["seq"]:
        if newest["seq"] > head["seq"]:
            raise RecordAltered(
                f"The head of the audit log was changed from outside: it names event {head['seq']}, a checkpoint "
                f"names {newest['seq']}. Compare the database with its last backup."
            )
        return None
    made = _made(head, key, max(at, newest["at"] if newest else ""))
    tx.run("add_checkpoint", frontier=head["frontier"], **_columns(made))
    details = {"keyId": made.key_id, "root": made.root, "seq": made.seq}
    events.append(tx, at=made.at, kind=Kind.AUDIT_CHECKPOINT, actor=actor, details=details)
    return made


def publish(settings: Settings, log_id: str, made: Checkpoint, say: Say) -> None:
    """Hand a committed checkpoint on: said first, then kept in the month's file, then pinned. Raises SettingsWrong."""
    say(made.line)
    _keep(Path(settings.data_dir) / "checkpoints" / f"{made.at[:7]}.jsonl", made.line)
    pins.change(settings, log_id, partial(_signed_further, made))


def newest(services: Services) -> Checkpoint | None:
    """The last one signed; None before the first."""
    with services.store.read() as tx:
        row = tx.one("newest_checkpoint")
    return of_row(row) if row else None


def of_row(row: Row) -> Checkpoint:
    """A checkpoint as the database holds it."""
    return Checkpoint(row["seq"], row["at"], row["root"], row["key_id"], row["note"])


def _made(head: Row, key: SigningKey, at: str) -> Checkpoint:
    seq, origin = head["seq"], origin_of(head["mode"], head["log_id"])
    try:
        root = tree.root(tree.frontier_of(head["frontier"], seq))
    except ValueError as error:
        raise RecordAltered(f"The head of the audit log was changed from outside: its frontier is {error}.") from error
    return Checkpoint(seq, at, root.hex(), key.id, note.sign(origin, words(origin, seq, root, at), key))


def _columns(made: Checkpoint) -> Row:
    return {"seq": made.seq, "at": made.at, "root": made.root, "key_id": made.key_id, "note": made.note}


def _signed_further(made: Checkpoint, before: Pins) -> Pins:
    return replace(before, signed=pins.later(before.signed, Point(made.seq, made.root)))


def _keep(path: Path, line: str) -> None:
    """Add a line to a file, synced, unless it is the last one already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            content = f"{line}\n".encode("ascii")
            file.seek(max(0, file.seek(0, os.SEEK_END) - len(content)))
            if file.read() != content:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise SettingsWrong(
            f"The checkpoint could not be kept in {path} ({error.strerror}): check the folder, its rights and the disk"
        ) from error
