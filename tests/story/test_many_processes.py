"""One Truecaller request per number per five minutes, over any number of processes."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signup.services import open_services
from signup.settings import load
from tests.machine import ROOT

PROCESSES = 8
NUMBERS = 50
STARTER = """
import random, sys
from signup.flow.start import start
from signup.services import open_services
from signup.settings import load

numbers = [f"+4670{4000000 + nth}" for nth in range(int(sys.argv[1]))]
random.shuffle(numbers)
with open_services(load(env_file=None)) as services:
    print(",".join(str(start(services, number, channel="web", actor="cli").code) for number in numbers))
"""


class Truecaller(ThreadingHTTPServer):
    """Accepts every request and counts them by number."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.asked: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/apps/requests"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Requests(BaseHTTPRequestHandler):
    server: Truecaller

    def do_POST(self) -> None:
        number = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["phoneNumber"]
        with self.server.lock:
            self.server.asked[number] += 1
        body = json.dumps({"requestId": f"request-of-{number}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_fifty_numbers_from_eight_processes_are_fifty_requests_and_lock_hits_are_no_errors(environ, store_url):
    upstream = Truecaller()
    chosen = environ(database_url=store_url, request_url=upstream.url)
    with open_services(load(chosen, None), migrate=True):
        pass
    words = [sys.executable, "-c", STARTER, str(NUMBERS)]
    running = [
        subprocess.Popen(words, env={**os.environ, **chosen}, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    codes = Counter(code for process in running for code in process.communicate(timeout=100)[0].strip().split(","))
    assert upstream.asked.total() == NUMBERS
    assert set(upstream.asked.values()) == {1}
    assert codes == {"None": NUMBERS, "locked": NUMBERS * (PROCESSES - 1)}
    upstream.shutdown()
    upstream.server_close()
