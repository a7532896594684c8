"""Exports for those who ask with SQL or a data frame: Parquet and SQLite."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from signup.clock import HandClock, text
from signup.errors import RecordAltered
from signup.record import log, parquet, tree
from signup.record.log import LogQuery
from signup.record.outside import Given
from signup.record.redact import redact
from signup.record.verify import Question, verify
from signup.services import Services
from signup.store import Store
from signup.store.driver import sqlite
from signup.store.sqlite_file import SqliteFile
from signup.store.sqlite_new import TABLES, NewSqliteFile
from tests.machine import ROOT
from tests.steps.test_export import ID, run, write
from tests.store.test_prune import DAY, happen, prune, sign
from tests.store.test_verify import prune as prune_unsealed


def report(path: Path, **question: Any) -> dict[str, Any]:
    with closing(SqliteFile(path)) as source:
        return verify(source, Question(**question)).facts


def redacted(services: Services, seq: int) -> None:
    redact(services, seq, reason="a name got in", actor="cli")


def test_parquet_holds_typed_columns_and_what_leaves_are_made_of(services_on_each: Services, tmp_path: Path) -> None:
    write(services_on_each, 3)
    run(services_on_each, tmp_path / "log.parquet", "parquet")
    table = pq.read_table(tmp_path / "log.parquet")
    assert table.schema.names == [
        *("seq", "at", "kind", "signupId", "actor", "country", "channel", "code", "ms", "details"),
        *("headerSalt", "detailsSalt", "detailsHash", "leaf"),
    ]
    row = table.to_pylist()[1]
    assert row["at"] == datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)
    assert (row["seq"], row["country"], row["channel"], row["code"], row["ms"]) == (2, "SE", "web", None, None)
    header = tree.header(row["seq"], text(row["at"]), row["kind"], row["signupId"], row["actor"])
    header_hash = tree.header_hash(header, bytes.fromhex(row["headerSalt"]))
    details_hash = tree.details_hash(row["details"], bytes.fromhex(row["detailsSalt"]))
    assert tree.leaf(header_hash, details_hash).hex() == row["leaf"]


@pytest.mark.long
def test_parquet_comes_in_groups_and_none_is_too_large(services: Services, tmp_path: Path) -> None:
    write(services, 1)
    log.seal_first(services)
    ((row,),) = log.portions(services, LogQuery(), before=2)
    with (tmp_path / "log.parquet").open("w+b") as file, parquet.writer(file) as put:
        for first in range(1, 45_001, 1000):
            put([(seq, *row[1:]) for seq in range(first, first + 1000)])
    read = pq.ParquetFile(tmp_path / "log.parquet")
    sizes = [read.metadata.row_group(number).num_rows for number in range(read.num_row_groups)]
    assert (sizes, read.read(["seq"])["seq"].to_pylist()) == ([20_000, 20_000, 5_000], list(range(1, 45_001)))


def test_a_parquet_file_of_nothing_still_knows_its_columns(services: Services, tmp_path: Path) -> None:
    assert run(services, tmp_path / "log.parquet", "parquet", LogQuery(("lock.hit",)))["rows"] == 0
    assert pq.read_table(tmp_path / "log.parquet").schema.names[0] == "seq"


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_row_that_was_changed_from_outside_leaves_in_no_file(services: Services, tmp_path: Path, form: str) -> None:
    write(services, 3)
    log.seal_first(services)
    with closing(sqlite.connect(str(tmp_path / "data/signup.db"))) as database, database:
        database.execute("DROP TRIGGER events_stay")
        database.execute("UPDATE events SET details = '{\"name\": 1.5}' WHERE seq = 2")
    with pytest.raises(RecordAltered):
        run(services, tmp_path / "log", form)
    assert not (tmp_path / "log").exists()


def test_a_time_that_is_none_leaves_in_no_parquet_file(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    log.seal_first(services)
    with closing(sqlite.connect(str(tmp_path / "data/signup.db"))) as database, database:
        database.execute("DROP TRIGGER events_stay")
        database.execute("UPDATE events SET at = 'yesterday' WHERE seq = 2")
    with pytest.raises(RecordAltered, match="run verify"):
        run(services, tmp_path / "log", "parquet")


def test_an_export_of_all_rows_as_sqlite_verifies_like_its_database(services_on_each: Services, tmp_path: Path) -> None:
    write(services_on_each, 3)
    kept = sign(services_on_each)
    write(services_on_each, 2)
    answer = run(services_on_each, tmp_path / "log.db", "sqlite")
    assert answer["sha256"] == sha256((tmp_path / "log.db").read_bytes()).hexdigest()
    found = report(tmp_path / "log.db", outside=[Given(kept.note, kept.json())])
    assert (found["valid"], found["events"], found["checkpoints"]) == (True, answer["rows"], 1)
    assert found["outside"] == {"given": 1, "matched": 1}
    with services_on_each.store.read() as tx:
        head = tx.one("log_head")
    assert head is not None
    assert (found["logId"], found["head"]) == (head["log_id"], answer["rows"])


def test_a_change_to_such_a_file_is_found(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    sign(services)
    run(services, tmp_path / "log.db", "sqlite")
    with closing(sqlite.connect(str(tmp_path / "log.db"))) as database, database:
        database.execute("UPDATE events SET actor = 'user:eve' WHERE seq = 2")
    found = report(tmp_path / "log.db")
    assert (found["reason"], found["firstBadSeq"]) == ("row_changed", 2)


def test_a_redacted_log_is_copied_with_what_tells_of_it(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    log.seal_first(services)
    redacted(services, 2)
    run(services, tmp_path / "log.db", "sqlite")
    found = report(tmp_path / "log.db")
    assert (found["valid"], found["redacted"]) == (True, 1)


def test_a_copy_is_begun_again_when_a_row_is_redacted_under_it(services: Services, tmp_path: Path) -> None:
    write(services, log.PAGE + 1500)
    log.seal_first(services)
    steps: list[int] = []

    def redact_once(done: int, *_: int) -> None:
        steps.append(done)
        if len(steps) == 1:
            redacted(services, log.PAGE + 1000)

    assert run(services, tmp_path / "log.db", "sqlite", progress=redact_once)["rows"] == 6502
    assert steps == [*range(1000, 7000, 1000), 6501, *range(1000, 7000, 1000), 6502]
    assert report(tmp_path / "log.db")["valid"] is True


def test_a_copy_is_begun_again_when_rows_are_pruned_under_it(
    services: Services, tmp_path: Path, clock: HandClock
) -> None:
    happen(services, log.PAGE + 1500)
    sign(services)
    clock.move(500 * DAY)
    happen(services, 10)
    portions: list[int] = []

    def prune_once(*_: int) -> None:
        if not portions:
            portions.append(prune(services))

    run(services, tmp_path / "log.db", "sqlite", progress=prune_once)
    found = report(tmp_path / "log.db")
    assert portions[0] > 0
    assert (found["valid"], found["prunedTo"]) == (True, log.PAGE + 1500)


class BeforeTheCopy:
    """A store in which something happens, once, in another thread, just before a copy asks for the log's own row."""

    def __init__(self, store: Store, act: Callable[[], None]) -> None:
        self._store, self._act = store, act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def read(self) -> Iterator["BeforeTheCopy"]:
        with self._store.read() as tx:
            yield BeforeTheCopy(tx, self._happen)  # type: ignore[arg-type]

    def one(self, name: str, **params: Any) -> Any:
        if name == "log_to_copy":
            self._act()
        return self._store.one(name, **params)  # type: ignore[attr-defined]

    def _happen(self) -> None:
        act, self._act = self._act, lambda: None
        with ThreadPoolExecutor(1) as other:
            other.submit(act).result()


