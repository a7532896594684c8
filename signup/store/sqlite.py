"""SQLite behind the store's face: one writing connection, a few reading ones, every pragma set here and read back."""

import os
import queue
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from signup.errors import DatabaseUnusable, SignupError, StoreUnavailable
from signup.store.driver import VERSION, sqlite
from signup.store.face import Dialect
from signup.store.gate import LONGEST_NAP, PATIENCE, Gate
from signup.store.sqlite_tx import SqliteTransaction, statements, unavailable
from signup.store.texts import Migration, Part, migrations

# What promises hold by: WAL with FULL loses nothing at a power cut, secure_delete leaves no token behind.
PRAGMAS = {
    "busy_timeout": 2000,
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "secure_delete": 1,
    "trusted_schema": 0,
    "journal_size_limit": 67108864,
    "cell_size_check": 1,
}
MIGRATE_SECONDS = 30
SCRUB_NAP = 0.01
SCRUB_READ = 1 << 24
# A page that was split keeps copies of cells that moved away in its free space, where secure_delete never looks (about
# one wiped sign-up in 200 left one behind). Where keys of a person come in no order they are split often: built anew.
REBUILD = (
    "REINDEX signups_by_state",
    "REINDEX signups_by_request",
    "REINDEX signups_by_fingerprint",
    "REINDEX locks",
    "REINDEX callbacks",
)


