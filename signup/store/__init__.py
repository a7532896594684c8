"""The only door to the database: one face, SQLite and PostgreSQL behind it, every query a named text in `sql/`."""

from signup.errors import SettingsWrong
from signup.store.face import Row, Store, Transaction

__all__ = ["Row", "Store", "Transaction", "open_store"]


def open_store(url: str) -> Store:
    """The store a URL names (`sqlite:///data/signup.db`, `postgresql://...`); raises DatabaseUnusable."""
    if url.startswith("sqlite:///"):
        from signup.store.sqlite import SqliteStore

        return SqliteStore(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        from signup.store.postgresql import PostgresqlStore

        return PostgresqlStore(url)
    raise SettingsWrong("SIGNUP_DATABASE_URL must begin with sqlite:/// or postgresql://")
