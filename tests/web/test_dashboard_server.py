"""`python -m dashboard` over real HTTP: whom its server answers. Live mode: nobody else is started."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.opening import TOLD
from signup.clock import HandClock
from signup.model import Status
from signup.services import open_services
from signup.settings import load
from tests.fakes import ScriptedTruecaller
from tests.machine import ROOT, eventually, free_port
from tests.steps.story import approve, begin, state_of, status, watch

LIVE = {"SIGNUP_MODE": "live", "SIGNUP_APP_KEY": "canary"}
STREAM = "/_stcore/stream"
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
WRITE_DOWN_WHAT_LEAVES = """
import sys
from pathlib import Path

def hook(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple) or event == "socket.getaddrinfo":
        host = args[1][0] if event == "socket.connect" else args[0]
        if host not in (None, "", "localhost", "127.0.0.1", "::1", b"127.0.0.1", "0.0.0.0"):
            with open(Path(__file__).with_name("left"), "a") as left:
                left.write(f"{event} {host}\\n")

sys.addaudithook(hook)
"""


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard. `left`: a file that names each host beyond this machine it asked for; `said`: its stderr."""

    address: str
    port: int
    process: subprocess.Popen[bytes]
    left: Path
    said: Path

    def ask(self, path: str, **headers: str) -> int:
        """The status of the answer; `Host` is where it listens unless given."""
        with closing(http.client.HTTPConnection(self.address, self.port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Host": f"{self.address}:{self.port}", **headers})
            return connection.getresponse().status

    def knock(self, **headers: str) -> int:
        """The status of a page's attempt to open the websocket."""
        return self.ask(STREAM, **HANDSHAKE, **headers)


@contextmanager
def running(folder: Path, chosen: dict[str, str], address: str = "127.0.0.1") -> Iterator[Dashboard]:
    """A dashboard in live mode on a port of its own."""
    (folder / "sitecustomize.py").write_text(WRITE_DOWN_WHAT_LEAVES)
    port = free_port()
    mine = {**chosen, **LIVE, "SIGNUP_DASHBOARD_PORT": str(port), "SIGNUP_BIND": address}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard"],
            env={**os.environ, **mine, "PYTHONPATH": str(folder)},
            cwd=ROOT,
            stderr=said,
        )
    dashboard = Dashboard(address, port, process, folder / "left", folder / "said")

    def answers() -> bool:
        assert process.poll() is None, dashboard.said.read_text()
        try:
            return dashboard.ask("/_stcore/health") == 200
        except OSError:
            return False

    try:
        eventually(answers, 60)
        yield dashboard
    finally:
        process.terminate()
        try:
            assert process.wait(15) == 0
        finally:
            process.kill()


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    left = folder / "exports" / "01932f8c-0000-7000-8000-000000000001.csv"
    left.parent.mkdir()
    left.touch()
    os.utime(left, (0, 0))
    chosen = {"SIGNUP_DATA_DIR": str(folder), "SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db"}
    with running(folder, chosen) as up:
        yield up


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_it_answers_under_each_name_of_this_machine(dashboard: Dashboard, name: str) -> None:
    for host in (name, f"{name}:{dashboard.port}", f"{name}:9000"):
        assert dashboard.ask("/", Host=host) == 200
        assert dashboard.knock(Host=host, Origin=f"http://{host}") == 101


def test_each_of_its_pages_is_told_where_the_server_is(dashboard: Dashboard) -> None:
    for path in ("/", "/audit"):
        with closing(http.client.HTTPConnection(dashboard.address, dashboard.port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Accept": "text/html"})
            assert TOLD in connection.getresponse().read()


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", "203.0.113.7", "localhost@evil.example", "["],
)
def test_a_foreign_host_is_refused_on_every_route(dashboard: Dashboard, host: str) -> None:
    paths = ("/", "/audit", "/_stcore/health", "/_stcore/host-config", "/download/code", "/nowhere")
    assert {path: dashboard.ask(path, Host=host) for path in paths} == dict.fromkeys(paths, 403)


def test_a_page_whose_name_leads_here_gets_no_websocket_and_leaves_no_word(dashboard: Dashboard) -> None:
    before = dashboard.said.read_text()
    host = f"evil.example:{dashboard.port}"
    for _ in range(3):
        assert dashboard.knock(Host=host, Origin=f"http://{host}") == 403
    assert dashboard.said.read_text() == before


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "null", "", "["])
def test_a_page_from_elsewhere_is_refused_and_makes_us_ask_nobody(dashboard: Dashboard, origin: str) -> None:
    assert dashboard.knock(Origin=origin) == 403
    assert dashboard.ask("/", Origin=origin) == 403
    assert not dashboard.left.exists(), dashboard.left.read_text()


def test_a_start_sweeps_up_the_exports_that_nobody_fetched(dashboard: Dashboard) -> None:
    eventually(lambda: not list((dashboard.left.parent / "exports").iterdir()))


def test_a_program_without_an_origin_may_ask(dashboard: Dashboard) -> None:
    assert dashboard.knock() == 101


def test_it_answers_under_the_address_it_was_told_to_listen_on(
    tmp_path: Path, environ: Callable[..., dict[str, str]]
) -> None:
    with running(tmp_path, environ(), "127.0.0.2") as up:
        host = f"127.0.0.2:{up.port}"
        assert up.ask("/") == 200
        assert up.knock(Host=host, Origin=f"http://{host}") == 101


def test_it_stops_within_ten_seconds_although_a_fetch_takes_longer(
    tmp_path: Path,
    environ: Callable[..., dict[str, str]],
    truecaller: ScriptedTruecaller,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        chosen = environ(upstream_seconds=30, profile_urls=f"http://127.0.0.1:{port}/") | LIVE
        settings = load(chosen, env_file=None)
        with open_services(settings, truecaller=truecaller, migrate=True) as services:
            begun = begin(services)
            approve(services, "request-1", state_of(truecaller))
        with running(tmp_path, chosen) as up:
            silent.settimeout(10)
            fetching, _ = silent.accept()
            with closing(fetching):
                up.process.terminate()
                assert up.process.wait(10) == 0
    assert "Traceback" not in up.said.read_text()
    in_half_a_minute = HandClock(datetime.now(UTC) + timedelta(seconds=31))
    with open_services(settings, truecaller=truecaller, clock=in_half_a_minute) as services:
        watch(services)
        assert status(services, begun.signup_id) == Status.COMPLETED


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_while_it_plays_the_made_up_past(
    environ: Callable[..., dict[str, str]], sign: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard"],
        env={**os.environ, **environ(dashboard_port=free_port())},
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None, "it was begun with a pipe"
        assert "made-up sign-ups" in process.stderr.readline()
        process.send_signal(sign)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("option", ["--server.address=0.0.0.0", "--server.address=::", "--server.address="])
def test_bare_streamlit_may_not_serve_other_machines_either(
    tmp_path: Path, environ: Callable[..., dict[str, str]], option: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WRITE_DOWN_WHAT_LEAVES)
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port=0", option],
        env={**os.environ, **environ(), **LIVE, "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert "server.address must be a loopback address such as 127.0.0.1" in done.stderr
    assert not (tmp_path / "data").exists(), "nothing was begun"
    assert not (tmp_path / "left").exists(), "nobody outside was asked"
