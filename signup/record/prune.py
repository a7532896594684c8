"""Prune: events older than SIGNUP_AUDIT_DAYS leave the log, whole segments at a time, by the watcher alone.

    a segment: the rows between two checkpoints, all of before the first UTC day kept
        -> they must still add up to the checkpoint at their end
        -> one transaction: audit.pruned, pruned_to moved there, the rows and the checkpoints before it gone
        -> sealed and signed

What is left verifies from the checkpoint at `pruned_to` on. A segment that was altered is evidence: it is not pruned.
A portion is about ten thousand rows, so nobody waits long for the database; it must not take what no checkpoint ends.
"""

from datetime import datetime, timedelta

from signup.clock import text
from signup.errors import RecordAltered
from signup.record import events, tree, walk
from signup.record.checkpoint import ROWS, Clerk
from signup.record.events import Kind
from signup.record.fault import Fault
from signup.record.log import PAGE
from signup.record.seal import Sealer, only
from signup.services import Services

_AT = 1
"""The column of a row that says when it happened."""


class Pruner:
    """One watcher's part in it: its sealer, and the clerk who signs what is left."""

    def __init__(self, services: Services, sealer: Sealer, clerk: Clerk) -> None:
        self._services = services
        self._sealer = sealer
        self._clerk = clerk
        self._settled = ""

    def run(self) -> bool:
        """Prune one portion; whether there may be another. Until the next day nothing more is looked for.

        Raises RecordAltered, StoreUnavailable.
        """
        kept = text(first_day_kept(self._services.clock.now(), self._services.settings.audit_days))
        if kept == self._settled:
            return False
        self._sealer.seal()
        start = self._pruned_to()
        try:
            end = self._reach(start, kept)
        except RecordAltered:
            if self._pruned_to() != start:
                return True  # another watcher was first
            self._settled = kept
            raise
        if end == start:
            self._settled = kept
            return False
        self._prune(start, end)
        self._sealer.seal()
        self._clerk.make()
        return True

    def _pruned_to(self) -> int:
        with self._services.store.read() as tx:
            return int(only(tx, "log_head")["pruned_to"])

    def _prune(self, start: int, end: int) -> None:
        now = text(self._services.clock.now())
        with self._services.store.write() as tx:
            if only(tx, "lock_head")["pruned_to"] != start:
                return  # another watcher was first
            events.append(tx, at=now, kind=Kind.AUDIT_PRUNED, actor="watcher", details={"to": end})
            tx.run("set_pruned", seq=end)
            tx.run("drop_pruned_events", seq=end)
            tx.run("drop_pruned_checkpoints", seq=end)

    def _reach(self, start: int, kept: str) -> int:
        """The end of the whole, old segments after `start` that make one portion; `start` when there is none."""
        end, frontier = start, self._edge(start)
        while True:
            with self._services.store.read() as tx:
                mark = tx.one("checkpoint_after", seq=end)
            if mark is None or (end > start and mark["seq"] - start > ROWS):
                return end
            grown = self._grown(frontier, end, mark["seq"], kept)
            if grown is None:
                return end
            if tree.frontier_text(grown) != mark["frontier"]:
                raise _altered(end, mark["seq"])
            frontier, end = grown, mark["seq"]

    def _edge(self, start: int) -> tree.Frontier:
        """The tree's edge where the rows begin."""
        with self._services.store.read() as tx:
            edge = tx.one("checkpoint_edge", seq=start)
        if start and edge is None:
            raise _altered(start, start + 1)
        return tree.frontier_of(edge["frontier"], start) if start and edge else ()

    def _grown(self, frontier: tree.Frontier, after: int, up_to: int, kept: str) -> tree.Frontier | None:
        """The tree's edge at the end of a segment; None when a row of it is to be kept. Raises RecordAltered."""
        while after < up_to:
            with self._services.store.read() as tx:
                rows = tx.tuples("rows_to_verify", after=after, up_to=up_to, size=PAGE)
            if any(row[_AT] >= kept for row in rows):
                return None
            try:
                leaves = walk.leaves(rows, after + 1)
            except Fault as fault:
                raise _altered(after, up_to) from fault
            if not leaves:
                raise _altered(after, up_to)
            frontier, after = tree.grow(frontier, after, leaves), after + len(leaves)
        return frontier


def first_day_kept(now: datetime, days: float) -> datetime:
    """Midnight UTC of the oldest day that is kept whole."""
    return (now - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def _altered(after: int, up_to: int) -> RecordAltered:
    return RecordAltered(
        f"Events {after + 1:,} to {up_to:,} are old enough to be pruned, but were altered: they are kept as evidence. "
        "Run python -m signup verify, and compare the database with its last backup."
    )
