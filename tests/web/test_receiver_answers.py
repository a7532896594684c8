"""What the receiver answers, over real sockets: the table of protocol.md 1.3, line by line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from signup.errors import StoreUnavailable
from signup.services import Services
from tests.web.receiver_tools import (
    GOOD,
    PATH,
    STATE,
    TOKEN,
    Address,
    Reply,
    ask,
    chunked,
    connect,
    head,
    hear,
    post,
    receiving,
    whole,
)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, Address]]:
    with receiving(tmp_path_factory.mktemp("receiver")) as both:
        yield both


@pytest.fixture(scope="module")
def address(receiver: tuple[Services, Address]) -> Address:
    return receiver[1]


def assert_ok(reply: Reply) -> None:
    """The constant answer: the same bytes and the same headers for everybody."""
    assert (reply.status, reply.body) == (200, b'{"status":"ok"}')
    assert reply.headers.keys() == {"content-type", "content-length", "date"}
    assert reply.headers["content-type"] == "application/json"


def assert_problem(reply: Reply, status: int, code: str) -> None:
    members = json.loads(reply.body)
    assert (reply.status, members["status"], members["code"]) == (status, status, code)
    assert members.keys() == {"type", "title", "status", "code", "detail"}
    assert reply.headers["content-type"] == "application/problem+json"
    assert not reply.headers.keys() & {"set-cookie", "location", "server"}


def shape(**fields: object) -> bytes:
    return json.dumps(fields).encode()


READ = {
    "approved": GOOD,
    "approved without a state": shape(requestId="a", accessToken=TOKEN),
    "approved with an endpoint": shape(requestId="a", accessToken=TOKEN, state=STATE, endpoint="https://evil.example/"),
    "declined": shape(requestId="a", status="user_rejected"),
    "another number": shape(requestId="a", status="use_another_number"),
    "opened": shape(requestId="a", status="flow_invoked"),
    "an unknown status": shape(requestId="a", status="something_new"),
    "extra keys": shape(requestId="a", status="user_rejected", more=[1, {"deep": None}]),
    "a form": b"requestId=a&status=user_rejected",
    "the longest of everything": shape(
        requestId="r" * 256, accessToken="t" * 2048, state="s" * 256, endpoint="e" * 512, status="u" * 64
    ),
    "letters beyond ASCII in an extra key": shape(requestId="a", status="x", name="Åsa 😀"),
}


@pytest.mark.parametrize("body", READ.values(), ids=READ.keys())
def test_every_readable_callback_gets_the_same_answer(address: Address, body: bytes) -> None:
    assert_ok(post(address, body))
    assert_ok(post(address, body))


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", ""]
)
def test_any_content_type_is_tried_as_json(address: Address, content_type: str) -> None:
    assert_ok(post(address, GOOD, f"Content-Type: {content_type}"))


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?from=portal"])
def test_the_callback_url_answers_with_and_without_a_slash(address: Address, path: str) -> None:
    assert_ok(post(address, GOOD, path=path))


UNREADABLE = {
    "nothing": b"",
    "a word": b"hello",
    "half an object": b'{"requestId": "a"',
    "a trailing comma": b'{"requestId":"a","status":"x",}',
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "broken UTF-8": b'{"requestId":"\xff\xfe","status":"x"}',
    "NaN": b'{"requestId":"a","status":"x","n":NaN}',
    "a key twice": b'{"requestId":"a","requestId":"b","status":"x"}',
    "a huge integer": b'{"requestId":"a","status":"x","n":' + b"9" * 5000 + b"}",
    "deep nesting": b'{"requestId":"a","n":' + b"[" * 7000 + b"]" * 7000 + b"}",
    "brackets without end": b"[" * 16384,
    "zeros": b"\0" * 100,
}
INVALID = {
    "an array": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"requestId"',
    "an empty object": b"{}",
    "no request id": shape(accessToken=TOKEN),
    "no token and no status": shape(requestId="a"),
    "an empty request id": shape(requestId="", status="x"),
    "a long request id": shape(requestId="r" * 257, status="x"),
    "a numeric request id": shape(requestId=1, status="x"),
    "a request id with a NUL": shape(requestId="a\0b", status="x"),
    "a request id with a line break": shape(requestId="a\nb", status="x"),
    "half a character": b'{"requestId":"\\ud800","status":"x"}',
    "a short token": shape(requestId="a", accessToken="short"),
    "a long token": shape(requestId="a", accessToken="t" * 2049),
    "a token with a line break": shape(requestId="a", accessToken="abcdefgh\r\nX: y"),
    "a token that is an object": shape(requestId="a", accessToken={"a": 1}),
    "a long state": shape(requestId="a", accessToken=TOKEN, state="s" * 257),
    "an empty state": shape(requestId="a", accessToken=TOKEN, state=""),
    "a long endpoint": shape(requestId="a", accessToken=TOKEN, endpoint="e" * 513),
    "a long status": shape(requestId="a", status="u" * 65),
}
MALFORMED = [(name, body, "body_unreadable") for name, body in UNREADABLE.items()]
MALFORMED += [(name, body, "body_invalid") for name, body in INVALID.items()]


@pytest.mark.parametrize(("body", "code"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_a_malformed_body_is_refused_for_good_and_nothing_of_it_is_kept(
    receiver: tuple[Services, Address], body: bytes, code: str
) -> None:
    services, address = receiver
    with services.store.read() as tx:
        before = tx.one("last_callback")
    reply = post(address, body)
    assert_problem(reply, 400, code)
    assert TOKEN.encode() not in reply.body
    with services.store.read() as tx:
        assert tx.one("last_callback") == before


@pytest.mark.parametrize(
    "header", ["Content-Encoding: gzip", "Content-Encoding: br", "Content-Type: multipart/form-data; boundary=x"]
)
def test_encoded_and_multipart_bodies_are_not_supported(address: Address, header: str) -> None:
    assert_problem(post(address, GOOD, header), 415, "media_type_unsupported")


def padded(size: int) -> bytes:
    """A good callback of exactly `size` bytes."""
    return GOOD + b" " * (size - len(GOOD))


def test_a_body_of_16384_bytes_is_read(address: Address) -> None:
    assert_ok(post(address, padded(16384)))
    assert_ok(ask(address, chunked(padded(16384))))


@pytest.mark.parametrize("size", [16385, 16386, 20000, 32767, 32768, 1_000_000])
def test_a_longer_body_is_too_large_however_it_is_sent(address: Address, size: int) -> None:
    assert_problem(post(address, padded(size)), 413, "body_too_large")
    assert_problem(ask(address, chunked(padded(size))), 413, "body_too_large")


def test_a_body_announced_as_too_large_is_refused_before_it_comes(address: Address) -> None:
    assert_problem(ask(address, head("POST", PATH, "Content-Length: 300000000")), 413, "body_too_large")


def test_a_client_may_ask_before_it_sends(address: Address) -> None:
    with connect(address) as sock:
        sock.sendall(head("POST", PATH, f"Content-Length: {len(GOOD)}", "Expect: 100-continue"))
        assert sock.recv(100).startswith(b"HTTP/1.1 100")
        sock.sendall(GOOD)
        assert_ok(hear(sock))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_only_post_is_allowed(address: Address, method: str, path: str) -> None:
    reply = ask(address, head(method, path, "Content-Length: 0"), method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    if method == "HEAD":
        assert reply.body == b""
    else:
        assert_problem(reply, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/truecaller",
        "/truecaller/callback/more",
        "/truecaller//callback",
        "/TRUECALLER/CALLBACK",
        "/metrics/",
        "/api",
        "/static/app.py",
        "/..%2f..%2fetc%2fpasswd",
        "/%ff%00",
        "/truecaller/callback%0d%0aX:y",
        "http://elsewhere.example/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_else_is_here(address: Address, path: str, method: str) -> None:
    assert_problem(ask(address, whole(b"", path=path, method=method)), 404, "not_found")


BROKEN = {
    "no HTTP": (b"hello\r\n\r\n", 400, "request_unreadable"),
    "a small method": (b"post / HTTP/1.1\r\n\r\n", 400, "request_unreadable"),
    "a header without a colon": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400, "request_unreadable"),
    "a bare line feed": (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400, "request_unreadable"),
    "a length that is no number": (head("POST", PATH, "Content-Length: -1"), 400, "request_unreadable"),
    "two lengths": (head("POST", PATH, "Content-Length: 1", "Content-Length: 2"), 400, "request_unreadable"),
    "an address with an open bracket": (head("POST", "http://[SECRET/"), 400, "request_unreadable"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "request_unreadable"),
    "a chunk without a size": (head("POST", PATH, "Transfer-Encoding: chunked") + b"zz\r\n", 400, "body_unreadable"),
    "a chunk that goes on": (
        head("POST", PATH, "Transfer-Encoding: chunked") + b"1\r\nabc\r\n0\r\n\r\n",
        400,
        "body_unreadable",
    ),
    "an unknown transfer coding": (head("POST", PATH, "Transfer-Encoding: gzip"), 400, "body_unreadable"),
    "a host no name server knows": (b"GET / HTTP/1.1\r\nHost: " + b"x" * 300 + b"\r\n\r\n", 400, "request_unreadable"),
    "long headers": (head("POST", PATH, "A: " + "b" * 9000), 431, "headers_too_large"),
    "many headers": (head("POST", PATH, *["A: b"] * 2000), 431, "headers_too_large"),
}


@pytest.mark.parametrize(("request_", "status", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_http_is_refused_in_the_same_form(address: Address, request_: bytes, status: int, code: str) -> None:
    assert_problem(ask(address, request_), status, code)


@pytest.mark.parametrize("host", ["", "a b", "receiver:99999", "\xff", "[::", "../..", "a@b"])
def test_a_strange_host_does_not_keep_a_callback_away(address: Address, host: str) -> None:
    request = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(GOOD)}\r\n\r\n"
    assert_ok(ask(address, request.encode("latin-1") + GOOD))


def test_a_callback_that_cannot_be_stored_is_asked_for_again(tmp_path: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("The database is locked.")

    with receiving(tmp_path, fails) as (_, address):
        reply = post(address, GOOD)
    assert_problem(reply, 500, "store_unavailable")
    assert int(reply.headers["retry-after"]) > 0


def test_a_failure_of_our_own_shows_nothing_of_itself(tmp_path: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"a bug that quotes {TOKEN}")

    with receiving(tmp_path, fails) as (_, address):
        reply = post(address, GOOD)
    assert_problem(reply, 500, "internal_error")
    assert b"bug" not in reply.body


def test_one_connection_carries_many_callbacks(address: Address) -> None:
    with connect(address) as sock:
        for _ in range(3):
            sock.sendall(whole(GOOD))
            assert_ok(hear(sock))
        sock.sendall(whole(b"{"))
        assert_problem(hear(sock), 400, "body_unreadable")
        sock.sendall(whole(GOOD))
        assert_ok(hear(sock))


def test_callbacks_sent_in_one_breath_are_answered_in_their_order(address: Address) -> None:
    with connect(address) as sock:
        sock.sendall(whole(GOOD) + whole(b"{") + whole(GOOD))
        heard = b""
        while heard.count(b"HTTP/1.1 ") < 3:
            heard += sock.recv(65536)
    assert re.findall(rb"HTTP/1.1 (\d+)", heard) == [b"200", b"400", b"200"]
