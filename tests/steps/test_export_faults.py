"""What goes wrong under an export: one sentence, nothing half-written under its name, and the log stays whole."""

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from signup.errors import StoreUnavailable, UsageWrong
from signup.record import bundle
from signup.record.bundle_plan import Asked
from signup.record.forms import FORMS
from signup.record.log import LogQuery
from signup.record.verify import Question, verify
from signup.services import Services
from signup.store.driver import sqlite
from tests.steps.conftest import CommandLine
from tests.steps.test_export import run, told, write

ALL = [*FORMS, "bundle"]


def export(services: Services, out: Path, form: str, progress: Callable[..., None]) -> dict[str, Any]:
    if form == "bundle":
        asked = Asked(LogQuery())
        return bundle.export(services, out=out, asked=asked, actor="cli", say=lambda _: None, progress=progress)
    return run(services, out, form, progress=progress)


def assert_nothing_left_and_nothing_lost(services: Services, folder: Path) -> None:
    assert list(folder.iterdir()) == []
    assert [event.kind for event in told(services) if event.kind.startswith("audit.export")] == ["audit.exported"]
    assert verify(services.store, Question()).valid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    return tmp_path / "exports"


@contextmanager
def a_disk_that_fills() -> Iterator[Callable[..., None]]:
    """Once called, writing beyond the first thousand bytes of any file fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds the database's write lock."""
    with closing(sqlite.connect(str(database), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("form", ALL)
def test_a_full_disk_leaves_nothing_and_is_told_in_one_sentence(services: Services, folder: Path, form: str) -> None:
    write(services, 2500)
    with a_disk_that_fills() as fill, pytest.raises(UsageWrong, match=r"/log \(.*\): check the folder.*the disk"):
        export(services, folder / "log", form, fill)
    assert_nothing_left_and_nothing_lost(services, folder)


@pytest.mark.parametrize("form", ["csv", "bundle"])
def test_a_database_that_gets_locked_meanwhile_leaves_nothing(
    services: Services, tmp_path: Path, folder: Path, form: str
) -> None:
    write(services, 1500)
    with ExitStack() as held:

        def lock_once(*_: int) -> None:
            if not held._exit_callbacks:
                held.enter_context(locked(tmp_path / "data/signup.db"))

        with pytest.raises(StoreUnavailable, match="locked by another program: try again"):
            export(services, folder / "log", form, lock_once)
    assert_nothing_left_and_nothing_lost(services, folder)


def test_a_database_that_is_locked_from_the_beginning_is_told_in_one_sentence(
    services: Services, command: CommandLine, tmp_path: Path
) -> None:
    with locked(tmp_path / "data/signup.db"):
        answer = command("export", "--format", "csv", "--out", "log")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert "locked by another program: try again" in answer.err
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    assert told(services) == []


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize("place", ["folder", "nowhere/log", "plain/log", "/sys/log"])
def test_a_place_that_cannot_be_written_is_told_before_anything_leaves(
    services: Services, command: CommandLine, tmp_path: Path, form: str, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").touch()
    answer = command("export", "--format", form, "--out", place)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert place in answer.err
    assert {path.name for path in tmp_path.iterdir()} == {"data", "folder", "plain"}
    assert [event for event in told(services) if event.kind.startswith("audit.export")] == []


COMMANDS = ["export --format csv", "export --format bundle", "export --what signups --format csv", "checkpoint"]


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize(
    "place",
    [
        *("signup.db", "signup.db-wal", "link/signup.db-shm", "signup.metrics.db"),
        *("keys/audit-pins.json", "checkpoints/2026-11.jsonl"),
    ],
)
def test_what_the_program_lives_by_is_not_replaced(
    services: Services, command: CommandLine, tmp_path: Path, words: str, place: str
) -> None:
    (tmp_path / "data/link").symlink_to(tmp_path / "data")
    answer = command(*words.split(), "--out", f"data/{place}")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert f"data/{place} belongs to the program's own" in answer.err
    assert told(services) == []
