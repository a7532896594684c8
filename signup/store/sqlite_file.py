"""A SQLite file that somebody hands us to be checked: opened to be read, and left as it was found.

It may be a copy of a database, an export, or neither. It must not be written to, migrated, or believed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signup.errors import DatabaseUnusable
from signup.store.driver import sqlite
from signup.store.face import Dialect
from signup.store.sqlite_tx import SqliteTransaction

MAGIC = b"SQLite format 3\x00"
# A schema made by a stranger may hold views and triggers that do more than they seem to.
PRAGMAS = {"query_only": 1, "trusted_schema": 0, "cell_size_check": 1}


class SqliteFile:
    """One file, for one thread. Raises DatabaseUnusable whenever it cannot be read."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._readable():
            self._connection: Any = sqlite.connect(self._address(), uri=True, isolation_level=None)
            for name, value in PRAGMAS.items():
                self._connection.execute(f"PRAGMA {name} = {value}")

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """One snapshot."""
        with self._readable():
            self._connection.execute("BEGIN")
            try:
                yield SqliteTransaction(self._connection)
            finally:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _address(self) -> str:
        """Where nothing waits in a write-ahead log nobody writes, and no file need be made beside it."""
        how = "mode=ro" if Path(f"{self.path}-wal").exists() else "immutable=1"
        return f"{self.path.resolve().as_uri()}?{how}"

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite.Error as error:
            if "no such table" in str(error):
                raise DatabaseUnusable(
                    f"The file {self.path} holds no whole log ({error}): a copy of a database, an export of all events "
                    "as SQLite, or a bundle can be checked"
                ) from error
            raise DatabaseUnusable(f"The file {self.path} cannot be read as a database ({error})") from error
