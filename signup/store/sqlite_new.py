"""A SQLite file that is made, not opened: what sqlite-utils is best at, with the one SQLite library of this process.

The file belongs to its maker alone until it is whole, so nothing in it needs a journal. Imported only by whoever makes
one: sqlite-utils brings pandas along. It must not touch a database that somebody works with.
"""

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.db import Table

from signup.store.driver import sqlite
from signup.store.face import Row

# The record's tables as the migrations make them: # is a whole number, ? may be null, the first column is the key.
TABLES = {
    "audit_log": "id# log_id mode created_at seq# frontier pruned_to#",
    "events_inbox": "id# at kind signup_id? actor details",
    "events": "seq# at kind signup_id? actor details? header_salt details_salt? details_hash? leaf",
    "audit_checkpoints": "seq# at root key_id note frontier",
    "audit_keys": "key_id public_key added_at endorsement?",
}
# A crash leaves a file that nobody takes for whole.
PRAGMAS = {"journal_mode": "off", "synchronous": 0, "locking_mode": "exclusive"}


class NewSqliteFile:
    """A file in the making: `add` rows, table by table. Whole once left. Raises OSError when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._connection: Any = sqlite.connect(str(path), isolation_level=None)
        for name, value in PRAGMAS.items():
            self._connection.execute(f"PRAGMA {name} = {value}")
        self._database = Database(self._connection, execute_plugins=False)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """Rows of one of the record's tables, made when it is not there yet."""
        table = self._database.table(name)
        try:
            if not table.exists():
                _make(table)
            table.insert_all(rows)
        except sqlite.Error as error:
            full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
            raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error

    def __enter__(self) -> "NewSqliteFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _make(table: Table) -> None:
    written = TABLES[table.name].split()
    columns = {word.rstrip("#?"): int if word.endswith("#") else str for word in written}
    key, *others = columns
    may_be_null = {word[:-1] for word in written if word.endswith("?")}
    table.create(columns, pk=key, not_null=set(others) - may_be_null, strict=True)
