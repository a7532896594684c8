"""The schemas that tests are given: as new for each, whatever the one before did to its own."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from signup.clock import text
from signup.store import open_store
from tests.conftest import START
from tests.schemas import Schemas

EVENT = "INSERT INTO events_inbox (at, kind, actor, details) VALUES ('now', 'k', 'a', '{}') RETURNING id"
SEALED = "INSERT INTO events (seq, at, kind, actor, header_salt, leaf) VALUES (1, 'now', 'k', 'a', 's', 'l')"


@pytest.fixture
def ours(postgres_server: str) -> Iterator[Schemas]:
    """As a process has them that gave none away yet."""
    with closing(Schemas(postgres_server, text(START))) as schemas:
        yield schemas


def lived(schemas: Schemas, *statements: str) -> int:
    """The schema that one test had, by its number; `statements` are what it did."""
    with schemas.one() as url, psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
        return number(connection)


def number(connection: psycopg.Connection) -> int:
    found = connection.execute("SELECT current_schema()::regnamespace::oid::int8").fetchone()
    assert found is not None
    return int(found[0])


def test_it_is_migrated(ours: Schemas) -> None:
    with ours.one() as url, closing(open_store(url)) as store:
        assert store.behind() == []


def test_what_one_test_wrote_the_next_does_not_find(ours: Schemas) -> None:
    before = lived(ours, EVENT, SEALED, "DELETE FROM alert_rounds", "UPDATE roll_cursor SET seq = 7")
    with ours.one() as url, psycopg.connect(url, autocommit=True) as connection:
        assert number(connection) == before
        for table, rows in (("events", 0), ("events_inbox", 0), ("alert_rounds", 1)):
            assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (rows,)
        assert connection.execute("SELECT seq FROM roll_cursor").fetchall() == [(0,)]
        assert connection.execute(EVENT).fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE events ADD more TEXT",
        "ALTER TABLE events ALTER at DROP NOT NULL",
        "ALTER TABLE events DISABLE TRIGGER events_stay",
        "DROP INDEX events_by_kind",
        "CREATE TABLE another (id INTEGER)",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER ROLE CURRENT_USER SET lock_timeout = 7",
        "ANALYZE alert_rounds",
        f"INSERT INTO reasons SELECT g, 'now', '{'x' * 80}' FROM generate_series(1, 1000) g",
    ],
)
def test_one_that_is_no_longer_as_it_was_made_is_not_given_again(ours: Schemas, statement: str) -> None:
    before = lived(ours, statement)
    with ours.one() as url, psycopg.connect(url) as connection:
        assert number(connection) != before


def test_nobody_reaches_it_when_its_test_is_over(ours: Schemas) -> None:
    with ours.one() as url:
        left = psycopg.connect(url)
        left.execute(EVENT)
    with ours.one() as other, psycopg.connect(other) as connection:
        assert connection.execute("SELECT COUNT(*) FROM events_inbox").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError):
            left.execute(EVENT)
        with pytest.raises(psycopg.OperationalError, match=urlsplit(url).username):
            psycopg.connect(url)
    left.close()


def test_two_at_once_are_two(ours: Schemas) -> None:
    with ours.one() as one, ours.one() as other:
        assert urlsplit(one).username != urlsplit(other).username


def test_nothing_is_left_of_them_at_the_end(postgres_server: str) -> None:
    with closing(Schemas(postgres_server, text(START))) as schemas:
        before = lived(schemas)
    with psycopg.connect(postgres_server) as connection:
        found = connection.execute("SELECT COUNT(*) FROM pg_namespace WHERE oid = %s", [before])
        assert found.fetchone() == (0,)
