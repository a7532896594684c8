"""A small receiver of the tests' own: it collects what the sandbox posts, and answers as told."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 10.0


class Collector(ThreadingHTTPServer):
    """`statuses` are its answers, in turn, then 200. It answers when `gate` is set, as it is at first.

    `labels`: the header that marks a replay, of each callback that came.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/truecaller/callback?a=b"
        self.bodies: queue.Queue[dict[str, Any]] = queue.Queue()
        self.statuses: list[int] = []
        self.labels: list[str | None] = []
        self.gate = threading.Event()
        self.gate.set()

    def next(self) -> dict[str, Any]:
        """The next callback's body, once it is there."""
        return self.bodies.get(timeout=PATIENCE)

    def hears_nothing(self, seconds: float) -> bool:
        """Whether no callback comes for that long."""
        try:
            self.bodies.get(timeout=seconds)
        except queue.Empty:
            return True
        return False


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        assert self.path == "/truecaller/callback?a=b"
        assert self.headers["Content-Type"] == "application/json"
        self.server.labels.append(self.headers["Signup-Replay"])
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.server.bodies.put(body)
        self.server.gate.wait(PATIENCE)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A running collector; its port is free again at the end."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fails after ten seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
