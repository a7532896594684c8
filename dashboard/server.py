"""What lives as long as the dashboard's server, browser open or not: the watcher, and in sandbox mode two children.

The receiver and the sandbox are started only where nothing answers on their ports yet, and end with this process:
each watches a pipe that closes when it is gone, also after a `kill -9`. At a stop all have nine seconds for their last
words, at the same time. Draws nothing.
"""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from dashboard import downloads, jobs
from signup import logs
from signup.clock import SystemClock, text
from signup.errors import SettingsWrong, UsageWrong
from signup.flow.watch import Watcher
from signup.record import keys
from signup.record.checkpoint import to_stdout
from signup.seed import DAYS, is_due, mark, seed
from signup.services import Services, open_services
from signup.settings import Settings, load
from signup.settings_checks import loopback
from signup.store import open_store

if TYPE_CHECKING:  # importing it costs a second that a check before the start need not wait for
    import streamlit as st

LOG = logging.getLogger(__name__)
LAST_WORDS_SECONDS = 9


def prepare(settings: Settings) -> None:
    """Bring the database up to date; in sandbox mode play a made-up past into one that is new by our own hand.

    What interrupts it does no harm: the next start goes on with it. Raises CannotStart's kinds.
    """
    now = SystemClock().now()
    with closing(open_store(settings.database_url)) as store:
        store.migrate(text(now))
        if settings.mode == "sandbox":
            mark.intend(store, now)
    with open_services(settings) as services:
        keys.ready(services, to_stdout)
        if is_due(services):
            _play(services)


def _play(services: Services) -> None:
    sys.stderr.write(f"Playing {DAYS} days of made-up sign-ups into the new database ...\n")
    try:
        seed(services)
    except UsageWrong as problem:  # somebody was quicker, or signed up in between
        sys.stderr.write(f"{problem.sentence}\n")


@asynccontextmanager
async def lifespan(_app: "st.App") -> AsyncIterator[dict[str, Any]]:
    """From the server's start to its end. Raises CannotStart's kinds, with one sentence that says what to do."""
    settings = load()
    logs.set_up(settings.log)
    _only_here()
    prepare(settings)
    with open_services(settings) as services:
        stop = threading.Event()
        watching = threading.Thread(target=Watcher(services, "dashboard").run, args=(stop,), name="watcher")
        begun = children(settings)
        watching.start()
        sweeping = asyncio.create_task(downloads.sweeping(settings.data_dir / "exports"))
        try:
            yield {}
        finally:
            sweeping.cancel()
            stop.set()
            ends = [
                jobs.end_all,
                partial(watching.join, LAST_WORDS_SECONDS),
                *(partial(_end, child) for child in begun),
            ]
            await asyncio.gather(*map(asyncio.to_thread, ends))
            if watching.is_alive():
                _leave_the_fetches()


def _only_here() -> None:
    """Refuse what Streamlit's own setting says where it opens the dashboard to other machines."""
    import streamlit as st  # heavy

    try:
        loopback(st.get_option("server.address") or "")
    except ValueError as problem:
        raise SettingsWrong(f"Streamlit's server.address {problem}") from None


def _leave_the_fetches() -> None:
    """End at once: threads cannot be stopped, and the store must not be closed under them."""
    LOG.warning("A fetch from Truecaller took too long to wait for: the next watcher fetches it again.")
    os._exit(0)


def children(settings: Settings) -> list[subprocess.Popen[bytes]]:
    """The receiver and the sandbox, begun in sandbox mode where nobody else runs them."""
    programs = {"sandbox": settings.sandbox_port, "callback_server": settings.callback_port}
    return [_begin(name) for name, port in programs.items() if settings.mode == "sandbox" and not answers(port)]


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
