"""The only door to the database: one face, SQLite and PostgreSQL behind it, every query a named text in `sql/`."""

from collections.abc import Callable
from pathlib import Path

from signup.store.face import Row, Store, Transaction

__all__ = ["Row", "Store", "Transaction", "open_rolls", "open_store", "rolls_beside"]


def open_store(url: str) -> Store:
    """The store that the settings name (`sqlite:///data/signup.db`, `postgresql://...`); raises DatabaseUnusable."""
    if url.startswith("sqlite:///"):
        from signup.store.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"))
    from signup.store.postgresql import PostgresqlStore

    return PostgresqlStore(url)


def open_rolls(url: str, store: Store, now: Callable[[], str]) -> Store:
    """Where the roll-ups of a database are: PostgreSQL's own tables, or a file beside SQLite's, opened when asked.

    `now`: the time as text, for noting when that file was made.
    """
    if store.dialect == "postgresql":
        return store
    from signup.store.roll_file import RollFile

    return RollFile(rolls_beside(Path(url.removeprefix("sqlite:///"))), now)


def rolls_beside(database: Path) -> Path:
    """Where the roll-ups of a SQLite database lie: signup.metrics.db for signup.db."""
    return database.with_name(f"{database.stem}.metrics{database.suffix}")
