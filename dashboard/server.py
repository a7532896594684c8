"""What lives as long as the dashboard's server, browser open or not: the watcher, and in sandbox mode two children.

The receiver and the sandbox are started only where nothing answers on their ports yet, and end with this process:
each watches a pipe that closes when it is gone, also after a `kill -9`. Draws nothing.
"""

import asyncio
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

from signup import logs
from signup.flow.watch import Watcher
from signup.record import keys
from signup.record.checkpoint import to_stdout
from signup.seed import DAYS, seed
from signup.services import open_services
from signup.settings import Settings, load
from signup.store import open_store

if TYPE_CHECKING:  # importing it costs a second that a check before the start need not wait for
    import streamlit as st

LOG = logging.getLogger(__name__)
LAST_WORDS_SECONDS = 9
FIRST_MIGRATION = "0001_first"


def prepare(settings: Settings) -> None:
    """Bring the database up to date; in sandbox mode play a made-up past into a new one. Raises CannotStart's kinds."""
    with closing(open_store(settings.database_url)) as store:
        is_new = FIRST_MIGRATION in store.behind()
    with open_services(settings, migrate=True) as services:
        keys.ready(services, to_stdout)
        if is_new and settings.mode == "sandbox":
            sys.stderr.write(f"A new database: playing {DAYS} days of made-up sign-ups into it ...\n")
            seed(services)


@asynccontextmanager
async def lifespan(_app: "st.App") -> AsyncIterator[dict[str, Any]]:
    """From the server's start to its end. Raises CannotStart's kinds, with one sentence that says what to do."""
    settings = load()
    logs.set_up(settings.log)
    prepare(settings)
    with open_services(settings) as services, children(settings):
        stop = threading.Event()
        watching = threading.Thread(target=Watcher(services, "dashboard").run, args=(stop,), name="watcher")
        watching.start()
        try:
            yield {}
        finally:
            stop.set()
            await asyncio.to_thread(watching.join, LAST_WORDS_SECONDS)


@contextmanager
def children(settings: Settings) -> Iterator[None]:
    """The receiver and the sandbox, in sandbox mode, where nobody else runs them."""
    programs = {"sandbox": settings.sandbox_port, "callback_server": settings.callback_port}
    wanted = [name for name, port in programs.items() if settings.mode == "sandbox" and not answers(port)]
    begun = [_begin(name) for name in wanted]
    try:
        yield
    finally:
        for child in begun:
            _end(child)


def answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _begin(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", program, "--watch-stdin"], stdin=subprocess.PIPE)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close its pipe: it finishes what it has begun and leaves."""
    assert child.stdin is not None, "it was begun with a pipe"
    child.stdin.close()
    try:
        child.wait(LAST_WORDS_SECONDS)
    except subprocess.TimeoutExpired:
        LOG.warning("A child did not end by itself and was killed.")
        child.kill()
        child.wait()
