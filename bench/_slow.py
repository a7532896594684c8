"""Clients that never finish a request: they send a byte now and then, and come back when they are cut off."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from tests.web.receiver_tools import PATH, Address, connect, head

SLOW_CLIENTS = 200
DRIP_SECONDS = 0.1
BEGUN = (
    b"",
    b"POST /truec",
    b"POST /truecaller/callback HTTP/1.1\r\nHost: a\r\nX-A: ",
    head("POST", PATH, "Content-Length: 500") + b"{",
    head("POST", PATH, "Transfer-Encoding: chunked") + b"1ff\r\n{",
)


@contextmanager
def slow_clients(address: Address) -> Iterator[None]:
    """Clients that send a byte now and then, never a whole request, and come back when they are cut off."""
    over = threading.Event()
    clients = [begun(address, nth) for nth in range(SLOW_CLIENTS)]

    def drip() -> None:
        while not over.wait(DRIP_SECONDS):
            for nth, client in enumerate(clients):
                if not drips(client):
                    client.close()
                    clients[nth] = begun(address, nth)

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        yield
    finally:
        over.set()
        dripping.join()
        for client in clients:
            client.close()


def begun(address: Address, nth: int) -> socket:
    """A connection with the beginning of a request; from then on it waits for nothing."""
    client = connect(address)
    client.sendall(BEGUN[nth % len(BEGUN)])
    client.setblocking(False)
    return client


def drips(client: socket) -> bool:
    """Send one byte more; False when the receiver has answered or hung up."""
    try:
        client.sendall(b"x")
        client.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
