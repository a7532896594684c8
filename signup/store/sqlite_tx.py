"""One SQLite transaction behind the face: named queries on one connection, and what its driver says in our words.

Shared by the database, the roll-ups' file and files that are only checked. It must not open or begin anything.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from signup.errors import StoreUnavailable
from signup.store.driver import sqlite
from signup.store.face import Row
from signup.store.texts import every_query


class SqliteTransaction:
    """Named queries on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._texts = every_query("sqlite")
        self.as_stored = False

    def one(self, query: str, /, **params: Any) -> Row | None:
        rows = self.all(query, **params)
        return rows[0] if rows else None

    def all(self, query: str, /, **params: Any) -> list[Row]:
        names, rows = self._read(query, params)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def tuples(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        return self._read(query, params)[1]

    def _read(self, query: str, params: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns' names and the rows. SQLite keeps any bytes as a text; the driver refuses those that are none."""
        try:
            return self._fetched(query, params)
        except sqlite.OperationalError as error:
            if not self.as_stored or "decode" not in str(error):
                raise
        self._connection.text_factory = _any_text
        try:
            return self._fetched(query, params)
        finally:
            self._connection.text_factory = str

    def _fetched(self, query: str, params: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self._connection.execute(self._texts[query], params)
        return [column[0] for column in cursor.description or ()], list(cursor.fetchall())

    def run(self, query: str, /, **params: Any) -> int:
        return int(self._connection.execute(self._texts[query], params).rowcount)

    def many(self, query: str, rows: Iterable[Row]) -> None:
        self._connection.executemany(self._texts[query], rows)


def _any_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def statements(script: str) -> Iterator[str]:
    """A script cut into its statements; a trigger's inner semicolons do not cut."""
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if sqlite.complete_statement(held):
            yield held
            held = ""


def unavailable(error: Exception) -> StoreUnavailable:
    """The driver's word as ours."""
    return StoreUnavailable(f"The database cannot be used ({error}): check the disk and other programs on it.")
