"""A database for all the tests of a file, in which each of them is undone, on each store."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from signup import settings as settings_module
from signup.clock import HandClock
from signup.services import Services, open_services
from tests import machine
from tests.conftest import START
from tests.fakes import ScriptedTruecaller
from tests.rolls import emptied
from tests.undone import Opened, undone


@contextmanager
def _opened(url: str, folder: Path, given: dict[str, object]) -> Iterator[Services]:
    chosen = {"data_dir": folder, "database_url": url} | given
    settings = settings_module.load({f"SIGNUP_{name.upper()}": str(value) for name, value in chosen.items()}, None)
    with open_services(settings, clock=HandClock(START), truecaller=ScriptedTruecaller(), migrate=True) as wired:
        yield wired


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened_for_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """`opened_for_all(audit_keys=...)`: services over a new database for the tests of a file, on each store."""

    @contextmanager
    def opened(**given: object) -> Iterator[Services]:
        folder = tmp_path_factory.mktemp("for_all")
        with ExitStack() as last:
            url = f"sqlite:///{folder}/signup.db"
            if request.param == "postgresql":
                url = last.enter_context(machine.own_schema(request.getfixturevalue("postgres_server")))
            (folder / "data").mkdir()
            yield last.enter_context(_opened(url, folder / "data", given))

    return opened


@pytest.fixture(scope="module")
def services_for_all(opened_for_all: Opened) -> Iterator[Services]:
    """Services over a database for all the tests of a file, empty, on each store."""
    with opened_for_all() as wired:
        yield wired


@pytest.fixture
def undone_on_each(services_for_all: Services, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    """Services over an empty log, on each store, for tests that do with one connection."""
    with undone(services_for_all, tmp_path / "data", clock) as wired:
        yield wired


@pytest.fixture
def counting(services_for_all: Services) -> Services:
    """Services on each store whose roll-ups are empty."""
    emptied(services_for_all)
    return services_for_all
