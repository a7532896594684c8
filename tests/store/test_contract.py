"""What every store promises, whichever database is behind it."""

import re
import subprocess
import sys
import threading
import time
from contextlib import closing

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from signup.errors import DatabaseUnusable, StoreUnavailable
from signup.record.seal import in_order
from signup.store import open_store
from signup.store.driver import VERSION, sqlite
from signup.store.sqlite import PRAGMAS
from signup.store.texts import migrations, queries
from tests.logbook import of_the_first_version

MIGRATE = """
import sys
from signup.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(store.migrate("2026-01-01"))
"""


def add(store, amount=1):
    with store.write() as tx:
        tx.run("add_to_counter", name="n", amount=amount, at="now")


def total(store):
    with store.read() as tx:
        return sum(row["value"] for row in tx.all("counters"))


def test_what_is_written_is_read(store):
    add(store)
    add(store, 2)
    assert total(store) == 3


def test_whatever_is_raised_inside_a_write_undoes_it(store):
    class Rerun(BaseException):
        """As Streamlit raises one in the middle of anything."""

    with pytest.raises(Rerun), store.write() as tx:
        tx.run("add_to_counter", name="n", amount=1, at="now")
        raise Rerun
    assert total(store) == 0
    add(store)
    assert total(store) == 1


def test_a_reader_sees_one_snapshot(store):
    add(store)
    with store.read() as tx:
        before = tx.all("counters")[0]["value"]
        add(store)
        assert tx.all("counters")[0]["value"] == before
    assert total(store) == 2


def test_changed_tells_once_that_something_was_committed(store, store_url):
    store.changed()
    assert store.changed() is False
    other = open_store(store_url)
    with other.write() as tx:
        tx.run("append_event", at="2026-01-01", kind="x", signup_id=None, actor="cli", details="{}")
    other.close()
    assert store.changed() is True
    assert store.changed() is False


def test_a_new_sqlite_file_is_opened_although_somebody_reads_it_longer_than_a_write_waits(tmp_path, monkeypatch):
    monkeypatch.setattr("signup.store.sqlite.PATIENCE", 0.1)
    path, opened = tmp_path / "new.db", []
    with closing(sqlite.connect(str(path), isolation_level=None)) as reader:
        for statement in ("CREATE TABLE t (x)", "BEGIN", "SELECT x FROM t"):
            reader.execute(statement).fetchall()
        opening = threading.Thread(target=lambda: opened.append(open_store(f"sqlite:///{path}")))
        opening.start()
        opening.join(0.4)
        assert opening.is_alive()
    opening.join(10)
    (store,) = opened
    store.close()


def test_a_look_for_changes_says_that_its_connection_broke_and_looks_again_on_a_new_one(postgres_url):
    with closing(open_store(postgres_url)) as store, psycopg.connect(postgres_url, autocommit=True) as server:
        store.migrate("2026-01-01")
        store.changed()
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StoreUnavailable):
            store.changed()
        assert store.changed() is False


def test_a_fresh_database_is_behind_and_a_migrated_one_is_not(bare_store_url):
    store = open_store(bare_store_url)
    every = names(store)
    assert store.behind() == every
    assert store.migrate("2026-01-01") == every
    assert store.migrate("2026-01-01") == []
    assert store.behind() == []
    store.close()


