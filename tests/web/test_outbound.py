"""The door out, against an upstream that lies: it ends on time, stays small, and tells what it knows."""

import gzip
import logging
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signup.outbound import CAP, OutboundFailed, Reply, send
from tests.upstream import Script, answer, drip, flood, head, nobody, raw, reset, silence, slam, upstream

DEADLINE = 0.25
PATIENCE = 2
SLACK = 0.5


@contextmanager
def on_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < DEADLINE + SLACK


def ask(script: Script, seconds: float = PATIENCE) -> Reply:
    with upstream(script) as server:
        return send("POST", server.url, {}, b'{"a":1}', seconds=seconds)


def failure(script: Script, seconds: float = PATIENCE) -> OutboundFailed:
    with pytest.raises(OutboundFailed) as caught:
        ask(script, seconds)
    return caught.value


def outbound_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "outbound"]


def test_an_answer_comes_back_whole() -> None:
    reply = ask(answer(200, b'{"ok":true}', "X-Thing: Yes"))
    assert (reply.status, reply.body, reply.unread) == (200, b'{"ok":true}', None)
    assert reply.headers["x-thing"] == "Yes"


def test_a_chunked_answer_comes_back_whole() -> None:
    reply = ask(raw(head(200, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    assert (reply.body, reply.unread) == (b"abcde", None)


def test_the_request_goes_out_once_with_our_headers_and_asks_for_no_encoding() -> None:
    with upstream(answer(200)) as server:
        send("POST", server.url, {"appKey": "k"}, b"body", seconds=PATIENCE)
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1", b"body")
    assert seen.headers["appkey"] == "k"
    assert seen.headers["accept-encoding"] == "identity"


def test_each_call_has_a_connection_of_its_own() -> None:
    with upstream(answer(200)) as server:
        for _ in range(3):
            send("GET", server.url, {}, seconds=PATIENCE)
    assert server.connections == 3


@pytest.mark.parametrize(
    "script",
    [
        silence(),
        drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99),
        drip(b"x", first=b"HTTP/1.1 200 OK\r\nX: "),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "dripped status line", "dripped header", "dripped 100s"],
)
def test_an_answer_that_does_not_come_ends_at_the_deadline_as_sent(script: Script) -> None:
    with on_time():
        failed = failure(script, DEADLINE)
    assert (failed.kind, failed.sent) == ("timeout", True)


@pytest.mark.parametrize(
    "script",
    [
        drip(b"x", first=head(200, "Content-Length: 1000")),
        drip(b"1\r\nx\r\n", first=head(200, "Transfer-Encoding: chunked")),
        drip(b"x", first=head(200)),
    ],
    ids=["length", "chunks", "until the end"],
)
def test_a_dripped_body_ends_at_the_deadline_and_the_status_is_known(script: Script) -> None:
    with on_time():
        reply = ask(script, DEADLINE)
    assert (reply.status, reply.unread) == (200, "timeout")


def test_the_worker_of_a_dripped_answer_ends_with_its_call() -> None:
    with upstream(drip(b"x", first=head(200))) as server:
        send("GET", server.url, {}, seconds=0.1)
        for worker in outbound_threads():
            worker.join(1)
        assert outbound_threads() == []


def test_a_refused_connection_never_reached_anybody() -> None:
    with nobody() as url, pytest.raises(OutboundFailed) as caught:
        send("POST", url, {}, b"x", seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent) == ("connect", False)


def test_a_name_server_that_hangs_ends_at_the_deadline_and_nothing_leaves_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    real = socket.getaddrinfo

    def hang(*args: object, **kwargs: object) -> object:
        answered.wait(5)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with upstream(answer(200)) as server:
        with on_time(), pytest.raises(OutboundFailed) as caught:
            send("POST", server.url, {}, b"x", seconds=DEADLINE)
        assert (caught.value.kind, caught.value.sent) == ("timeout", False)
        answered.set()
        for worker in outbound_threads():
            worker.join(2)
    assert server.seen == []


def test_an_unknown_name_never_reached_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(OutboundFailed) as caught:
        send("POST", "http://no.such.host/v1", {}, b"x", seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent) == ("name", False)


@pytest.mark.parametrize("script", [reset(), raw(b""), slam()], ids=["reset", "end", "unread"])
def test_a_connection_that_breaks_before_an_answer_was_sent_all_the_same(script: Script) -> None:
    failed = failure(script)
    assert (failed.kind, failed.sent) == ("broken", True)


def test_something_that_is_not_http_is_a_broken_answer() -> None:
    assert failure(raw(b"220 mail.example ESMTP\r\n")).kind == "broken"


def test_a_body_that_ends_early_is_told_with_its_status() -> None:
    reply = ask(raw(head(200, "Content-Length: 100") + b'{"requestId":"ab'))
    assert (reply.status, reply.unread) == (200, "broken")


@pytest.mark.parametrize(
    ("script", "unread"),
    [
        (flood(head(200, "Content-Length: 300000000"), b"x" * 65536), "too_big"),
        (flood(head(200), b"x" * 65536), "too_big"),
        (flood(head(200, "Transfer-Encoding: chunked"), b"ffff\r\n" + b"x" * 65535 + b"\r\n"), "too_big"),
        (flood(head(200, "Transfer-Encoding: chunked"), b"1" * 65536), "broken"),
        (flood(head(302, "Location: /", "Content-Length: 300000000"), b"x" * 65536), "too_big"),
    ],
    ids=["length", "until the end", "chunks", "one chunk size", "redirect"],
)
def test_300_megabytes_cost_less_than_five(script: Script, unread: str) -> None:
    tracemalloc.start()
    try:
        reply = ask(script)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reply.unread == unread
    assert len(reply.body) <= CAP
    assert peak < 5_000_000


def test_a_body_of_exactly_the_cap_is_whole() -> None:
    reply = ask(answer(200, b"x" * CAP))
    assert (len(reply.body), reply.unread) == (CAP, None)


def test_a_body_one_byte_over_the_cap_is_not() -> None:
    reply = ask(answer(200, b"x" * (CAP + 1)))
    assert (len(reply.body), reply.unread) == (CAP, "too_big")


@pytest.mark.parametrize("status", [200, 302, 500])
def test_a_gzip_bomb_is_never_unpacked(status: int) -> None:
    bomb = gzip.compress(bytes(30_000_000), compresslevel=1)
    tracemalloc.start()
    try:
        reply = ask(answer(status, bomb, "Content-Encoding: gzip", "Location: /"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (reply.status, reply.body, reply.unread) == (status, b"", "encoded")
    assert peak < 5_000_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(status: int) -> None:
    with upstream(answer(200)) as elsewhere:
        reply = ask(answer(status, b"", f"Location: {elsewhere.url}"))
        assert reply.status == status
    assert elsewhere.connections == 0


def test_a_netrc_at_home_does_not_take_the_place_of_our_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\ndefault login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with upstream(answer(200)) as server:
        send("GET", server.url, {"Authorization": "Bearer abcdefgh"}, seconds=PATIENCE)
        send("GET", server.url, {}, seconds=PATIENCE)
    assert [seen.headers.get("authorization") for seen in server.seen] == ["Bearer abcdefgh", None]


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with upstream(answer(502)) as proxy, upstream(answer(200)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert send("GET", server.url, {}, seconds=PATIENCE).status == 200
    assert proxy.connections == 0


def test_a_header_that_is_none_leaves_nothing_and_tells_nothing() -> None:
    with upstream(answer(200)) as server, pytest.raises(OutboundFailed) as caught:
        send("GET", server.url, {"Authorization": "Bearer canary\r\nX: y"}, seconds=PATIENCE)
    assert (caught.value.kind, caught.value.sent) == ("unsendable", False)
    assert "canary" not in repr(caught.value) + str(caught.value)
    assert caught.value.__context__ is None
    assert server.seen == []


def test_headers_that_cannot_be_read_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ask(raw(b"HTTP/1.1 200 OK\r\nA: b\r\nBearer canary\r\n\r\n{}"))
    assert "canary" not in caplog.text
