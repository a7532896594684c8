"""Step 8 of the story: events get their number, salts and leaf, and move from the inbox into the log.

    events_inbox --(500 at a time, one transaction)--> events, and the head in audit_log moves on

Any number of sealers may run, in any number of processes; each may be killed at any moment. A sealer remembers the
head it left behind. When it comes back, that head must still be where the log goes on from: other sealers may have
added rows, nothing else. If not, it raises RecordAltered and seals nothing.

Sealing is not part of a step: no change waits for it, and a fault here must never fail a sign-up.
"""

import logging
import os
from dataclasses import dataclass, replace
from typing import Any

from signup.errors import RecordAltered
from signup.record import pins, totals, tree
from signup.record.pins import Pins
from signup.services import Services
from signup.store import Row, Transaction

LOG = logging.getLogger(__name__)
PORTION = 500
"""The most rows that one transaction seals."""

_CATCH_UP = 5000
_SALT = 16


@dataclass(frozen=True)
class Position:
    """How far a log is sealed: its last number, the tree's edge there and the last leaf (empty where none is kept)."""

    log_id: str
    seq: int
    frontier: tree.Frontier
    leaf: str


class Sealer:
    """Seals what waits in the inbox. One per thread; its memory is what makes an altered head show."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._settings = services.settings
        self._known: Position | None = None

    def seal(self) -> int:
        """Seal everything that waits now; the number of rows sealed. Raises RecordAltered, StoreUnavailable.

        It goes on to the newest row seen at the beginning, not until nothing is left: under load that never ends.
        """
        remembered = self._remembered()
        with self._store.read() as tx:
            head = only(tx, "log_head")
            pins.refuse_restored(remembered, head["seq"])
            self._known = self._follow(tx, head)
        newest = head["newest_waiting"]
        sealed, oldest = 0, newest
        while oldest is not None and oldest <= newest:
            count, oldest = self._seal_portion()
            sealed += count
        return sealed

    def _remembered(self) -> Pins:
        """What was signed so far, asked before the head is: the head must reach it. Later its own memory is enough.

        A log that begins beside an old data folder is ours; one that has begun elsewhere is a stranger.
        """
        if self._known:
            return Pins()
        with self._store.read() as tx:
            head = only(tx, "log_head")
            begins = not (head["seq"] or tx.all("audit_keys"))
        ours = pins.others(self._settings, head["log_id"])
        if begins and ours:
            pins.accept(self._settings, head["log_id"])
            LOG.warning("A new audit log begins (%s); the one before is remembered too (%s).", head["log_id"], ours[-1])
        pins.refuse_stranger(self._settings, head["log_id"])
        return pins.read(self._settings, head["log_id"])

    def _seal_portion(self) -> tuple[int, int | None]:
        """One transaction. How many rows it sealed, and the oldest id it left."""
        with self._store.write() as tx:
            before = self._follow(tx, only(tx, "lock_head"))
            waiting = in_order(tx.all("take_waiting", size=PORTION))
            rows = sealed_rows(waiting, before.seq)
            after = _moved(before, rows)
            if rows:
                tx.many("seal_event", rows)
                tx.run("widen_spans", after=before.seq, up_to=after.seq)
                tx.many("add_to_event_totals", totals.of(rows))
                tx.run("move_head", seq=after.seq, frontier=tree.frontier_text(after.frontier))
            oldest = only(tx, "oldest_waiting")["id"]
        self._known = after
        return len(rows), oldest

    def _follow(self, tx: Transaction, head: Row) -> Position:
        """The log's position, once it is found to follow from the one this sealer knows."""
        found = _position(tx, head)
        if self._known is None:
            return found
        known = _unpruned(tx, self._known, head["pruned_to"])
        if found.log_id != known.log_id:
            raise _altered("another log stands in its place")
        if found.seq < known.seq:
            raise _altered(f"it went back from event {known.seq} to {found.seq}")
        if known.leaf and _leaves(tx, known.seq, 1) != [known.leaf]:
            raise _altered(f"event {known.seq} is not the one that was sealed")
        if not _continues(tx, known, found):
            raise _altered(f"events up to {found.seq} do not continue those up to {known.seq}")
        return found


