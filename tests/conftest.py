"""What every test may ask for by name: a clock, settings, a store, wired services, a browser."""

import gc
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from signup import settings as settings_module
from signup.clock import HandClock, text
from signup.services import Services, open_services
from signup.settings import Settings
from signup.store import Store, open_store
from tests import machine
from tests.fakes import ScriptedTruecaller
from tests.machine import _server, browse, chromium, context, postgres_server, watched_tab  # noqa: F401  fixtures
from tests.schemas import Schemas, sqlite_url

START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
ROUNDS = 10

# How quickly a busy machine makes up an example, the first text of a fresh clone above all, is no promise of ours.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=ROUNDS, help="how often a torture test kills")


def pytest_configure() -> None:
    """A developer's own settings change nothing for the tests; none may leave the machine or wait for its disk."""
    for name in [name for name in os.environ if name.startswith(settings_module.PREFIX)]:
        del os.environ[name]
    machine.guard_the_network()
    machine.write_into_memory()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs beside it would ignore Ctrl-C


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests run only where the long way was asked for; those with a browser are marked."""
    if config.getoption("--rounds") == ROUNDS:
        left = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def pytest_collection_finish() -> None:
    """Keep what the tests are made of from the garbage collector: Streamlit collects after each run of a page."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, not once for each test, what this machine lacks."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in skipped.items():
        terminalreporter.write_line(f"{count} x {reason}")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a torture test kills: 10, or what --rounds says."""
    return int(request.config.getoption("--rounds"))


@pytest.fixture
def clock() -> HandClock:
    """A clock moved by hand, standing at 14:00 UTC on 24 November 2026."""
    return HandClock(START)


@pytest.fixture
def environ(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """`environ(lock_seconds=3)`: SIGNUP_... variables for a program whose data lie in a folder of this test."""

    def build(**given: object) -> dict[str, str]:
        chosen = {"data_dir": tmp_path / "data", "database_url": f"sqlite:///{tmp_path}/data/signup.db"} | given
        return {f"SIGNUP_{name.upper()}": str(value) for name, value in chosen.items()}

    return build


@pytest.fixture
def settings(environ: Callable[..., dict[str, str]]) -> Callable[..., Settings]:
    """`settings(lock_seconds=3)`: the same, loaded."""

    def build(**given: object) -> Settings:
        return settings_module.load(environ(**given), env_file=None)

    return build


@pytest.fixture
def truecaller() -> ScriptedTruecaller:
    """A Truecaller that plays what the test wrote down."""
    return ScriptedTruecaller()


@pytest.fixture(scope="session")
def schemas(postgres_server: str) -> Iterator[Schemas]:  # noqa: F811
    """PostgreSQL's schemas, migrated at START."""
    with closing(Schemas(postgres_server, text(START))) as ours:
        yield ours


@pytest.fixture
def postgres_url(schemas: Schemas) -> Iterator[str]:
    """A PostgreSQL address with a schema of this test's own: migrated, and nothing in it."""
    with schemas.one() as url:
        yield url


@pytest.fixture
def bare_postgres_url(postgres_server: str) -> Iterator[str]:  # noqa: F811
    """The same, never migrated."""
    with machine.own_schema(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of this test's own on each store: migrated, and nothing in it."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return sqlite_url(tmp_path / "data" / "signup.db", text(START))


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same, never migrated."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("bare_postgres_url"))
    return f"sqlite:///{tmp_path}/data/signup.db"


@pytest.fixture
def store(store_url: str, clock: HandClock) -> Iterator[Store]:
    """A migrated store, on SQLite and on PostgreSQL."""
    opened = open_store(store_url)
    try:
        opened.migrate(text(clock.now()))
        yield opened
    finally:
        opened.close()


@pytest.fixture
def services(
    settings: Callable[..., Settings], clock: HandClock, truecaller: ScriptedTruecaller, tmp_path: Path
) -> Iterator[Services]:
    """Everything wired over a fresh SQLite file, with the hand-moved clock and the scripted Truecaller."""
    url = sqlite_url(tmp_path / "data" / "signup.db", text(START))
    with open_services(settings(database_url=url), clock=clock, truecaller=truecaller, migrate=True) as wired:
        yield wired


@pytest.fixture
def services_on_each(
    store_url: str, settings: Callable[..., Settings], clock: HandClock, truecaller: ScriptedTruecaller
) -> Iterator[Services]:
    """The same on SQLite and on PostgreSQL."""
    with open_services(settings(database_url=store_url), clock=clock, truecaller=truecaller, migrate=True) as wired:
        yield wired


@pytest.fixture
def free_port() -> Callable[[], int]:
    """`free_port()`: a loopback port nobody listens on."""
    return machine.free_port


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(predicate, seconds)`: polls until it is true, or fails."""
    return machine.eventually


@pytest.fixture
def page(context: Any) -> Iterator[Any]:  # noqa: F811
    """A new browser tab, 1440 x 900."""
    tab = context.new_page()
    yield tab
    tab.close()
