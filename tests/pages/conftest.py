"""A page without a browser: the real dashboard over a real database that a test has filled and a watcher counted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from signup.measure.fold import fold
from signup.model import Event
from signup.services import open_services
from signup.settings import load
from tests.pages.fixtures import lives
from tests.pages.fixtures.visits import opening, street  # noqa: F401  fixtures

MAIN = Path(__file__).parents[2] / "dashboard" / "main.py"
Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def one_search_for_components() -> None:
    """Every AppTest makes Streamlit read about every installed package, which costs more than the page itself."""
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def dashboard(environ: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`dashboard(events, range="7d")`: the Overview of a log that holds these events, at that address."""
    st.cache_resource.clear()
    st.cache_data.clear()

    def build(told: Sequence[Event] = (), *, mode: str = "sandbox", **address: str | list[str]) -> AppTest:
        chosen = environ(mode=mode, **({"app_key": "canary"} if mode == "live" else {}))
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        with open_services(load(chosen, env_file=None), migrate=True) as services:
            if told:
                lives.write(services, told)
                fold(services)
        page = AppTest.from_file(str(MAIN), default_timeout=60)
        for key, value in address.items():
            page.query_params[key] = value
        return page.run()

    yield build
    st.cache_resource.clear()


@pytest.fixture
def locked(environ: Callable[..., dict[str, str]]) -> Callable[[], AbstractContextManager[None]]:
    """`with locked():` another program holds the database, while an event waits to be sealed."""

    @contextmanager
    def hold() -> Iterator[None]:
        with open_services(load(environ(), env_file=None), migrate=True) as services:
            lives.write(services, lives.life(datetime.now(UTC), "waiting"), sealed=False)
            with services.store.write():
                yield

    return hold
