"""The sandbox as a program: how it starts, how it stops, and what it imports."""

import ast
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.__main__ import main

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "sandbox"]


@contextmanager
def program(*options: str, environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIGNUP_")}
    child = subprocess.Popen(
        [*PROGRAM, *options], cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe, env=clean | (environ or {})
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def ended(monkeypatch, capsys):
    """`ended("personas", SIGNUP_MODE="live")`: exit code, output and errors of a sandbox that leaves at once."""

    def run(*options: str, **environ: str) -> tuple[object, str, str]:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            code: object = main([*options])
        except SystemExit as left:
            code = left.code
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return code, *capsys.readouterr()

    return run


def address(line: str) -> str:
    """HOST:PORT out of the line that a started sandbox prints."""
    assert line.startswith("sandbox: listening on "), line
    return urlsplit(line.split()[3].rstrip(",")).netloc


def answers(where: str) -> bool:
    connection = HTTPConnection(where, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_exit_0_when_told(stop):
    with program("--port", "0") as child:
        assert child.stdout
        assert answers(address(child.stdout.readline()))
        child.send_signal(stop)
        assert child.wait(10) == 0
        assert child.communicate() == ("", "")


def test_it_stops_when_its_parent_is_killed():
    command = [*PROGRAM, "--port", "0", "--watch-stdin"]
    code = f"import subprocess; subprocess.Popen({command!r}, stdin=subprocess.PIPE).wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, start_new_session=True
    )
    with parent:
        assert parent.stdout
        where = address(parent.stdout.readline())
        assert answers(where)
        parent.kill()
        ended, _, _ = select.select([parent.stdout], [], [], 5)  # the child shares it: it ends when both are gone
        os.killpg(parent.pid, signal.SIGKILL)
        assert ended
        assert parent.stdout.read() == ""
    assert not answers(where)


def test_without_the_option_it_outlives_its_input():
    with program("--port", "0") as child:
        assert child.stdin
        assert child.stdout
        where = address(child.stdout.readline())
        child.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.2)
        assert answers(where)


def test_a_port_in_use_is_one_line_with_the_cure_and_exit_2():
    with program("--port", "0") as first:
        assert first.stdout
        port = address(first.stdout.readline()).split(":")[1]
        with program(environ={"SIGNUP_SANDBOX_PORT": port}) as second:
            out, err = second.communicate(timeout=20)
    assert second.returncode == 2
    assert out == ""
    assert err == (
        f"sandbox: port {port} is in use: stop what listens there, or set SIGNUP_SANDBOX_PORT to another one\n"
    )


def test_wrong_settings_are_told_together_with_exit_2(ended):
    wrong = {"SIGNUP_SANDBOX_PORT": "many", "SIGNUP_CALLBACK_PORT": "0", "SIGNUP_SANDBOX_BIND": "everywhere"}
    code, out, err = ended(**wrong)
    assert (code, out) == (2, "")
    assert err == (
        "sandbox: SIGNUP_SANDBOX_PORT must be a port from 1 to 65535; "
        "SIGNUP_CALLBACK_PORT must be a port from 1 to 65535; "
        "SIGNUP_SANDBOX_BIND must be 127.0.0.1 or 0.0.0.0\n"
    )


@pytest.mark.parametrize("command", [[], ["personas"]])
def test_in_live_mode_it_does_not_start_and_lists_nobody(ended, command):
    code, out, err = ended(*command, SIGNUP_MODE="live")
    assert (code, out) == (2, "")
    assert err == "sandbox: SIGNUP_MODE is live, and the sandbox plays to no real people: set it to sandbox\n"


def test_callbacks_go_to_the_receivers_port_unless_told_otherwise():
    with program("--port", "0", environ={"SIGNUP_CALLBACK_PORT": "9502"}) as child:
        assert child.stdout
        assert child.stdout.readline().endswith("callbacks go to http://127.0.0.1:9502/truecaller/callback\n")


@pytest.mark.parametrize("option", [("--callback", "ftp://nowhere"), ("--speed", "0")])
def test_an_option_that_makes_no_sense_is_exit_2(ended, option):
    code, out, err = ended(*option)
    assert (code, out) == (2, "")
    assert f"{option[0]}: give " in err


def test_personas_prints_the_table(ended):
    code, out, _ = ended("personas")
    assert code == 0
    assert "approve_after_5s" in out
    assert "+46701740620 to +46701740629" in out


def test_the_sandbox_imports_nothing_of_ours():
    for module in (ROOT / "sandbox").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names}.isdisjoint({"signup", "dashboard", "callback_server"})
