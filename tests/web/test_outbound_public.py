"""The door out when only the open internet is meant: no name and no redirect leads back into the house."""

import socket
from typing import Any

import pytest

from signup.outbound import OutboundFailed, is_public, send
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
