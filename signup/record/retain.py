"""Retain: what time makes us forget, by the watcher alone.

    after SIGNUP_PROFILE_DAYS    profile, number, fingerprint, request id, callbacks, traces of a finished sign-up,
                                 and the reasons about it; its ended lock no longer tells whose it was
    after SIGNUP_AUDIT_DAYS      the sign-up's row, a lock nobody used again, operators' reasons (events: prune.py)
    when it ends                 the lock of an erased person
    after a day                  finished files in data/exports

A portion at a time, each its own short transaction, so that a callback never waits for it; an open sign-up is left
alone. The numbers of the Overview do not change: they are counted from events. It must not touch the log.
"""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from signup.clock import text
from signup.record.wipe import wipe
from signup.services import Services

PORTION = 20
REST = timedelta(hours=1)
FILES = timedelta(days=1)
OURS = re.compile(r"\.?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\..+")
"""The names of exports in data/exports, hidden while they are written. What else lies there is somebody's own."""


class Retention:
    """One watcher's part in it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._rested: datetime | None = None

    def run(self) -> bool:
        """Wipe one portion; whether there may be more. With nothing left it looks again in an hour.

        Raises StoreUnavailable.
        """
        now = self._services.clock.now()
        if self._rested and abs(now - self._rested) < REST:
            return False
        if self._portion(now):
            return True
        self._rested = now
        sweep(Path(self._services.settings.data_dir) / "exports", now)
        self._services.store.scrub(*self._erased(now))
        return False

    def _portion(self, now: datetime) -> bool:
        """A portion of each kind; whether one was full."""
        settings = self._services.settings
        old, at = text(now - timedelta(days=settings.audit_days)), text(now)
        personal = text(now - timedelta(days=min(settings.profile_days, settings.audit_days)))
        with self._services.store.write() as tx:
            persons = tx.all("signups_to_forget", before=personal, size=PORTION)
            wipe(tx, persons)
            tx.many("unname_lock", [{"id": row["id"], "now": at} for row in persons])
        with self._services.store.write() as tx:
            dropped = [
                tx.run("drop_signups", before=old, size=PORTION),
                tx.run("drop_locks", before=old, now=at, size=PORTION),
                tx.run("drop_reasons", before=old, size=PORTION),
            ]
        return max(len(persons), *dropped) == PORTION

    def _erased(self, now: datetime) -> list[str]:
        """Locks of erased people that have ended go; by which they would be known in the file."""
        with self._services.store.write() as tx:
            return [row["fingerprint"] for row in tx.all("drop_erased_locks", now=text(now))]


def sweep(folder: Path, now: datetime) -> None:
    """Remove finished exports, of whichever program, that are older than a day."""
    for path in folder.glob("*"):
        with suppress(OSError):  # fetched meanwhile, or not for us to remove: the next time tells
            if OURS.fullmatch(path.name) and path.stat().st_mtime < (now - FILES).timestamp():
                path.unlink()
