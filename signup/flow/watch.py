"""Watch: match, complete and expire whenever something happens, seal, sign, fold, forget, and cost nothing in between.

Runs inside the dashboard's server and alone as `python -m signup watch`; any number of watchers are safe, for every
step claims its row. A slow Truecaller holds only the threads that fetch profiles, never the watch itself, and counting
and alerts have a thread each of their own (folding.py, alerting.py).
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

from signup.clock import moment, text
from signup.errors import SignupError, StoreHeld
from signup.flow import alerting
from signup.flow.alerting import Alerting
from signup.flow.complete import Claim, claim, complete, fetch
from signup.flow.expire import APART_SECONDS, GRACE_SECONDS, SPARE_SECONDS, expire
from signup.flow.folding import Folding
from signup.flow.match import match
from signup.measure.fold import fold
from signup.model import Status, new_id
from signup.record import keys
from signup.record.checkpoint import Clerk, Say, to_stdout
from signup.record.nightly import Nightly
from signup.record.prune import Pruner
from signup.record.retain import Retention
from signup.record.seal import Sealer
from signup.services import Services

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.05
SEEN_SECONDS = 10
REST_SECONDS = 0.5
AGAIN_SECONDS = 1
TELL_SECONDS = 60
FETCHERS = 8
FORGET_SECONDS = 3600


class Watcher:
    """One watcher. `mode` says where it runs (`dashboard`, `watch`); the sealer's memory belongs to it.

    `say` hands on each checkpoint's line. Raises KeyLost when the key that signs the record is gone.
    """

    def __init__(self, services: Services, mode: str, say: Say = to_stdout) -> None:
        self._services = services
        self._mode = mode
        self._id = new_id(services.clock.now())
        self._sealer = Sealer(services)
        self._clerk = Clerk(services, keys.ready(services, say), actor="watcher", say=say)
        self._nightly = Nightly(services)
        self._pruner = Pruner(services, self._sealer, self._clerk)
        self._retention = Retention(services)
        self._more = False
        self._seen: datetime | None = None
        self._told: dict[str, float] = {}
        self._fetching: set[Future[Status | None]] = set()

    def once(self) -> dict[str, int]:
        """One pass over everything that is due, profiles included; what it did."""
        matched = 0
        while found := match(self._services):
            matched += found
        done = complete(self._services) + expire(self._services)
        self._seal_and_sign()
        self._sound(self._fold)
        self._sound(lambda: alerting.once(self._services))
        self._forget()
        while self._more:
            self._forget()
        return {
            "matched": matched,
            "completed": done[Status.COMPLETED],
            "failed": done[Status.FAILED],
            "expired": done[Status.EXPIRED],
        }

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop; then finish the fetches that have begun. A fault is logged, never the end."""
        pool = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        with pool, Folding(self._services, self._tell) as folding, Alerting(self._services, self._tell):
            steps: tuple[Callable[[], object], ...] = (
                self._be_seen,
                lambda: match(self._services),
                lambda: self._fetch_in(pool),
                lambda: expire(self._services),
                self._seal_and_sign,
                folding.wake,
                self._nightly.run,
                self._forget,
                lambda: self._wait(stop),
            )
            self._sound(self._clerk.repeat)
            while not stop.is_set():
                sound = [self._sound(step) for step in steps]
                if not all(sound):
                    stop.wait(REST_SECONDS)
        self._sound(self._leave)

    def _seal_and_sign(self) -> None:
        """A head that could not be sealed upon is not signed either."""
        self._sealer.seal()
        self._clerk.make_if_due()

    def _fold(self) -> None:
        """Unless somebody else counts, which is no trouble."""
        with suppress(StoreHeld):
            fold(self._services)

    def _forget(self) -> None:
        """A portion of what is too old; the next one soon, when there may be more."""
        self._more = False
        self._more = self._retention.run()
        self._more = self._pruner.run() or self._more

    def _sound(self, step: Callable[[], object]) -> bool:
        """Run one step; whether it ran through. Its fault keeps no other step from running."""
        try:
            step()
        except SignupError as error:
            self._tell(error.sentence)
        except Exception:  # a watcher that dies leaves every sign-up open: say what happened and go on
            LOG.exception("The watcher met a fault and goes on.")
        else:
            return True
        return False

    def _tell(self, sentence: str) -> None:
        """A trouble that lasts is told once a minute, not at every pass."""
        now = self._services.clock.monotonic()
        if now - self._told.get(sentence, -TELL_SECONDS) >= TELL_SECONDS:
            self._told[sentence] = now
            LOG.warning(sentence)

    def _fetch_in(self, pool: ThreadPoolExecutor) -> None:
        """Claim what is due while a thread is free for it."""
        self._fetching = {one for one in self._fetching if not one.done()}
        while len(self._fetching) < FETCHERS and (claimed := claim(self._services)):
            self._fetching.add(pool.submit(self._fetch, claimed))

    def _fetch(self, claimed: Claim) -> None:
        """In a thread of the pool. What fails here is tried again when the claim is free."""
        try:
            fetch(self._services, claimed)
        except Exception:  # a pool swallows what its threads raise: say it here
            LOG.exception("A profile could not be written down; it is fetched again when its claim is free.")

    def _wait(self, stop: threading.Event) -> None:
        """Until something was committed, something is due, a fetch has ended, or it is time to be seen."""
        due = self._next_due()
        busy = len(self._fetching)
        while not stop.wait(LOOK_SECONDS):
            ended = sum(one.done() for one in self._fetching)
            if self._services.store.changed() or self._services.clock.now() >= due or (ended and busy == FETCHERS):
                return

    def _next_due(self) -> datetime:
        """The next moment at which something ends, at the latest when this watcher must be seen again."""
        now = self._services.clock.now()
        if self._more:
            return now
        seen_again = now + timedelta(seconds=SEEN_SECONDS)
        signed_again = max(self._clerk.due_at(), now + timedelta(seconds=AGAIN_SECONDS))
        return min(seen_again, signed_again, next_end(self._services, now) or seen_again)

    def _be_seen(self) -> None:
        now = self._services.clock.now()
        if self._seen and abs(now - self._seen) < timedelta(seconds=SEEN_SECONDS):
            return
        row = {"id": self._id, "host": socket.gethostname(), "pid": os.getpid(), "mode": self._mode}
        with self._services.store.write() as tx:
            tx.run("see_watcher", **row, seen_at=text(now))
            tx.run("forget_watchers", id="", before=text(now - timedelta(seconds=FORGET_SECONDS)))
        self._seen = now

    def _leave(self) -> None:
        """Stopped in order: seal and sign what was told, and be gone from the list."""
        self._nightly.end()
        self._sealer.seal()
        self._clerk.make()
        with self._services.store.write() as tx:
            tx.run("forget_watchers", id=self._id, before="")


def next_end(services: Services, looked: datetime) -> datetime | None:
    """When something ends next; None when nothing will.

    What was due already at `looked`, when everything was looked at, somebody else has in hand: again in a second.
    """
    later = {
        "requested": services.settings.upstream_seconds + SPARE_SECONDS,
        "apart": APART_SECONDS,
        "expires": GRACE_SECONDS,
    }
    with services.store.read() as tx:
        ends = [(row["what"], moment(row["at"])) for row in tx.all("next_due") if row["at"]]
    due = [at + timedelta(seconds=later.get(what, 0)) for what, at in ends]
    soon = looked + timedelta(seconds=AGAIN_SECONDS)
    return min((at if at > looked else soon for at in due), default=None)