def in_order(waiting: list[Row]) -> list[Row]:
    """Inbox rows as they are numbered: by id, the rows of one transaction together, where its last one stands.

    A cause was committed before its effect's row got an id, so it always comes first.
    """
    last: dict[object, int] = {}
    for row in waiting:
        last[row["xid"]] = max(row["id"], last.get(row["xid"], 0))
    return sorted(waiting, key=lambda row: (last[row["xid"]], row["id"]))


def sealed_rows(waiting: list[Row], seq: int) -> list[Row]:
    """Inbox rows as rows of `events`, numbered from `seq` + 1, each with two fresh salts and its leaf."""
    rows = []
    for number, row in enumerate(waiting, seq + 1):
        header_salt, details_salt = os.urandom(_SALT), os.urandom(_SALT)
        header = tree.header(number, row["at"], row["kind"], row["signup_id"], row["actor"])
        details_hash = tree.details_hash(row["details"], details_salt)
        leaf = tree.leaf(tree.header_hash(header, header_salt), details_hash)
        fields = {name: row[name] for name in ("at", "kind", "signup_id", "actor", "details")}
        salts = {"header_salt": header_salt.hex(), "details_salt": details_salt.hex()}
        rows.append({"seq": number, **fields, **salts, "leaf": leaf.hex()})
    return rows


def _moved(before: Position, rows: list[Row]) -> Position:
    """Where the head stands once `rows` are sealed."""
    if not rows:
        return before
    frontier = tree.grow(before.frontier, before.seq, [bytes.fromhex(row["leaf"]) for row in rows])
    return Position(before.log_id, before.seq + len(rows), frontier, rows[-1]["leaf"])


def _position(tx: Transaction, head: Row) -> Position:
    """What the head says, if the rows reach it: a cut tail or a moved head shows even to a new sealer."""
    seq = head["seq"]
    newest = only(tx, "newest_sealed")["seq"]
    if seq != (head["pruned_to"] if newest is None else newest):
        raise _altered(f"it names event {seq}, the last one there is {newest or 'none'}")
    try:
        frontier = tree.frontier_of(head["frontier"], seq)
    except ValueError as error:
        raise _altered(f"its frontier is {error}") from error
    return Position(head["log_id"], seq, frontier, "".join(_leaves(tx, seq, 1)))


def _unpruned(tx: Transaction, known: Position, pruned_to: int) -> Position:
    """A known position; when its row was pruned meanwhile, the place up to which it was, which a checkpoint keeps."""
    if known.seq > pruned_to or not pruned_to:
        return known
    if known.seq == pruned_to:
        return replace(known, leaf="")
    edge = tx.one("checkpoint_edge", seq=pruned_to)
    try:
        frontier = tree.frontier_of(edge["frontier"] if edge else "", pruned_to)
    except ValueError as error:
        raise _altered(f"it was pruned up to event {pruned_to}, and no checkpoint is there") from error
    return Position(known.log_id, pruned_to, frontier, "")


def _leaves(tx: Transaction, first: int, size: int) -> list[str]:
    return [row["leaf"] for row in tx.all("leaves_from", first=first, size=size)]


def _continues(tx: Transaction, known: Position, found: Position) -> bool:
    """Whether the leaves in the log lead from one position to the other."""
    frontier, size = known.frontier, known.seq
    while size < found.seq:
        leaves = _leaves(tx, size + 1, min(_CATCH_UP, found.seq - size))
        try:
            frontier = tree.grow(frontier, size, map(bytes.fromhex, leaves))
        except ValueError:
            return False
        if not leaves:
            return False
        size += len(leaves)
    return frontier == found.frontier


def only(tx: Transaction, query: str, **params: Any) -> Row:
    """The row of a query that always has one, unless the log's head itself is gone."""
    row = tx.one(query, **params)
    if row is None:
        raise _altered("it is gone")
    return row


def _altered(how: str) -> RecordAltered:
    return RecordAltered(
        f"The head of the audit log was changed from outside: {how}. Nothing is sealed until it is put right: "
        "compare the database with its last backup."
    )