class SqliteStore:
    """One SQLite file. Made for one machine; any number of processes on it."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str, part: Part = "main", pragmas: Mapping[str, object] = PRAGMAS) -> None:
        self.path = Path(path)
        self._part = part
        self._pragmas = pragmas
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._first()
            self._asker = self._connect()
        except (OSError, sqlite.Error) as error:
            raise DatabaseUnusable(
                f"The database {path} cannot be opened ({error}): check the path and its rights"
            ) from error
        self._gate = Gate(self._begin, lambda: _version(self._writer))
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._seen = _version(self._asker)

    def _first(self) -> Any:
        """The first connection. A new file turns to WAL while nobody else reads it, which SQLite does not wait for."""
        deadline = time.monotonic() + MIGRATE_SECONDS
        while True:
            try:
                return self._connect()
            except sqlite.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(random.uniform(0, LONGEST_NAP))  # noqa: S311  (no secret)

    def _connect(self) -> Any:
        connection = sqlite.connect(str(self.path), isolation_level=None, check_same_thread=False, timeout=PATIENCE)
        for name, value in self._pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
            found = connection.execute(f"PRAGMA {name}").fetchone()
            if found is None or str(found[0]) != str(value):
                raise DatabaseUnusable(
                    f"SQLite {VERSION} refuses the pragma {name} = {value}: use a local disk and a current SQLite"
                )
        return connection

    def _begin(self) -> bool:
        """Whether the write lock is ours now; does not wait."""
        self._writer.execute("PRAGMA busy_timeout = 0")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return False
            raise
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {self._pragmas['busy_timeout']}")
        return True

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        with _in_our_words(), self._gate.entered():
            try:
                yield SqliteTransaction(self._writer)
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            yield SqliteTransaction(connection)
        except sqlite.DatabaseError as error:  # a damaged file shows only when it is read
            raise unavailable(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._readers.put(connection)

    def _reader(self) -> Any:
        with suppress(queue.Empty):
            return self._readers.get_nowait()
        try:
            return self._connect()
        except sqlite.OperationalError as error:
            raise unavailable(error) from error

    def changed(self) -> bool:
        with _in_our_words():
            seen, self._seen = self._seen, _version(self._asker)
        return seen != self._seen

    def migrate(self, at: str) -> list[str]:
        if not self.behind():
            return []
        connection = self._writer
        try:
            connection.execute(f"PRAGMA busy_timeout = {MIGRATE_SECONDS * 1000}")
            connection.execute("BEGIN IMMEDIATE")
            return self._apply(SqliteTransaction(connection), at)
        except sqlite.Error as error:
            raise DatabaseUnusable(
                f"The database {self.path} cannot be migrated ({error}): check its rights and the disk"
            ) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _apply(self, tx: SqliteTransaction, at: str) -> list[str]:
        missing = self._missing(tx)
        tx.run("create_schema_versions")
        for migration in missing:
            for statement in statements(migration.sql):
                self._writer.execute(statement)
            tx.run("add_schema_version", version=migration.version, name=migration.name, at=at)
        self._writer.execute("COMMIT")
        return [migration.name for migration in missing]

    def behind(self) -> list[str]:
        with self.read() as tx:
            return [migration.name for migration in self._missing(tx)]

    def _missing(self, tx: SqliteTransaction) -> list[Migration]:
        tables = {row["name"] for row in tx.all("table_names")}
        self._refuse_anothers(tables)
        rows = tx.all("schema_versions") if tx.one("has_schema_versions") else []
        known = migrations("sqlite", self._part)
        newest = max((row["version"] for row in rows), default=0)
        if newest > known[-1].version:
            raise DatabaseUnusable(f"The database {self.path} was made by a newer version of this program: update it")
        return [migration for migration in known if migration.version > newest]

    def _refuse_anothers(self, tables: set[str]) -> None:
        """A database and the roll-ups of another one may be called alike: neither may move into the other's file."""
        if self._part == "main" and "roll_cursor" in tables:
            raise DatabaseUnusable(
                f"The file {self.path} holds the numbers of another database: give this one another name in "
                "SIGNUP_DATABASE_URL"
            )
        if self._part == "rolls" and tables and "roll_cursor" not in tables:
            raise StoreUnavailable(
                f"The numbers belong in the file {self.path}, which is another database: give one of the two another "
                "name in SIGNUP_DATABASE_URL."
            )

    def scrub(self, *gone: str) -> bool:
        clean = False
        with suppress(OSError, sqlite.Error, SignupError):  # who wiped has committed: it is told, and done later
            owed = self._owed()
            clean = self._truncated() and (not (owed or self._holds(gone)) or self._rebuilt(gone))
            if owed and clean:
                self._owe(0, instead_of=owed)
        if gone and not clean:
            with suppress(sqlite.Error, SignupError):
                self._owe(self._owed() + 1)
        return clean

    def _rebuilt(self, gone: Sequence[str]) -> bool:
        """Build the indexes anew; whether that took the texts out of the file."""
        for statement in REBUILD:
            with self.write():
                self._writer.execute(statement)
        return self._truncated() and not self._holds(gone)

    def _owed(self) -> int:
        """Not 0 when a scrub was left undone, whose texts nobody knows any more: then the next one rebuilds unasked."""
        with self.write():
            return int(self._writer.execute("PRAGMA user_version").fetchone()[0])

    def _owe(self, scrubs: int, *, instead_of: int | None = None) -> None:
        """Remember it in the file itself, for whichever program scrubs next; another's word is left alone."""
        with self.write():
            if instead_of in (None, int(self._writer.execute("PRAGMA user_version").fetchone()[0])):
                self._writer.execute(f"PRAGMA user_version = {scrubs}")

    def _truncated(self) -> bool:
        """Whether the write-ahead log could be emptied into the file."""
        connection = self._connect()
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the long part, beside which everybody writes on
            connection.execute("PRAGMA busy_timeout = 0")  # who waited inside would hold the write lock meanwhile
            deadline = time.monotonic() + PATIENCE
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(SCRUB_NAP)
        except sqlite.OperationalError as error:
            raise unavailable(error) from error
        finally:
            connection.close()
        return True

    def _holds(self, texts: Sequence[str]) -> bool:
        """Whether one of the texts stands anywhere in the file."""
        wanted = [text.encode() for text in texts]
        overlap = max(map(len, wanted), default=1) - 1
        with self.path.open("rb") as file:
            kept = b""
            while wanted and (read := file.read(SCRUB_READ)):
                piece = kept + read
                if any(text in piece for text in wanted):
                    return True
                kept = piece[-overlap:] if overlap else b""
        return False

    def about(self) -> dict[str, str]:
        wal = Path(f"{self.path}-wal")
        if not self.path.exists():
            raise StoreUnavailable(
                f"The database file {self.path} is gone: stop all programs on it and put back the last backup."
            )
        return {
            "library": f"SQLite {VERSION}",
            "durability": "WAL, full sync",
            "file": str(self.path),
            "bytes": str(self.path.stat().st_size),
            "walBytes": str(wal.stat().st_size if wal.exists() else 0),
            "freeBytes": str(os.statvfs(self.path.parent).f_bavail * os.statvfs(self.path.parent).f_frsize),
        }

    def close(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._readers.get_nowait().close()
        self._asker.close()
        self._writer.close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What is wrong with the disk or the file, also with a damaged one; a fault of our own stays one."""
    try:
        yield
    except (sqlite.IntegrityError, sqlite.ProgrammingError):
        raise
    except sqlite.DatabaseError as error:
        raise unavailable(error) from error


def _version(connection: Any) -> int:
    """Changes whenever another connection commits."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
