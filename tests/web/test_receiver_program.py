"""`python -m callback_server` as a process: how it starts, what keeps it from starting, how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from callback_server.__main__ import main, run_or_exit
from callback_server.sockets import handed_over
from signup.errors import CannotStart
from tests.web.receiver_tools import (
    GOOD,
    PATH,
    ROOT,
    Address,
    Reply,
    ask,
    connect,
    environment,
    eventually,
    head,
    hear,
    opened,
    post,
    program,
    whole,
)

Process = subprocess.Popen[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a migrated database and its keys."""
    with opened(tmp_path):
        return tmp_path


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A listening socket of our own, as a supervisor holds one."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1024)) as sock:
        yield sock


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        return int(sock.getsockname()[1])


def healthy(address: Address) -> Reply:
    return ask(address, head("GET", "/healthz"), "GET")


@contextmanager
def up(folder: Path, listening: socket.socket, *arguments: str) -> Iterator[Process]:
    """A running receiver that answers on the socket."""
    with program(folder, *arguments, listen=listening) as process:
        assert healthy(listening.getsockname()).status == 200
        yield process


@pytest.fixture
def refusal(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Starts the program in this process and returns the one line that says why it cannot."""

    def line(*arguments: str, **more: str) -> str:
        for name, value in environment(folder, **more).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["callback_server", *arguments])
        monkeypatch.setattr("signal.signal", lambda *_: None)  # those of this process stay pytest's
        with pytest.raises(SystemExit) as end:
            run_or_exit(main)
        out, err = capsys.readouterr()
        assert (end.value.code, out) == (2, "")
        return err

    return line


def test_it_listens_where_the_settings_say(folder: Path) -> None:
    port = free_port()

    def answers() -> bool:
        try:
            return healthy(("127.0.0.1", port)).status == 200
        except OSError:
            return False

    with program(folder, SIGNUP_CALLBACK_PORT=str(port)) as process:
        eventually(answers, 15)
        process.terminate()
        out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")


def test_a_port_in_use_is_one_line_with_the_cure_and_no_traceback(folder: Path, listening: socket.socket) -> None:
    port = str(listening.getsockname()[1])
    with program(folder, SIGNUP_CALLBACK_PORT=port) as process:
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert port in err
    assert "SIGNUP_CALLBACK_PORT" in err


def test_an_address_of_another_machine_is_named_with_the_cure(refusal: Callable[..., str]) -> None:
    assert "SIGNUP_CALLBACK_BIND" in refusal(SIGNUP_CALLBACK_BIND="203.0.113.7")


def test_wrong_settings_are_told_together(refusal: Callable[..., str]) -> None:
    line = refusal(SIGNUP_MODE="maybe", SIGNUP_CALLBACK_PORT="0")
    assert line.count("\n") == 1
    assert [name in line for name in ("SIGNUP_MODE", "SIGNUP_CALLBACK_PORT", "; ")] == [True] * 3


def test_a_database_that_cannot_be_opened_is_named(folder: Path, refusal: Callable[..., str]) -> None:
    (folder / "file").write_text("no folder")
    line = refusal(SIGNUP_DATABASE_URL=f"sqlite:///{folder}/file/signup.db")
    assert line.count("\n") == 1
    assert f"{folder}/file" in line


def test_a_new_database_is_not_migrated_but_refused(folder: Path, refusal: Callable[..., str]) -> None:
    line = refusal(SIGNUP_DATABASE_URL=f"sqlite:///{folder}/new.db")
    assert line.count("\n") == 1
    assert "python -m signup migrate" in line


@pytest.mark.parametrize("argument", ["--unknown", "api"])
def test_an_unknown_argument_is_wrong_usage(refusal: Callable[..., str], argument: str) -> None:
    line = refusal(argument)
    assert line.count("\n") == 1
    assert "python -m callback_server --help" in line


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_once_the_request_that_is_arriving_is_answered(
    folder: Path, listening: socket.socket, sign: signal.Signals
) -> None:
    address = listening.getsockname()
    with up(folder, listening) as process, closing(connect(address)) as client:
        client.sendall(whole(GOOD)[:-5])
        assert healthy(address).status == 200
        process.send_signal(sign)
        client.sendall(GOOD[-5:])
        assert hear(client).status == 200
        client.close()
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_while_its_database_does_not_answer(
    folder: Path, listening: socket.socket, sign: signal.Signals
) -> None:
    silent = f"postgresql://127.0.0.1:{listening.getsockname()[1]}/x"
    with program(folder, SIGNUP_DATABASE_URL=silent) as process:
        listening.settimeout(15)
        asked, _ = listening.accept()
        process.send_signal(sign)
        with closing(asked):
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_it_ends_with_whoever_holds_its_standard_input(folder: Path, listening: socket.socket) -> None:
    with up(folder, listening, "--watch-stdin") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_standard_input_does_not_matter_unless_asked(folder: Path, listening: socket.socket) -> None:
    with up(folder, listening) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert healthy(listening.getsockname()).status == 200
        assert process.poll() is None


def test_no_callback_fails_over_a_restart_with_a_handed_over_socket(folder: Path, listening: socket.socket) -> None:
    address = listening.getsockname()
    statuses: list[int] = []
    over = threading.Event()

    def keep_calling(client: int) -> None:
        while not over.is_set():
            body = json.dumps({"requestId": f"{client}-{len(statuses)}", "status": "user_rejected"}).encode()
            statuses.append(post(address, body).status)

    with up(folder, listening) as first:
        clients = [threading.Thread(target=keep_calling, args=(client,)) for client in range(4)]
        for client in clients:
            client.start()
        eventually(lambda: len(statuses) > 50)
        first.terminate()
        with up(folder, listening):
            assert first.wait(10) == 0
            sofar = len(statuses)
            eventually(lambda: len(statuses) > sofar + 50)
            over.set()
            for client in clients:
                client.join()
    assert set(statuses) == {200}


def test_a_socket_meant_for_another_process_is_left_alone(folder: Path, listening: socket.socket) -> None:
    port = free_port()
    settings = {"SIGNUP_CALLBACK_PORT": str(port), "LISTEN_FDS": "1", "LISTEN_PID": "1"}
    with program(folder, **settings) as process:
        assert process.stderr is not None
        assert f'"address": "127.0.0.1:{port}"' in process.stderr.readline()


def test_more_than_one_socket_is_refused() -> None:
    with pytest.raises(CannotStart, match="LISTEN_FDS"):
        handed_over({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())})


def test_a_socket_that_does_not_listen_is_refused(folder: Path) -> None:
    with closing(socket.socket()) as idle, program(folder, listen=idle) as process:
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert "LISTEN_FDS" in err


def refused(folder: Path) -> list[tuple[str, int]]:
    """What the database has counted."""
    with opened(folder) as services, services.store.read() as tx:
        return [(row["name"], row["value"]) for row in tx.all("counters")]


def under_another_wsgi_server(folder: Path, code: str) -> str:
    """What a program says that takes the application from `callback_server.wsgi`; its end is in order."""
    settings = {**environment(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", f"from callback_server.wsgi import app\nclient = app.test_client()\n{code}"],
        check=False,
        cwd=folder,
        env=settings,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_another_wsgi_server_finds_the_application(folder: Path) -> None:
    assert under_another_wsgi_server(folder, "print(client.get('/readyz').status)") == "200 OK\n"


def test_what_was_refused_last_under_another_wsgi_server_is_still_counted_after_a_stop(folder: Path) -> None:
    refuse = f"client.post({PATH!r}, data='{{', content_type='application/json').close()\n"
    assert under_another_wsgi_server(folder, refuse * 3) == ""
    assert refused(folder) == [("callback_rejected", 3)]


def test_what_was_refused_last_is_still_counted_after_a_stop(folder: Path, listening: socket.socket) -> None:
    address = listening.getsockname()
    with up(folder, listening) as process:
        for _ in range(3):
            assert post(address, b"{").status == 400
        process.terminate()
        assert process.wait(10) == 0
    assert refused(folder) == [("callback_rejected", 3)]
