"""The nightly check: once a night the whole log is verified, by a child process, so that nothing here waits for it.

    03:00 UTC has passed since the last full check  ->  claimed in the pins  ->  python -m signup verify

Every watcher asks; the pins, which all programs on a machine share, give each night to one of them. What the check
found, `verify` itself writes there; of one that left no verdict whoever began it does. This module must not check
anything itself.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from signup.clock import text
from signup.record import pins
from signup.record.pins import Full, Pins
from signup.record.seal import only
from signup.services import Services

LOG = logging.getLogger(__name__)
NIGHT_HOUR = 3
NICE = 10
PATIENCE = 5
AGAIN = timedelta(minutes=10)
CURE = "run python -m signup verify, which says why"

Child = subprocess.Popen[bytes]


def full_check() -> Child:
    """Verify our own log in a process of its own, behind everything else that the machine has to do."""
    silent = subprocess.DEVNULL
    child = subprocess.Popen([sys.executable, "-m", "signup", "verify"], stdin=silent, stdout=silent, stderr=silent)
    with suppress(OSError):  # it has begun all the same
        os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
    return child


class Nightly:
    """One watcher's part in it. `begin` starts the check."""

    def __init__(self, services: Services, begin: Callable[[], Child] = full_check) -> None:
        self._services = services
        self._begin = begin
        self._child: Child | None = None
        with services.store.read() as tx:
            log = only(tx, "log_identity")
        self._log_id, self._born = log["log_id"], log["created_at"]
        self._settled = self._begun = ""
        self._failed: datetime | None = None

    def run(self) -> None:
        """Begin the check when this night's is due; tell what one that has ended found. Costs nothing in between."""
        if self._child and (code := self._child.poll()) is not None:
            self._child = None
            self._tell(code)
        now = self._services.clock.now()
        night = text(_last_night(now))
        if night == self._settled or (self._failed and abs(now - self._failed) < AGAIN):
            return
        before = self._claimed(night, text(now))
        self._settled = night
        if before:
            self._begun = text(now)
            self._begin_or_give_back(before, now)

    def end(self) -> None:
        """Leave a check that has not ended: the next night's looks at everything again."""
        if self._child and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def _claimed(self, night: str, now: str) -> Pins | None:
        """What was remembered before, when this night's check is due and now ours."""
        ours: Pins | None = None

        def claim(before: Pins) -> Pins:
            nonlocal ours
            known = (self._born, before.full.at if before.full else "", before.nightly or "")
            last = max((at for at in known if at <= now), default="")  # what is later, a clock that ran ahead wrote
            ours = before if last < night else None
            return replace(before, nightly=now) if ours else before

        pins.change(self._services.settings, self._log_id, claim)
        return ours

    def _begin_or_give_back(self, before: Pins, now: datetime) -> None:
        """Begin the check; a night whose check could not be started is anybody's again."""
        try:
            self._child = self._begin()
        except OSError as error:
            self._settled, self._failed = "", now
            LOG.error("The nightly check could not be started (%s): it is tried again in ten minutes.", error.strerror)

            def give_back(found: Pins) -> Pins:
                return replace(found, nightly=before.nightly) if found.nightly == text(now) else found

            pins.change(self._services.settings, self._log_id, give_back)

    def _tell(self, code: int) -> None:
        """Log what the check found wrong; remember of one that left no verdict that it did not end."""
        full = pins.read(self._services.settings, self._log_id).full
        told = full.reason if full and full.at >= self._begun else None
        if full and told and not full.undecided:
            LOG.error("The audit log was altered (%s): run python -m signup verify, and see Health.", told)
        elif told:
            LOG.error("The nightly check could not tell whether the audit log is whole (%s): %s.", told, CURE)
        elif code:
            LOG.error("The nightly check did not end (exit code %s): %s.", code, CURE)
            ended = Full(text(self._services.clock.now()), full.seq if full else 0, pins.NOT_ENDED)
            pins.change(self._services.settings, self._log_id, lambda before: pins.found(before, ended))


def _last_night(now: datetime) -> datetime:
    tonight = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)
