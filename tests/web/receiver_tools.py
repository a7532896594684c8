"""The receiver under test: real services on a fresh database, the real server on a real socket, and rude clients."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from flask import Flask

from callback_server.app import create_app
from callback_server.serve import Refused, Server
from signup.clock import Clock, text
from signup.flow.receive import receive
from signup.services import Services, open_services
from signup.settings import load
from tests.conftest import START
from tests.schemas import sqlite_url

ROOT = Path(__file__).parents[2]
PATH = "/truecaller/callback"
TOKEN = "canary-TOKEN_1.2~3+4/5=="
STATE = "canary-state-0123456789"
GOOD = json.dumps({"requestId": "92849748hueh9", "accessToken": TOKEN, "state": STATE}).encode()

Address = tuple[str, int]


@dataclass
class Reply:
    """An answer as it came; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


def eventually(holds: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `holds` returns once it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come to hold in time"
        threading.Event().wait(0.01)
    return found


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Settings for a database and data in one folder."""
    return {"SIGNUP_DATABASE_URL": f"sqlite:///{folder}/signup.db", "SIGNUP_DATA_DIR": str(folder), **more}


@contextmanager
def opened(folder: Path, clock: Clock | None = None, **more: str) -> Iterator[Services]:
    """Services on a fresh database; nobody stands for Truecaller, the receiver calls nobody."""
    settings = load(environment(folder, **more), env_file=None)
    sqlite_url(folder / "signup.db", text(START))
    with open_services(settings, clock=clock, migrate=True) as services:
        yield services


@contextmanager
def serving(app: Flask, port: int = 0, host: str = "127.0.0.1", **seconds: float) -> Iterator[Address]:
    """The address of the real server, run in a thread and stopped at the end."""
    with started(app, port=port, host=host, **seconds) as (server, address):
        yield address
        assert server.stopped_at is None


@contextmanager
def started(
    app: Any,
    refused: Refused | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    **seconds: float,
) -> Iterator[tuple[Server, Address]]:
    """The same with the server itself; `request_seconds=0.3` and the like shorten its patience."""
    refused = refused or (app.extensions["refused"] if isinstance(app, Flask) else lambda *_: None)
    sock = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    address = sock.getsockname()[:2]
    server = Server(app, sock, refused)
    for name, value in seconds.items():
        setattr(server, name, value)
        server.waitress.adj.cleanup_interval = 0.1
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server, address
    finally:
        server.silent_seconds = 0
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def receiving(
    folder: Path, receive: Callable[..., None] = receive, clock: Clock | None = None, **more: str
) -> Iterator[tuple[Services, Address]]:
    """The whole receiver on a fresh database, on a free port unless its setting names one."""
    port = int(more.get("SIGNUP_CALLBACK_PORT", 0))
    with opened(folder, clock, **more) as services, serving(create_app(services, receive), port) as address:
        yield services, address


def head(method: str = "POST", path: str = PATH, *headers: str) -> bytes:
    """A request's first line and headers."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode("latin-1")


def whole(body: bytes, *headers: str, method: str = "POST", path: str = PATH) -> bytes:
    """A request with a body of known length."""
    return head(method, path, f"Content-Length: {len(body)}", *headers) + body


def chunked(body: bytes, size: int = 4096, path: str = PATH) -> bytes:
    """A request whose body comes in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head("POST", path, "Transfer-Encoding: chunked") + framed + b"0\r\n\r\n"


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=15)


def hear(sock: socket.socket, method: str = "POST") -> Reply:
    """One answer, read from a connection."""
    response = HTTPResponse(sock, method=method)
    response.begin()
    body = response.read()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def ask(address: Address, request: bytes, method: str = "POST") -> Reply:
    """Send bytes, read one answer."""
    with closing(connect(address)) as sock:
        sock.sendall(request)
        return hear(sock, method)


def post(address: Address, body: bytes, *headers: str, path: str = PATH) -> Reply:
    return ask(address, whole(body, *headers, path=path))


@contextmanager
def program(
    folder: Path, *arguments: str, listen: socket.socket | None = None, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """`python -m callback_server` on a folder's database, with a listening socket handed over as systemd does."""
    command = [sys.executable, "-m", "callback_server", *arguments]
    if listen is not None:
        command = [sys.executable, "-c", HAND_OVER, str(listen.fileno()), *command]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[listen.fileno()] if listen else [],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ.setdefault("LISTEN_FDS", "1")
os.execv(sys.argv[2], sys.argv[2:])
"""
