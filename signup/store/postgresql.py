"""PostgreSQL behind the store's face, for when one machine is outgrown: one pool that writes, one that reads."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from signup.errors import DatabaseUnusable, StoreHeld, StoreUnavailable
from signup.store.face import Dialect, Row
from signup.store.texts import Migration, every_query, migrations

PATIENCE = 2.0
OPTIONS = (
    "-c lock_timeout=1500 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC "
    "-c plan_cache_mode=force_custom_plan"  # a generic plan walks the log by its primary key, whatever is asked
)
# A network or a server that went silent is noticed within seconds, not when TCP gives up after minutes.
ALIVE = {"tcp_user_timeout": 2000, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 2}
TROUBLE = (psycopg.OperationalError, psycopg.InternalError, PoolTimeout)  # InternalError: a standby that only reads
Pool = ConnectionPool[psycopg.Connection[Row]]

logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class PostgresqlTransaction:
    """Named queries on one connection."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
        self._texts = every_query("postgresql")
        self.as_stored = False  # every text here is one

    def _execute(self, query: str, params: dict[str, Any]) -> psycopg.Cursor[Row]:
        return self._connection.execute(cast(Any, self._texts[query]), params)

    def one(self, query: str, /, **params: Any) -> Row | None:
        return self._execute(query, params).fetchone()

    def all(self, query: str, /, **params: Any) -> list[Row]:
        return self._execute(query, params).fetchall()

    def tuples(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(cast(Any, self._texts[query]), params).fetchall()

    def run(self, query: str, /, **params: Any) -> int:
        return self._execute(query, params).rowcount

    def script(self, sql: str) -> None:
        """Several statements at once, for migrations."""
        self._connection.execute(cast(Any, sql))

    def many(self, query: str, rows: Iterable[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(cast(Any, self._texts[query]), list(rows))


class PostgresqlStore:
    """One PostgreSQL database; any number of machines."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self.place = f"{urlsplit(url).hostname or 'local'}{urlsplit(url).path}"
        options = f"{_parts(url).get('options') or ''} {OPTIONS}"
        self._url = url
        self._kwargs: dict[str, Any] = {"row_factory": dict_row, "options": options, "connect_timeout": 2, **ALIVE}
        self._writers = self._pool(reading=False)
        self._readers = self._pool(reading=True)
        self._asker: psycopg.Connection[Row] | None = None
        self._seen: tuple[bytes | None, bytes | None] | None = None
        try:
            self._writers.open(wait=True, timeout=5)
            self._readers.open()
        except PoolTimeout as error:
            self.close()
            raise DatabaseUnusable(
                f"The database postgresql://{self.place} does not answer: check SIGNUP_DATABASE_URL and the server"
            ) from error

    def _pool(self, *, reading: bool) -> Pool:
        def configure(connection: psycopg.Connection[Row]) -> None:
            if reading:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True

        return ConnectionPool(
            self._url,
            kwargs=self._kwargs,
            min_size=1,
            max_size=10,
            timeout=PATIENCE,
            configure=configure,
            check=ConnectionPool.check_connection,
            open=False,
        )

    @contextmanager
    def _transaction(self, pool: Pool) -> Iterator[PostgresqlTransaction]:
        try:
            with pool.connection() as connection:
                yield PostgresqlTransaction(connection)
        except TROUBLE as error:
            raise _unavailable(error) from error

    @contextmanager
    def write(self) -> Iterator[PostgresqlTransaction]:
        with self._transaction(self._writers) as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[PostgresqlTransaction]:
        with self._transaction(self._readers) as tx:
            yield tx

    def changed(self) -> bool:
        """On one kept connection, without a transaction, straight through libpq, which costs a quarter of a cursor:
        twenty looks a second must cost next to nothing.
        """
        try:
            if self._asker is None or self._asker.closed:
                self._asker = psycopg.connect(self._url, autocommit=True, **self._kwargs)
            found = self._asker.pgconn.exec_(every_query("postgresql")["newest_ids"].encode())
            if found.status != psycopg.pq.ExecStatus.TUPLES_OK:
                raise psycopg.OperationalError
        except TROUBLE as error:
            raise _unavailable(error) from error
        seen, self._seen = self._seen, (found.get_value(0, 0), found.get_value(0, 1))
        return seen != self._seen

    def migrate(self, at: str) -> list[str]:
        if not self.behind():
            return []
        with self.write() as tx:
            tx.one("migration_lock")
            tx.run("create_schema_versions")
            missing = self._missing(tx.all("schema_versions"))
            for migration in missing:
                tx.script(migration.sql)
                tx.run("add_schema_version", version=migration.version, name=migration.name, at=at)
        return [migration.name for migration in missing]

    def _missing(self, rows: list[Row]) -> list[Migration]:
        known = migrations("postgresql")
        newest = max((row["version"] for row in rows), default=0)
        if newest > known[-1].version:
            raise DatabaseUnusable(f"The database {self.place} was made by a newer version of this program: update it")
        return [migration for migration in known if migration.version > newest]

    def behind(self) -> list[str]:
        with self.read() as tx:
            rows = tx.all("schema_versions") if tx.one("has_schema_versions") else []
        return [migration.name for migration in self._missing(rows)]

    def scrub(self, *gone: str) -> bool:
        """Nothing to do: autovacuum takes the dead rows, and the server's log is not ours to cut."""
        return True

    def about(self) -> dict[str, str]:
        with self.read() as tx:
            row = tx.one("server_version") or {}
        return {
            "library": f"PostgreSQL {row.get('version', '')}",
            "durability": "synchronous commit",
            "file": self.place,
        }

    def close(self) -> None:
        if self._asker:
            self._asker.close()
        self._writers.close()
        self._readers.close()


def _parts(url: str) -> dict[str, Any]:
    """An address as libpq reads it, whose complaints quote it with its password."""
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise DatabaseUnusable(
            "SIGNUP_DATABASE_URL cannot be read by PostgreSQL's library: check what follows its question mark"
        ) from None


def _unavailable(error: Exception) -> StoreUnavailable:
    """The driver's word as ours; its text may quote what was written, so only its kind is told."""
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return StoreHeld("The database is locked by another program: try again in a moment.")
    return StoreUnavailable(f"The database cannot be used ({type(error).__name__}): check the server.")
