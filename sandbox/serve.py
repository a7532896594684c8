"""The sandbox wired together on one port: phones, timetable, courier, web, and waitress in front.

`running` is the way in for the command line and for tests alike. It must not read settings or handle signals.
"""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from sandbox import phone_web
from sandbox.clock import Clock
from sandbox.deliver import PAUSES, Courier, Timetable
from sandbox.phones import Phones
from sandbox.truecaller import Truecaller
from sandbox.web import create_app

HOST = "127.0.0.1"
SOMEWHERE = "203.0.113.1"  # an address kept free for documents: beyond this machine, whatever its network
THREADS = 16
DRAIN_SECONDS = 0.5
MOST_BYTES = 32_768  # of one body: whoever has no code yet must not fill the disk


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that answers at `url`."""

    url: str
    courier: Courier


class _Server:
    """waitress on a thread of its own."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[listener],
            threads=THREADS,
            connection_limit=500,
            max_request_body_size=MOST_BYTES,
            clear_untrusted_proxy_headers=False,  # believed for one thing: somebody else stands behind this peer
            ident=None,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="sandbox-http", daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)

    def close(self) -> None:
        """Finish the answers that were begun, for half a second at most, then let go of the port."""
        self._server.task_dispatcher.shutdown(timeout=DRAIN_SECONDS)
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(DRAIN_SECONDS)
        wasyncore.close_all(self._map)


@contextmanager
def running(
    *,
    callback: str,
    port: int = 0,
    speed: float = 1.0,
    pauses: tuple[float, ...] = PAUSES,
    clock: Clock | None = None,
    bind: str = HOST,
) -> Iterator[Sandbox]:
    """A sandbox on 127.0.0.1:`port` (0: any free one) until the block ends. Raises OSError when the port is taken.

    `callback`: the URL callbacks go to. `speed` divides the personas' delays; `pauses`: seconds between two tries of a
    callback; `clock` ages prompts and tokens, and tells when a delay is over; `bind`: 0.0.0.0 lets other machines use
    the phone.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a burst is no news
    listener = socket.create_server((bind, port))
    port = listener.getsockname()[1]
    address = None if bind == HOST else f"http://{own_address()}:{port}{phone_web.PATH}"
    clock = clock or Clock()
    phones = Phones(clock.now)
    with closing(Timetable(clock.seconds)) as timetable:
        courier = Courier(callback, timetable, pauses=pauses, now=clock.now)
        truecaller = Truecaller(phones, courier, timetable, speed)
        app = create_app(truecaller, phones, courier, clock, address=address)
        with closing(_Server(app, listener)):
            yield Sandbox(f"http://{HOST}:{port}", courier)


def own_address() -> str:
    """This machine as its network knows it: the address it would send from. Nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((SOMEWHERE, 9))
        except OSError:  # no network
            return socket.gethostname()
        return str(probe.getsockname()[0])
