"""The roll-ups' own SQLite file, beside the database: opened by whoever asks first, made anew when gone or damaged.

Everything in it is counted from the audit log and can be counted again, so it needs no backup and no full sync, and a
lost write costs a moment's work. A folder's write lock here delays nobody who writes to the database. Whoever opens it
or takes it away has its folder locked meanwhile, so that nobody's new file is met by another's clearing up. It must not
hold anything that is nowhere else, or touch a file that is somebody else's database.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signup.errors import DatabaseUnusable, StoreUnavailable
from signup.store.driver import sqlite
from signup.store.face import Dialect
from signup.store.sqlite import PRAGMAS as SAFE
from signup.store.sqlite import SqliteStore
from signup.store.sqlite_tx import SqliteTransaction

PRAGMAS = {**SAFE, "synchronous": 1, "secure_delete": 0, "cache_size": -16000}
BESIDE = ("", "-wal", "-shm", "-journal")


class RollFile:
    """A store whose file comes and goes. `now`: the time that a migration is noted with.

    Damage is told once, as StoreUnavailable; whoever comes next finds an empty file.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._store: SqliteStore | None = None
        self._file: tuple[int, int] | None = None
        self._left: list[SqliteStore] = []

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        with self._told_when_damaged() as store, store.write() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        with self._told_when_damaged() as store, store.read() as tx:
            yield tx

    def changed(self) -> bool:
        with self._told_when_damaged() as store:
            return store.changed()

    def migrate(self, at: str) -> list[str]:
        with self._told_when_damaged() as store:
            return store.migrate(at)

    def behind(self) -> list[str]:
        with self._told_when_damaged() as store:
            return store.behind()

    def scrub(self, *gone: str) -> bool:
        """Nothing to do: no person's data ever get here."""
        return True

    def about(self) -> dict[str, str]:
        with self._told_when_damaged() as store:
            return store.about()

    def close(self) -> None:
        with self._lock:
            for store in (*self._left, *([self._store] if self._store else [])):
                store.close()
            self._store, self._left = None, []

    @contextmanager
    def _told_when_damaged(self) -> Iterator[SqliteStore]:
        store = self._opened()
        try:
            yield store
        except (sqlite.DatabaseError, StoreUnavailable) as error:
            if not _is_damage(error):
                raise
            with self._lock, self._alone():
                if store is self._store:
                    if self._file == _identity(self.path):  # else another process has put a new one in its place
                        self._remove()
                    self._leave()
            raise StoreUnavailable(
                f"The file {self.path} was damaged and is made anew: look again in a moment."
            ) from error

    def _opened(self) -> SqliteStore:
        with self._lock:
            if self._store is None or self._file != _identity(self.path):
                self._leave()
                with self._alone():
                    self._store = self._open_whole()
                    self._file = _identity(self.path)
            return self._store

    def _open_whole(self) -> SqliteStore:
        try:
            return self._open()
        except (DatabaseUnusable, StoreUnavailable) as error:
            if not _is_damage(error):
                raise StoreUnavailable(error.sentence) from error
        self._remove()
        try:
            return self._open()
        except DatabaseUnusable as error:
            raise StoreUnavailable(error.sentence) from error

    def _open(self) -> SqliteStore:
        store = SqliteStore(str(self.path), "rolls", PRAGMAS)
        try:
            store.migrate(self._now())
        except BaseException:  # whatever it was, nobody else would close it
            store.close()
            raise
        return store

    def _leave(self) -> None:
        """Another thread may be inside the old one, so it is closed at the end."""
        if self._store:
            self._left.append(self._store)
        self._store = None

    def _remove(self) -> None:
        """Take the file away, itself first: what is left beside it then belongs to nothing."""
        for end in BESIDE:
            with suppress(FileNotFoundError):
                Path(f"{self.path}{end}").unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process opens or removes a file of roll-ups in this folder meanwhile; waits for it."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY)
        except OSError as error:
            raise StoreUnavailable(
                f"The folder {self.path.parent} cannot be used ({error}): check its rights."
            ) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise StoreUnavailable(f"The file {self.path} cannot be made anew ({error}): check its rights.") from error
        finally:
            os.close(folder)


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_damage(error: BaseException) -> bool:
    """Whether the driver found no whole database, or one of a newer program, and not only one that is busy or away."""
    cause = error if isinstance(error, sqlite.Error) else error.__cause__
    return type(cause) is sqlite.DatabaseError or (cause is None and isinstance(error, DatabaseUnusable))