def test_eight_processes_migrate_at_once(bare_store_url):
    words, pipe = [sys.executable, "-c", MIGRATE, bare_store_url], subprocess.PIPE
    running = [subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(8)]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 8
    for process in running:
        process.stdin.write("now\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in running]
    assert [errors for _, errors in answers] == [""] * 8
    with closing(open_store(bare_store_url)) as store:
        assert sorted(out.strip() for out, _ in answers) == [str(names(store))] + ["[]"] * 7


def test_events_that_wait_while_a_database_of_the_first_version_is_migrated_keep_their_order(bare_store_url):
    with closing(open_store(bare_store_url)) as store:
        of_the_first_version(store, "2026-01-01")
        append(store, *"cab")
        store.migrate("2026-01-01")
        append(store, "d")
        with store.write() as tx:
            assert [row["details"] for row in in_order(tx.all("take_waiting", size=9))] == [*"cabd"]


def append(store, *details):
    for one in details:
        with store.write() as tx:
            tx.run("append_event", at="2026-01-01", kind="k.k", signup_id=None, actor="cli", details=one)


def names(store):
    return [migration.name for migration in migrations(store.dialect)]


def test_a_database_of_a_newer_program_is_refused(store):
    with store.write() as tx:
        tx.run("add_schema_version", version=9999, name="later", at="2026-01-01")
    with pytest.raises(DatabaseUnusable, match="newer"):
        store.behind()


def test_every_named_query_can_be_planned(store):
    """Explained on each store with every parameter null: a typo or a missing column shows here."""
    texts = queries(store.dialect)
    assert len(texts) > 60
    for name, text in texts.items():
        explain(store, name, text)


def test_every_query_of_the_roll_ups_can_be_planned(services_on_each):
    texts = queries(services_on_each.store.dialect, "rolls")
    assert len(texts) > 10
    for name, text in texts.items():
        explain(services_on_each.rolls, name, text)


def explain(store, name, text):
    if name in ("migration_lock", "create_schema_versions"):
        return
    if store.dialect == "sqlite":
        params = dict.fromkeys(re.findall(r":(\w+)", text))
        with store.read() as tx:
            assert tx._connection.execute(f"EXPLAIN QUERY PLAN {text}", params).fetchall() is not None, name
    else:
        params = dict.fromkeys(re.findall(r"%\((\w+)\)s", text))
        with store.write() as tx:
            assert tx._connection.execute(f"EXPLAIN {text}", params).fetchall(), name


def test_the_log_refuses_what_would_alter_it(store):
    with store.write() as tx:
        tx.run("create_log", log_id="l", mode="sandbox", at="2026-01-01")
        tx.many(
            "seal_event",
            [
                {
                    "seq": 1,
                    "at": "a",
                    "kind": "k",
                    "signup_id": None,
                    "actor": "cli",
                    "details": "{}",
                    "header_salt": "s",
                    "details_salt": "s",
                    "leaf": "l",
                }
            ],
        )
    for statement in ("UPDATE events SET actor = 'x'", "DELETE FROM events", "UPDATE events SET details = '[]'"):
        with pytest.raises(Exception, match="audit log"), store.write() as tx:
            tx._connection.execute(statement)


# SQLite alone.


@pytest.fixture
def file_store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/a.db")
    store.migrate("2026-01-01")
    yield store
    store.close()


def test_every_pragma_is_set_and_read_back(file_store):
    with file_store.read() as tx:
        found = {name: str(tx._connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in PRAGMAS}
    assert found == {name: str(value) for name, value in PRAGMAS.items()}
    assert found["synchronous"] == "2"


def test_the_sqlite_library_is_one_without_the_wal_reset_bug():
    assert tuple(int(part) for part in VERSION.split(".")) >= (3, 51, 3) or sqlite.__name__ == "sqlite3"


def test_a_locked_database_is_told_within_two_and_a_half_seconds_to_all_who_wait(file_store, tmp_path):
    holder = sqlite.connect(str(tmp_path / "a.db"), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    waited = []

    def ask():
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            add(file_store)
        waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 40
    assert max(waited) < 2.5
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):
        add(file_store)
    assert time.monotonic() - begun < 0.5, "the two seconds are over: a newcomer is told at once"
    holder.execute("ROLLBACK")
    add(file_store)
    holder.close()


def test_a_path_that_cannot_be_opened_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatabaseUnusable, match="check the path"):
        open_store(f"sqlite:///{tmp_path}/file/a.db")


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "a.db").write_text("not a database, but long enough to look at" * 30)
    with pytest.raises(DatabaseUnusable, match=r"a\.db"):
        open_store(f"sqlite:///{tmp_path}/a.db")


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password(free_port, monkeypatch):
    opened = ConnectionPool.open
    monkeypatch.setattr(ConnectionPool, "open", lambda pool, wait=False, timeout=0: opened(pool, wait, timeout / 20))
    with pytest.raises(DatabaseUnusable) as refused:
        open_store(f"postgresql://me:secret@127.0.0.1:{free_port()}/x")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["secret%zz@127.0.0.1/x", "@127.0.0.1/x?secret=1", "@127.0.0.1/x?secret", "@127.0.0.1/x?password=a=secret"],
)
def test_an_address_that_postgresqls_library_cannot_read_is_one_sentence_without_the_password(address):
    with pytest.raises(DatabaseUnusable, match="SIGNUP_DATABASE_URL") as refused:
        open_store(f"postgresql://me:{address}")
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__, "nor in what caused it, should anybody print that"
