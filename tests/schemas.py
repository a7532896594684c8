"""Databases for the tests that were migrated once: nothing is in them, and each costs a tenth of a new one.

A SQLite file is copied. A PostgreSQL schema is emptied after each test; what one did to more than its rows, or did a
lot of, is not put right: that schema is dropped, and the next is new.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from signup.store import open_store

PATIENCE = "10s"
FEW_BYTES = 10 * 8192
"""Above these a table would be planned for as a large one, though nothing is in it."""

TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = %(schema)s AND relkind = 'r' ORDER BY oid"
USED = """
SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class
WHERE relnamespace = %(schema)s AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
LOOKS = """
WITH ours AS (SELECT oid, xmin, relpages, reltuples FROM pg_class WHERE relnamespace = %(schema)s)
SELECT
    (SELECT array_agg((oid, xmin::text, relpages, reltuples)::text ORDER BY oid) FROM ours),
    (SELECT array_agg(a.xmin::text ORDER BY ours.oid, attnum) FROM pg_attribute a JOIN ours ON ours.oid = a.attrelid),
    (SELECT array_agg(t.xmin::text ORDER BY t.oid) FROM pg_trigger t JOIN ours ON ours.oid = t.tgrelid),
    (SELECT array_agg(xmin::text ORDER BY oid) FROM pg_constraint WHERE connamespace = %(schema)s),
    (SELECT array_agg(xmin::text ORDER BY oid) FROM pg_proc WHERE pronamespace = %(schema)s),
    (SELECT array_agg(setconfig::text) FROM pg_db_role_setting WHERE setrole = %(role)s)
"""
"""What the server knows of a schema's tables, columns, triggers, constraints and functions: what defines or analyses
one of these leaves its trace here."""
THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = %(role)s"
BEGIN_AGAIN = "SELECT setval(oid, 1, false) FROM pg_class WHERE relnamespace = %(schema)s AND relkind = 'S'"


def sqlite_url(path: Path, at: str) -> str:
    """The address of a SQLite file, put there when nothing is; it was migrated `at`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated_file(at))
    return f"sqlite:///{path}"


@cache
def _migrated_file(at: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "signup.db"
        with closing(open_store(f"sqlite:///{path}")) as store:
            store.migrate(at)
        return path.read_bytes()


@dataclass
class Schema:
    """A role and the schema of the same name, on which its connections work."""

    name: str
    oids: dict[str, int]
    tables: list[str]
    rows: dict[str, bytes]
    looks: tuple[object, ...] | None


class Schemas:
    """Those of one process. `at`: when they were migrated."""

    def __init__(self, server: str, at: str) -> None:
        self._server = server
        self._at = at
        self._free: list[Schema] = []
        self._connection = psycopg.connect(server, autocommit=True)
        self._connection.execute("SET password_encryption = 'scram-sha-256'")  # the others do not survive a new name
        self._connection.execute(f"SET lock_timeout = '{PATIENCE}'")

    def close(self) -> None:
        for schema in self._free:
            self._drop(schema)
        self._connection.close()

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a migrated schema that nobody else has, and that nobody reaches afterwards."""
        schema = self._free.pop() if self._free else self._made()
        try:
            yield self._address(schema)
        finally:
            if self._is_as_new(schema):
                self._free.append(schema)
            else:
                self._drop(schema)

    def _address(self, schema: Schema) -> str:
        parts = urlsplit(self._server)
        return parts._replace(netloc=f"{schema.name}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}").geturl()

    def _made(self) -> Schema:
        name = new_name()
        role = sql.Identifier(name)
        run = self._connection.execute
        run(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(PASSWORD)))
        run(sql.SQL("CREATE SCHEMA AUTHORIZATION {}").format(role))
        oids = run("SELECT %s::regrole::oid::int8, %s::regnamespace::oid::int8", [name, name]).fetchone()
        assert oids is not None
        schema = Schema(name, dict(zip(("role", "schema"), oids, strict=True)), [], {}, None)
        with closing(open_store(self._address(schema))) as store:
            store.migrate(self._at)
        schema.tables = [inside(table) for (table,) in run(TABLES, schema.oids)]
        schema.rows = {inside(table): self._read(schema, inside(table)) for table, _ in run(USED, schema.oids)}
        schema.looks = run(LOOKS, schema.oids).fetchone()
        return schema

    def _read(self, schema: Schema, table: str) -> bytes:
        command = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema.name, table))
        with self._connection.cursor() as cursor, cursor.copy(command) as copy:
            return b"".join(bytes(part) for part in copy)

    def _is_as_new(self, schema: Schema) -> bool:
        """Empty it, under another name; False when that is not enough."""
        run, old = self._connection.execute, sql.Identifier(schema.name)
        schema.name = new_name()
        new = sql.Identifier(schema.name)
        run(sql.SQL("ALTER ROLE {0} RENAME TO {1}; ALTER SCHEMA {0} RENAME TO {1}").format(old, new))
        run(THROW_OUT, schema.oids)
        if run(LOOKS, schema.oids).fetchone() != schema.looks:
            return False
        try:
            with self._connection.transaction():
                return self._empty(schema)
        except psycopg.errors.LockNotAvailable:
            return False

    def _empty(self, schema: Schema) -> bool:
        run = self._connection.execute
        places = [sql.Identifier(schema.name, table) for table in schema.tables]
        run(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(places)))
        used = {inside(table): size for table, size in run(USED, schema.oids)}
        if any(size > FEW_BYTES for size in used.values()):
            return False
        run("SET LOCAL session_replication_role = replica")  # the record's triggers let nobody delete
        run(sql.SQL(";").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema.name, table)) for table in used))
        run(BEGIN_AGAIN, schema.oids)
        for table, rows in schema.rows.items():
            command = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(schema.name, table))
            with self._connection.cursor() as cursor, cursor.copy(command) as copy:
                copy.write(rows)
        return True

    def _drop(self, schema: Schema) -> None:
        run, role = self._connection.execute, sql.Identifier(schema.name)
        run(THROW_OUT, schema.oids)
        run(sql.SQL("DROP OWNED BY {}").format(role))
        run(sql.SQL("DROP ROLE {}").format(role))


PASSWORD = secrets.token_hex(16)


def new_name() -> str:
    return f"t_{secrets.token_hex(8)}"


def inside(table: str) -> str:
    """A table's name without its schema's."""
    return table.rpartition(".")[2]
