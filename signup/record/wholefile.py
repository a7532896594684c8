"""A file that is whole, or not there: written hidden beside its place, and given its name at the end.

    .events.csv.5f2c91d07ab3e846.part  --(written, synced, told)-->  events.csv

Whatever ends the writing early (an error, a full disk, a signal) takes the hidden file away. Only `kill -9` leaves it;
the next export to the same place does. Who writes holds a lock on its hidden file, so a live one is never taken.

It must not know what is in the file.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from io import BufferedRandom
from pathlib import Path

from signup.disk import sync_folder
from signup.errors import UsageWrong
from signup.settings import Settings
from signup.store import rolls_beside


@contextmanager
def file_for(out: Path, settings: Settings) -> Iterator[BufferedRandom]:
    """The hidden file, open to be written and read; its `name` is its path. Raises UsageWrong: `out` is as it was."""
    refuse_ours(out, settings)
    place = out.resolve()
    hidden = place.with_name(f".{place.name}.{secrets.token_hex(8)}.part")
    try:
        if place.exists() and not place.is_file():
            raise UsageWrong(f"{out} is not a file that can be replaced: name another.")
        with suppress(OSError):  # whether it can be written here, the file itself tells
            _sweep(place)
        try:
            with open(hidden, "x+b", opener=_private) as file:
                with suppress(OSError):  # not every file system can lock: nor can it sweep then
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield file
                file.flush()
                hidden.replace(place)  # while it is locked: nobody takes it for one that was left
            sync_folder(place.parent)
        finally:
            hidden.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or error
        raise UsageWrong(
            f"The file cannot be written to {out} ({why}): check the folder, its rights and the disk."
        ) from error


def refuse_ours(out: Path, settings: Settings) -> None:
    """Raise UsageWrong when the program itself lives by what stands, or would stand, at `out`."""
    place, data = out.resolve(), Path(settings.data_dir)
    database = Path(settings.database_url.removeprefix("sqlite:///")).resolve()
    ends = ("", "-wal", "-shm", "-journal")
    ours = [Path(f"{file}{end}") for file in (database, rolls_beside(database)) for end in ends]
    if place in ours or any(place.is_relative_to((data / name).resolve()) for name in ("keys", "checkpoints")):
        raise UsageWrong(f"{out} belongs to the program's own database, keys or checkpoints: name another file.")


def kept(file: BufferedRandom) -> str:
    """Bring a written file down to the disk; its SHA-256 in hex."""
    file.flush()
    os.fsync(file.fileno())
    file.seek(0)
    return file_digest(file, "sha256").hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sweep(place: Path) -> None:
    """Take away what killed writers left of this file. An empty one may belong to somebody who is just beginning."""
    left = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{16}}\.part")
    for path in place.parent.iterdir():
        if left.fullmatch(path.name):
            with suppress(OSError):
                if path.stat().st_size:
                    remove_left(path)


def remove_left(hidden: Path) -> None:
    """Remove what a killed writer left. Raises OSError when it is gone, or locked: somebody is at work."""
    with hidden.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.unlink()
