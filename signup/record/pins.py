"""What we remember of a log outside its database: `data/keys/audit-pins.json`.

    {LOGID: {"keys": [...], "checked": {"root", "seq"}, "signed": {"root", "seq"},
             "full": {"at", "reason", "seq"}, "nightly": TIME}}

Whoever has the database alone cannot change what stands here: the keys first seen, the checkpoint up to which the
log was found whole, the newest one signed, what the last full check found, and when a nightly one was begun. A log
whose head lies behind `signed` is a restored backup. A log that has begun already, where only others are known, is a
stranger: it is known once it was seen to begin here, or a person accepted it (`"accepted": true`).

It must not hold a secret, and must never go back by itself.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from signup.errors import BackupRestored, RecordAltered, SettingsWrong
from signup.record import canonical, events
from signup.record.fault import UNDECIDED
from signup.settings import Settings

FILE = "audit-pins.json"
REASON = events.or_null(events.CODE)
NOT_ENDED = "not_ended"
"""The reason of a full check that left no verdict."""


@dataclass(frozen=True)
class Point:
    """A place in the log: a number and the root there, in hex."""

    seq: int
    root: str


@dataclass(frozen=True)
class Full:
    """A full check: when it ended, how far the log went, and its `reason`, None when all was right."""

    at: str
    seq: int
    reason: str | None

    @property
    def undecided(self) -> bool:
        """Whether it could not tell, or did not end."""
        return self.reason in (*UNDECIDED, NOT_ENDED)


@dataclass(frozen=True)
class Pins:
    """What is remembered of one log."""

    keys: tuple[str, ...] = ()
    checked: Point | None = None
    signed: Point | None = None
    full: Full | None = None
    nightly: str | None = None
    accepted: bool = False

    @property
    def known(self) -> bool:
        """Whether it is a log of ours."""
        return self.accepted or bool(self.keys) or self.signed is not None


def read(settings: Settings, log_id: str) -> Pins:
    """What is remembered of a log. Raises SettingsWrong when the file cannot be read."""
    return _pins(_everything(_file(settings)).get(log_id, {}), _file(settings))


def change(settings: Settings, log_id: str, how: Callable[[Pins], Pins]) -> None:
    """Remember something else of a log: read, changed and replaced whole, by one process at a time."""
    path = _file(settings)
    with _alone(path):
        everything = _everything(path)
        before = _pins(everything.get(log_id, {}), path)
        after = how(before)
        if after != before:
            everything[log_id] = _json(after)
            _replace(path, canonical.encode(everything) + "\n")


def others(settings: Settings, log_id: str) -> list[str]:
    """The logs of ours beside one that is none: it may be another log that somebody put in the place of theirs."""
    path = _file(settings)
    known = [name for name, found in _everything(path).items() if _pins(found, path).known]
    return [] if log_id in known else known


def refuse_stranger(settings: Settings, log_id: str) -> None:
    """Raise RecordAltered for a log that we do not know, where we know others."""
    if ours := others(settings, log_id):
        raise RecordAltered(
            f"The audit log {log_id} is not the one that is remembered here ({ours[-1]}). Nothing is sealed or signed "
            "until the right database is back, or a person accepts this one with "
            "python -m signup keys --accept-restore."
        )


def accept(settings: Settings, log_id: str) -> None:
    """From now on it is a log of ours."""
    change(settings, log_id, lambda before: replace(before, accepted=True))


def found(before: Pins, full: Full) -> Pins:
    """With what a full check found. One without a verdict takes nothing back that was found altered."""
    altered = before.full and before.full.reason and not before.full.undecided
    return before if altered and full.undecided else replace(before, full=full)


def later(one: Point | None, other: Point) -> Point:
    """Whichever place lies further on."""
    return other if one is None or other.seq >= one.seq else one


def refuse_restored(pins: Pins, seq: int) -> None:
    """Raise BackupRestored when a head at `seq`, read after the pins were, lies behind what was signed."""
    if pins.signed and seq < pins.signed.seq:
        raise BackupRestored(
            f"The database is older than what was signed: its log ends at event {seq:,}, event {pins.signed.seq:,} "
            "was signed. Nothing is sealed until the newer database is back, or a person accepts the loss with "
            "python -m signup keys --accept-restore."
        )


def _file(settings: Settings) -> Path:
    return Path(settings.data_dir) / "keys" / FILE


def _everything(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("ascii"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    if not isinstance(found, dict):
        raise _unreadable(path)
    return found


def _pins(found: Any, path: Path) -> Pins:
    try:
        keys = tuple(found.get("keys", ()))
        checked, signed = (_point(found.get(name)) for name in ("checked", "signed"))
        full, nightly, accepted = _full(found.get("full")), found.get("nightly"), found.get("accepted") is True
    except (AttributeError, TypeError, KeyError) as error:
        raise _unreadable(path) from error
    if not all(map(events.KEY_ID, keys)) or not (nightly is None or events.AT(nightly)):
        raise _unreadable(path)
    return Pins(keys, checked, signed, full, nightly, accepted)


def _point(found: Any) -> Point | None:
    if found is None:
        return None
    if not (events.whole(found["seq"]) and events.HASH(found["root"])):
        raise TypeError
    return Point(found["seq"], found["root"])


def _full(found: Any) -> Full | None:
    if found is None:
        return None
    if not (events.AT(found["at"]) and events.whole(found["seq"]) and REASON(found["reason"])):
        raise TypeError
    return Full(found["at"], found["seq"], found["reason"])


def _json(pins: Pins) -> dict[str, Any]:
    parts = {"checked": pins.checked, "full": pins.full, "signed": pins.signed}
    known: dict[str, Any] = {name: asdict(part) for name, part in parts.items() if part}
    known |= {"nightly": pins.nightly} if pins.nightly else {}
    return {"keys": list(pins.keys), **known} | ({"accepted": True} if pins.accepted else {})


def _unreadable(path: Path) -> SettingsWrong:
    return SettingsWrong(f"The pins in {path} cannot be read: put the file back from a backup, or remove it")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While inside, no other process changes the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path) from error


def _unwritable(path: Path) -> SettingsWrong:
    return SettingsWrong(f"The pins in {path} cannot be written: check the folder, its rights and the disk")
