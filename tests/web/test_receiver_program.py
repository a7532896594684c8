"""`python -m callback_server` as a process: how it starts, what keeps it from starting, how it stops."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.web.receiver_tools import (
    GOOD,
    Address,
    Reply,
    ask,
    connect,
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


def cannot_start(folder: Path, *arguments: str, **more: str) -> str:
    """The line a receiver leaves that exits 2 with nothing on stdout."""
    with program(folder, *arguments, **more) as process:
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 1, err
    return err


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


def test_a_port_in_use_is_named_with_the_cure(folder: Path, listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    line = cannot_start(folder, SIGNUP_CALLBACK_PORT=str(port))
    assert str(port) in line
    assert "SIGNUP_CALLBACK_PORT" in line


def test_an_address_of_another_machine_is_named_with_the_cure(folder: Path) -> None:
    assert "SIGNUP_CALLBACK_BIND" in cannot_start(folder, SIGNUP_CALLBACK_BIND="203.0.113.7")


def test_wrong_settings_are_told_together(folder: Path) -> None:
    line = cannot_start(folder, SIGNUP_MODE="maybe", SIGNUP_CALLBACK_PORT="0")
    assert "SIGNUP_MODE" in line
    assert "SIGNUP_CALLBACK_PORT" in line
    assert "; " in line


def test_a_database_that_cannot_be_opened_is_named(folder: Path) -> None:
    (folder / "file").write_text("no folder")
    assert "file" in cannot_start(folder, SIGNUP_DATABASE_URL=f"sqlite:///{folder}/file/signup.db")


def test_a_new_database_is_not_migrated_but_refused(tmp_path: Path) -> None:
    assert "python -m signup migrate" in cannot_start(tmp_path)


@pytest.mark.parametrize("argument", ["--unknown", "api"])
def test_an_unknown_argument_is_wrong_usage(folder: Path, argument: str) -> None:
    with program(folder, argument) as process:
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out) == (2, "")
    assert "usage:" in err
    assert "Traceback" not in err


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
        assert f'"port": {port}' in process.stderr.readline()


def test_anything_but_one_listening_socket_is_refused(folder: Path) -> None:
    with closing(socket.socket()) as idle:
        for fds in ("2", "1"):
            with program(folder, listen=idle, LISTEN_FDS=fds) as process:
                out, err = process.communicate(timeout=15)
            assert (process.returncode, out) == (2, "")
            assert "LISTEN_FDS" in err


def test_what_was_refused_last_is_still_counted_after_a_stop(folder: Path, listening: socket.socket) -> None:
    address = listening.getsockname()
    with up(folder, listening) as process:
        for _ in range(3):
            assert post(address, b"{").status == 400
        process.terminate()
        assert process.wait(10) == 0
    with opened(folder) as services, services.store.read() as tx:
        assert [(row["name"], row["value"]) for row in tx.all("counters")] == [("callback_rejected", 3)]
