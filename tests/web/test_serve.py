"""The server under the receiver: slow and rude clients beside a quick one, and a stop that finishes what was begun."""

import logging
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest
from waitress import wasyncore

from callback_server.serve import Server
from signup.logs import fields
from tests.web.receiver_tools import GOOD, PATH, ask, connect, eventually, head, hear, started, whole

OK = b"ok"


def quick(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application that answers at once."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [OK]


class Held:
    """An application that answers when it is let go."""

    def __init__(self) -> None:
        self.begun, self.free = threading.Semaphore(0), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.begun.release()
        self.free.wait(20)
        return quick(environ, start_response)


def hung_up(sock: socket.socket) -> bool:
    """Whether the other side is gone, answered or not."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        if not selector.select(0):
            return False
    try:
        return sock.recv(65536) == b""
    except OSError:
        return True


def ended(clients: list[socket.socket], seconds: float = 5) -> float:
    """Seconds until all were hung up on."""
    began = time.monotonic()
    for client in clients:
        eventually(lambda client=client: hung_up(client), seconds)
    return time.monotonic() - began


SLOW = {
    "silent": b"",
    "in the first line": b"POST /truec",
    "in the headers": b"POST /truecaller/callback HTTP/1.1\r\nHost: a\r\nX-A: ",
    "in the body": head("POST", PATH, "Content-Length: 500") + b"{",
    "in a chunk": head("POST", PATH, "Transfer-Encoding: chunked") + b"1ff\r\n{",
}


def test_a_quick_client_is_answered_at_once_beside_two_hundred_slow_ones() -> None:
    with started(quick) as (_, address), ExitStack() as stack:
        slow = [stack.enter_context(closing(connect(address))) for _ in range(200)]
        for client, begun in zip(slow, list(SLOW.values()) * 40, strict=True):
            client.sendall(begun)
        times = []
        for client in slow:
            client.sendall(b"x")
            began = time.monotonic()
            assert ask(address, whole(GOOD)).body == OK
            times.append(time.monotonic() - began)
    assert sorted(times)[197] < 1


@pytest.mark.parametrize("begun", list(SLOW.values())[1:], ids=list(SLOW)[1:])
def test_a_request_that_drips_is_cut_off_however_lively_it_is(begun: bytes) -> None:
    with started(quick, request_seconds=0.3) as (_, address), closing(connect(address)) as client:
        client.sendall(begun)

        def drip() -> bool:
            client.sendall(b"x")
            return hung_up(client)

        try:
            eventually(drip, 3)
        except OSError:
            assert hung_up(client)


def test_a_silent_client_is_let_go() -> None:
    with started(quick) as (server, address), closing(connect(address)) as client:
        server.waitress.adj.channel_timeout = 0.3
        assert ended([client]) < 3


def test_a_request_being_answered_is_never_cut_off() -> None:
    held = Held()
    with started(held, request_seconds=0.1) as (server, address), closing(connect(address)) as client:
        server.waitress.adj.channel_timeout = 0.1
        client.sendall(whole(GOOD) + b"the next request begins")
        held.begun.acquire()
        with closing(connect(address)) as other:
            other.sendall(b"G")
            assert ended([other]) < 3
        held.free.set()
        assert hear(client).body == OK


def test_an_answer_arrives_although_the_client_is_still_sending() -> None:
    with started(quick) as (_, address), closing(connect(address)) as client:
        client.sendall(head("POST", PATH, "Content-Length: 5000000"))
        for _ in range(50):
            client.sendall(b"x" * 100_000)
        assert hear(client).status == 413
        client.shutdown(socket.SHUT_WR)
        assert ended([client]) < 1


def test_a_client_that_never_stops_sending_is_let_go_after_its_answer() -> None:
    with started(quick, request_seconds=0.3) as (_, address), closing(connect(address)) as client:
        client.sendall(head("POST", PATH, "Content-Length: 5000000"))
        assert hear(client).status == 413

        def more() -> bool:
            try:
                client.sendall(b"x")
            except OSError:
                return True
            return False

        eventually(more, 3)


def test_urgent_data_ends_a_connection() -> None:
    with started(quick) as (_, address), closing(connect(address)) as client:
        client.send(b"x", socket.MSG_OOB)
        assert ended([client]) < 1


def test_what_never_reaches_the_application_is_told_with_its_path_and_status() -> None:
    refused: list[tuple[str, int]] = []
    with started(quick, lambda path, status, _: refused.append((path, status))) as (_, address):
        for request in (whole(b"x" * 40000, path="/a"), b"nonsense\r\n\r\n", head("GET", "/b", "A: " + "b" * 9000)):
            assert 400 <= ask(address, request).status < 500
    assert refused == [("/a", 413), ("", 400), ("/", 431)]


def test_an_address_that_cannot_be_read_is_refused_and_nothing_of_it_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused: list[str] = []
    with started(quick, lambda path, *_: refused.append(path)) as (_, address):
        for secret in ("http://[SECRET/", "http://[SECRET]SECRET/"):
            assert ask(address, head("POST", secret)).status == 400
        assert ask(address, head("POST", PATH, "Content-Length: " + "9" * 5000)).status == 400
    assert refused == ["", "", PATH]
    assert caplog.messages == []


@pytest.mark.parametrize("unsent", [b"", b"the answer"])
def test_a_client_that_resets_when_it_is_left_is_simply_gone(unsent: bytes) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as sock:
        server = Server(quick, sock, refused=lambda *_: None)
        client = connect(sock.getsockname())
        server.waitress.handle_accept()
        [one] = server.connections()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        one.write_soon(unsent)
        one.close_when_flushed = True
        one.handle_write()
        assert server.connections() == []
        wasyncore.close_all(server.map)


def test_a_client_that_leaves_in_the_middle_of_its_answer_is_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    def endless(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        while True:
            yield b"x" * 1000

    with caplog.at_level(logging.INFO), started(endless) as (server, address):
        with closing(connect(address)) as client:
            client.sendall(head("GET", "/SECRET"))
            assert client.recv(100)
        eventually(lambda: not server.connections())
    assert "SECRET" not in caplog.text


def test_of_a_fault_on_a_connection_only_its_kind_and_place_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: bytes) -> None:
        raise ZeroDivisionError("SECRET")

    with started(quick) as (server, address), closing(connect(address)) as client:
        eventually(server.connections)
        server.connections()[0].received = fails
        client.sendall(b"SECRET")
        assert ended([client]) < 1
        assert ask(address, whole(GOOD)).body == OK
    [said] = [fields(record) for record in caplog.records]
    assert said["error"] == "ZeroDivisionError"
    assert "SECRET" not in str(said)


def test_a_stop_answers_what_is_in_flight_and_then_closes() -> None:
    held = Held()
    with started(held) as (server, address), ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(ask, address, whole(GOOD)) for _ in range(12)]
        for _ in range(8):
            held.begun.acquire()
        server.stop()
        eventually(lambda: not server.waitress.accepting)
        held.free.set()
        replies = [answer.result() for answer in answers]
    assert {(reply.body, reply.headers["connection"]) for reply in replies} == {(OK, "close")}


def test_a_stop_waits_for_a_request_that_is_still_arriving() -> None:
    with started(quick) as (server, address), closing(connect(address)) as client:
        client.sendall(whole(GOOD)[:-5])
        eventually(lambda: server.connections() and server.connections()[0].request)
        server.silent_seconds = 0
        server.stop()
        eventually(lambda: not server.waitress.accepting)
        client.sendall(GOOD[-5:])
        assert hear(client).body == OK


def test_a_stop_answers_those_who_had_reached_us_but_were_not_accepted_yet() -> None:
    with started(quick) as (server, address), ExitStack() as stack:
        clients = [stack.enter_context(closing(connect(address))) for _ in range(100)]
        server.stop()
        for client in clients:
            client.sendall(whole(GOOD))
        assert [hear(client).body for client in clients] == [OK] * 100


def test_a_stop_waits_a_while_for_silent_connections_and_then_lets_them_go() -> None:
    with started(quick) as (server, address), closing(connect(address)) as silent, closing(connect(address)) as late:
        server.silent_seconds = 0.5
        eventually(lambda: len(server.connections()) == 2)
        server.stop()
        eventually(lambda: not server.waitress.accepting)
        late.sendall(whole(GOOD))
        assert hear(late).body == OK
        assert 0.2 < ended([silent]) < 2


def test_a_stop_ends_although_somebody_is_never_done() -> None:
    held = Held()
    with started(held, stop_seconds=0.3) as (server, address), closing(connect(address)) as client:
        client.sendall(whole(GOOD))
        held.begun.acquire()
        server.stop()
        assert ended([client]) < 3
        held.free.set()


def test_a_second_stop_changes_nothing() -> None:
    with started(quick) as (server, _):
        server.stop()
        first = server.stopped_at
        server.stop()
        assert server.stopped_at == first