def test_a_copy_is_begun_again_when_a_prune_is_not_yet_told_in_the_sealed_log(
    services: Services, tmp_path: Path
) -> None:
    write(services, 3)
    end = sign(services).seq
    pruning = replace(services, store=BeforeTheCopy(services.store, lambda: prune_unsealed(services, end)))  # type: ignore[arg-type]
    run(pruning, tmp_path / "log.db", "sqlite")
    found = report(tmp_path / "log.db")
    assert (found["valid"], found["reason"], found["prunedTo"]) == (True, None, end)


def test_a_redaction_the_log_never_tells_of_stops_the_copy(services: Services, tmp_path: Path) -> None:
    write(services, 3)
    log.seal_first(services)
    with services.store.write() as tx:
        tx.run("redact_event", seq=2, details_hash="ab" * 32)
    with pytest.raises(RecordAltered, match="run verify"):
        run(services, tmp_path / "log.db", "sqlite")
    assert not (tmp_path / "log.db").exists()


def test_a_filtered_export_as_sqlite_holds_its_rows_and_says_why_it_proves_nothing(
    services: Services, tmp_path: Path
) -> None:
    write(services, 3)
    run(services, tmp_path / "log.db", "sqlite", LogQuery(signup_id=ID, start="2026-11-24T00:00:01.000000Z"))
    with closing(sqlite.connect(str(tmp_path / "log.db"))) as database:
        assert [row[0] for row in database.execute("SELECT seq FROM events ORDER BY seq")] == [2, 3]
    found = report(tmp_path / "log.db")
    assert (found["valid"], found["reason"]) == (None, "unreadable")
    assert "holds no whole log" in found["detail"]
    assert "an export of all events" in found["detail"]


def test_the_tables_are_those_of_the_database(services: Services, tmp_path: Path) -> None:
    with NewSqliteFile(tmp_path / "new.db") as new:
        for name in TABLES:
            new.add(name, [])

    def columns(path: Path) -> dict[str, list[Any]]:
        with closing(sqlite.connect(str(path))) as database:
            told = {name: database.execute(f"PRAGMA table_info({name})").fetchall() for name in TABLES}
        # name, type, may be null (a key may not), key; STRICT makes the rest
        return {name: [(row[1], row[2], row[3] or row[5], row[5]) for row in rows] for name, rows in told.items()}

    assert columns(tmp_path / "new.db") == columns(tmp_path / "data/signup.db")


def test_the_copy_is_made_by_the_one_sqlite_library_of_the_process(tmp_path: Path) -> None:
    with NewSqliteFile(tmp_path / "new.db") as new:
        assert isinstance(new._connection, sqlite.Connection)
        assert isinstance(new._database.conn, sqlite.Connection)


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_text_needs_no_large_library(tmp_path: Path, environ: Callable[..., dict[str, str]], form: str) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "signup", "export", "--format", form, "--out", "log"],
        cwd=tmp_path,
        env={**environ(), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert loaded & {"pyarrow", "sqlite_utils", "pandas"} == set()
    assert "signup.record.export" in loaded
