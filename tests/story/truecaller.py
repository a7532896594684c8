"""A Truecaller of the tests' own, over real HTTP: remembers each state, and shows a profile for each token."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Truecaller(ThreadingHTTPServer):
    """`asked`: number -> the states sent with it, in order. A token `...-of-NUMBER-STATUS` is answered with STATUS."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Endpoints)
        self.asked: dict[int, list[str]] = {}
        self.lock = threading.Lock()
        base = f"http://127.0.0.1:{self.server_port}/v1"
        self.request_url, self.profile_url = f"{base}/apps/requests", f"{base}/default"


class _Endpoints(BaseHTTPRequestHandler):
    server: Truecaller

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.setdefault(asked["phoneNumber"], []).append(asked["state"])
        self._answer(200, {"requestId": f"request-of-{asked['phoneNumber']}"})

    def do_GET(self) -> None:
        *_, number, status = self.headers["Authorization"].split("-")
        self._answer(int(status), {"phoneNumbers": [int(number)], "name": {"first": "Ada"}})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def truecaller() -> Iterator[Truecaller]:
    """One at work, gone at the end."""
    server = Truecaller()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
