"""What the rest of the program may ask of a database, whichever it is.

A step opens one `write()` (or `read()`), runs named queries in it and leaves; nothing else is open during an HTTP
call. What happens inside commits together or not at all.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

Row = dict[str, Any]
Dialect = Literal["sqlite", "postgresql"]


class Transaction(Protocol):
    """Runs queries of `signup/store/sql` by name; parameters are named as in the text.

    `as_stored`: bytes that are no text come as lone surrogates, where otherwise the query fails. For reading alone.
    """

    as_stored: bool

    def one(self, query: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, query: str, /, **params: Any) -> list[Row]:
        """Every row."""
        ...

    def tuples(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        """Every row as its bare values, in the order the query names them: for long walks."""
        ...

    def run(self, query: str, /, **params: Any) -> int:
        """How many rows were changed."""
        ...

    def many(self, query: str, rows: Iterable[Row]) -> None:
        """The same change for each set of parameters."""
        ...


class Store(Protocol):
    """One database. Safe to use from any number of threads and processes."""

    dialect: Dialect

    def write(self) -> AbstractContextManager[Transaction]:
        """One transaction that may change things: commits at the end, rolls back when anything is raised.

        Raises StoreUnavailable when the database cannot be written within two seconds of getting stuck.
        """
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """One snapshot. Raises StoreUnavailable."""
        ...

    def changed(self) -> bool:
        """Whether anybody committed since the last call; for one asking thread, cheap enough for 20 calls a second."""
        ...

    def migrate(self, at: str) -> list[str]:
        """Apply what is missing, under one lock; the names applied. Safe from any number of processes."""
        ...

    def behind(self) -> list[str]:
        """Migrations that the database lacks. Raises DatabaseUnusable when it is newer than this program."""
        ...

    def scrub(self, *gone: str) -> bool:
        """After a wipe, outside any transaction: leave nothing of it in the write-ahead log. Raises nothing.

        `gone`: texts that must stand nowhere in the file any more, each long enough to be nobody else's. False: a
        reader held the old rows for two seconds, one of the texts is still there, or the database could not be used;
        whoever scrubs next does the whole of it again.
        """
        ...

    def about(self) -> dict[str, str]:
        """What the Health page shows: library version, file, sizes. No secret."""
        ...

    def close(self) -> None:
        """Give every connection back."""
        ...
