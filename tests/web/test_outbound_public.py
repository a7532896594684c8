"""The door out when only the open internet is meant: no name and no redirect leads back into the house."""

import socket
from collections.abc import Callable
from threading import Event, current_thread
from typing import Any

import pytest

from signup.outbound import OutboundFailed, send
from signup.public_address import is_public
from tests.upstream import answer, upstream


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("64:ff9b:1::a9fe:a9fe", False),
        ("::127.0.0.1", False),
        ("::a00:1", False),
        ("::ffff:0:10.0.0.1", False),
        ("fec0::1", False),
        ("5f00::1", False),
        ("100::1", False),
        ("100:0:0:1::1", False),
        ("4000::1", False),
        ("3fff::1", False),
        ("2001:0:7f00:1::", False),
        ("192.0.0.8", False),
        ("192.0.0.170", False),
        ("192.0.0.192", False),
        ("::ffff:192.0.0.8", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def refused(url: str) -> OutboundFailed:
    with pytest.raises(OutboundFailed) as caught:
        send("POST", url, {}, b"{}", seconds=2, public_only=True)
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nothing_reaches_this_machine_whichever_way_it_is_named(host: str) -> None:
    with upstream(answer(204)) as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        failed = refused(f"http://{host}:{port}/v1")
        assert (failed.kind, failed.sent) == ("private", False)
    assert server.connections == 0


def test_a_private_address_is_reached_where_that_is_meant() -> None:
    with upstream(answer(204)) as server:
        assert send("POST", server.url, {}, b"{}", seconds=2).status == 204


def test_a_name_is_looked_up_once_and_only_what_was_found_public_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server answers with a public address and, from the second time on, with ours."""
    asked: list[str] = []
    called: list[Any] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        found = ["10.0.0.7", "93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert refused("https://hooks.example/x").kind == "connect"
    assert (asked, called) == (["hooks.example"], [("93.184.215.14", 443)])


class NameServer:
    """A name with two public addresses, and a network in which nobody answers. `called`: whom, and with what patience.

    `meanwhile` is what happens while the first of them is called.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.called: list[tuple[str, float]] = []
        self._meanwhile = meanwhile
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        monkeypatch.setattr(socket, "create_connection", self._connect)

    def _look_up(self, _: str, port: int, **__: Any) -> list[Any]:
        found = ["2606:2800:21f::1", "93.184.215.14"]
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def _connect(self, address: Any, timeout: float, **_: Any) -> Any:
        self.called.append((address[0], timeout))
        self._meanwhile()
        raise TimeoutError


def test_an_address_that_never_answers_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    names = NameServer(monkeypatch)
    assert refused("https://hooks.example/x").kind == "timeout"
    assert names.called == [("2606:2800:21f::1", 1.0), ("93.184.215.14", 1.0)]


def test_no_further_address_is_called_once_the_caller_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left, talkers = Event(), []

    def meanwhile() -> None:
        talkers.append(current_thread())
        left.wait()

    names = NameServer(monkeypatch, meanwhile)
    with pytest.raises(OutboundFailed):
        send("POST", "https://hooks.example/x", {}, b"{}", seconds=0.5, public_only=True)
    left.set()
    for talker in talkers:
        talker.join()
    assert [address for address, _ in names.called] == ["2606:2800:21f::1"]
