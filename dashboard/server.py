"""What lives as long as the dashboard's server, browser open or not: the watcher, and in sandbox mode two children.

The children themselves are children.py. At a stop all have nine seconds for their last words, at the same time. Draws
nothing.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from dashboard import children, downloads, jobs
from dashboard.children import LAST_WORDS_SECONDS
from dashboard.warm import warm
from signup import logs
from signup.clock import text
from signup.errors import SettingsWrong, StoreUnavailable, UsageWrong
from signup.flow.watch import Watcher
from signup.record import keys
from signup.record.checkpoint import to_stdout
from signup.seed import DAYS, is_due, mark, seed
from signup.services import Services, clock_of, open_services
from signup.settings import Settings, load
from signup.settings_checks import loopback
from signup.store import open_store

if TYPE_CHECKING:  # importing it costs a second that a check before the start need not wait for
    import streamlit as st

LOG = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Bring the database up to date; in sandbox mode play a made-up past into one that is new by our own hand.

    What interrupts it does no harm: the next start goes on with it. Raises CannotStart's kinds.
    """
    now = clock_of(settings).now()
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
    except (UsageWrong, StoreUnavailable) as problem:  # somebody else plays it now, or signed up in between
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
        kept = children.needed(settings)
        watching.start()
        tasks = [
            asyncio.create_task(children.keeping(kept)),
            asyncio.create_task(downloads.sweeping(settings.data_dir / "exports")),
            asyncio.create_task(asyncio.to_thread(warm)),
        ]
        try:
            yield {}
        finally:
            for task in tasks:
                task.cancel()
            stop.set()
            ends = [
                jobs.end_all,
                partial(watching.join, LAST_WORDS_SECONDS),
                *(child.end for child in kept),
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
