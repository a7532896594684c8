"""The roll-ups' own file: made anew when damaged, by one process at a time, and never out of another's database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signup.errors import DatabaseUnusable, StoreUnavailable
from signup.store import open_rolls, open_store
from signup.store.driver import sqlite
from signup.store.roll_file import RollFile

AT = "2026-01-01T00:00:00.000000Z"


def migrated(path: Path) -> None:
    """A database of somebody's own."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        store.migrate(AT)


def rolls_of(path: Path) -> RollFile:
    with closing(open_store(f"sqlite:///{path}")) as store:
        found = open_rolls(f"sqlite:///{path}", store, lambda: AT)
    assert isinstance(found, RollFile)
    return found


def tables(path: Path) -> set[str]:
    with closing(sqlite.connect(str(path))) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_database_called_like_the_roll_ups_of_another_is_left_alone(tmp_path: Path) -> None:
    migrated(tmp_path / "prod.metrics.db")
    theirs = tables(tmp_path / "prod.metrics.db")
    migrated(tmp_path / "prod.db")
    with closing(rolls_of(tmp_path / "prod.db")) as rolls:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="which is another database"):
                rolls.behind()
    assert tables(tmp_path / "prod.metrics.db") == theirs


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite.connect(str(tmp_path / "a.metrics.db"))) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    with closing(rolls_of(tmp_path / "a.db")) as rolls, pytest.raises(StoreUnavailable, match="another database"):
        rolls.behind()
    assert tables(tmp_path / "a.metrics.db") == {"theirs"}


def test_a_database_is_not_made_in_the_roll_ups_of_another(tmp_path: Path) -> None:
    with closing(rolls_of(tmp_path / "prod.db")) as rolls:
        assert rolls.behind() == []
    before = tables(tmp_path / "prod.metrics.db")
    with pytest.raises(DatabaseUnusable, match="holds the numbers of another database"):
        migrated(tmp_path / "prod.metrics.db")
    assert tables(tmp_path / "prod.metrics.db") == before


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[RollFile, RollFile]]:
    """Two programs on one damaged file."""
    path = tmp_path / "a.metrics.db"
    path.write_bytes(b"x" * 8192)
    with closing(RollFile(path, lambda: AT)) as one, closing(RollFile(path, lambda: AT)) as other:
        yield one, other


def moved(rolls: RollFile, seq: int) -> None:
    with rolls.write() as tx:
        tx._connection.execute(f"UPDATE roll_cursor SET seq = {seq}")


def seq(rolls: RollFile) -> Any:
    with rolls.read() as tx:
        return (tx.one("roll_position") or {})["seq"]


def test_two_that_find_the_same_damage_end_on_one_new_file(
    two: tuple[RollFile, RollFile], monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    """The other one comes when the first has taken the file away, and not yet what lies beside it."""
    one, other = two
    unlink, threads = Path.unlink, []

    def slowly(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        if not threads:
            threads.append(threading.Thread(target=moved, args=(other, 77)))
            threads[0].start()
            threads[0].join(0.3)

    monkeypatch.setattr(Path, "unlink", slowly)
    assert seq(one) in (0, 77)
    threads[0].join()
    assert seq(other) == seq(one) == 77
    moved(one, 78)
    assert seq(other) == 78


def test_a_file_that_cannot_be_made_anew_is_told_in_a_sentence(
    two: tuple[RollFile, RollFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "unlink", lambda *_: None)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        two[0].behind()
