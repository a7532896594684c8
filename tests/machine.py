"""What a test needs of the machine: PostgreSQL, Chromium, a free port, patience; and the guard around the network.

What is missing is skipped with the name of the package to install; under CI=true that is a failure.
"""

import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from pytest_postgresql import factories

Found = TypeVar("Found")

ROOT = Path(__file__).parent.parent
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
MOST_MILLISECONDS = 40_000
NOWHERE = "about:blank"
A_WORD_GROWS = 0.001
"""A shift of the layout: a count with one more digit. A table that moved by a row would be fifty times that."""
NOTICE_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) window.shifted += one.value; })
    .observe({type: "layout-shift", buffered: false});
"""
ASKED_FOR = """([scheme, width]) => innerWidth === width
    && getComputedStyle(document.querySelector("[data-testid=stApp]")).colorScheme === scheme"""
FITS = """() => {
    const main = document.querySelector("[data-testid=stMain]");
    return main.scrollWidth <= main.clientWidth && main.clientWidth <= innerWidth;
}"""
MEMORY, PLENTY_BYTES = Path("/dev/shm"), 4 << 30
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def lacking(what: str) -> None:
    """Skip the test, or fail it where the machine was meant to have everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def eventually(predicate: Callable[[], Found], seconds: float = 10.0) -> Found:
    """What `predicate` returns once that is truthy; fails when it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = predicate()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {found!r}")
        time.sleep(0.02)


def free_port() -> int:
    """A loopback port nobody listens on, another one each time: the kernel may offer one twice."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


_given: set[int] = set()


def is_here(host: object) -> bool:
    """Whether a host, as socket functions take it, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def guard_the_network() -> None:
    """From now on, for good: a connection, a packet or a name's look-up beyond this machine fails the test."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            away = isinstance(args[1], tuple) and not is_here(args[1][0])
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            away = not is_here(args[0])
        else:
            return
        if away:
            pytest.fail(f"a test reached for the network: {event} {args[1:]}")

    sys.addaudithook(hook)


def write_into_memory() -> None:
    """Make the folders of tests in memory where there is plenty: programs are killed here, never the machine."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > PLENTY_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def postgres_bin() -> Path | None:
    """The folder of PostgreSQL's programs, where distributions put it; None without a server."""
    found = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return Path(found).parent if found else debian[-1] if debian else None


_server = factories.postgresql_proc(
    executable=str((postgres_bin() or Path()) / "pg_ctl"), postgres_options="-c max_connections=400 -c fsync=off"
)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> str:
    """The address of a PostgreSQL in which tests may make roles: TEST_POSTGRES_URL, else one started for this run."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return given
    if postgres_bin() is None:
        lacking("PostgreSQL is missing: install the package postgresql, or set TEST_POSTGRES_URL")
    if os.geteuid() == 0:
        lacking("PostgreSQL does not run as root: set TEST_POSTGRES_URL, or run the tests as another user")
    server = request.getfixturevalue("_server")
    return f"postgresql://{server.user}@{server.host}:{server.port}/postgres"


@contextmanager
def own_schema(server: str) -> Iterator[str]:
    """A role with an empty schema of its own, on which its connections work; both are dropped at the end."""
    name, password = f"t_{secrets.token_hex(8)}", secrets.token_hex(16)
    role = sql.Identifier(name)
    parts = urlsplit(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
        connection.execute(sql.SQL("CREATE SCHEMA AUTHORIZATION {}").format(role))
        try:
            yield parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def away(server: str, url: str) -> Iterator[None]:
    """Nobody reaches the schema of `own_schema`: its role is thrown out, and let in again at the end."""
    role = sql.Identifier(str(urlsplit(url).username))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [urlsplit(url).username]
        )
        try:
            yield
        finally:
            connection.execute(sql.SQL("ALTER ROLE {} LOGIN").format(role))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running Chromium (Playwright's Browser), the machine's own. One for each test file."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if program is None:
        lacking("Chromium is missing: install the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(chromium: Any) -> Iterator[Any]:
    """A browser for a file's tests: what pages load and compile is kept. Who measures no motion asks for none."""
    made = chromium.new_context(viewport=WIDE, timezone_id="Europe/Stockholm", reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture(scope="module")
def watched_tab(context: Any) -> Iterator[tuple[Any, list[str]]]:
    """A tab for a file's tests that notices how far things were moved under the reader's eyes, `window.shifted`, and
    a list of what goes wrong in it.
    """
    wrong: list[str] = []
    tab = context.new_page()
    tab.set_default_timeout(MOST_MILLISECONDS)
    tab.on("console", lambda message: wrong.append(message.text) if _is_an_error(message) else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda request: wrong.append(request.url) if _is_elsewhere(request.url) else None)
    tab.add_init_script(NOTICE_SHIFTS)
    yield tab, wrong
    tab.close()


@pytest.fixture
def browse(watched_tab: tuple[Any, list[str]]) -> Iterator[Callable[..., Any]]:
    """`browse(address, dark=True, motion=True, size=PHONE)`: the tab at that address. Nothing may go wrong."""
    from playwright.sync_api import expect

    tab, wrong = watched_tab
    expect.set_options(timeout=MOST_MILLISECONDS)

    def look(address: str, *, dark: bool = False, motion: bool = False, size: dict[str, int] = WIDE) -> Any:
        tab.set_viewport_size(size)
        scheme, moved = "dark" if dark else "light", "no-preference" if motion else "reduce"
        tab.emulate_media(color_scheme=scheme, reduced_motion=moved)
        tab.goto(address)
        tab.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        return tab

    yield look
    tab.goto(NOWHERE)
    tab.mouse.move(0, 0)
    told, wrong[:] = wrong[:], []
    assert told == [], told


def every_look(tab: Any) -> Iterator[tuple[str, dict[str, int]]]:
    """Show an open page as each screen does, light and dark, and wait until it stands: (colour scheme, size)."""
    for scheme, size in (("light", WIDE), ("light", PHONE), ("dark", PHONE), ("dark", WIDE)):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size(size)
        tab.wait_for_function(ASKED_FOR, arg=[scheme, size["width"]])
        tab.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        yield scheme, size


def _is_an_error(message: Any) -> bool:
    """Streamlit looks for its own server under a page's address first, and does not find it there: no fault of ours."""
    return message.type == "error" and "/_stcore/" not in message.location.get("url", "")


def _is_elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))
