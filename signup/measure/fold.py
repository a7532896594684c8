"""Step 9 of the story: sealed events are folded into the roll-ups, portion by portion, in seq order.

    events after the cursor, and the rows of the sign-ups they name
        -> new = apply(old, event); delta = contribution(new) - contribution(old)
        -> one transaction: the cursor unchanged, or give up; rows, merged deltas, the cursor moved

Any number of folders may run, in any number of processes: one wins each portion. When the cursor's event is not the
log's (a restored backup, another database in its place) everything is folded anew in one transaction, and readers keep
the old numbers until it commits; what the log no longer has, for its age, stays as it was. It reads sealed events only
and must never write to the log's side.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from signup.measure import fold_rows
from signup.measure.contribution import Deltas, contribution, contribution_of_mark, micros
from signup.measure.fold_rows import Known
from signup.measure.rows import COUNTED, Mark, apply, mark
from signup.model import Event
from signup.record import log
from signup.record.seal import only
from signup.services import Services
from signup.store import Row, Transaction

PORTION = 5_000
"""The most events that one transaction folds."""

MERGED = 200_000
"""So many deltas a rebuild holds before it writes them."""


@dataclass(frozen=True)
class Folded:
    """How far the roll-ups have come: up to event `seq`, of a log whose newest is `head`.

    `stale`: they were folded from a log that is not the one there is now.
    """

    seq: int
    head: int
    stale: bool = False

    @property
    def behind(self) -> bool:
        """Whether there is more to fold."""
        return self.stale or self.seq < self.head


class _Stopped(Exception):
    """Nobody waits for a rebuild any more, or the log let go of what it was to read: undo it."""


@dataclass
class _Portion:
    """What a stretch of the log makes of the rows: `signups` as they are after it, `deltas` against before."""

    signups: dict[str, Known] = field(default_factory=dict)
    marks: list[tuple[int, Mark]] = field(default_factory=list)
    deltas: Deltas = field(default_factory=Deltas)


def fold(
    services: Services, portion: int = PORTION, go_on: Callable[[], bool] = lambda: True, *, anew: bool = True
) -> Folded:
    """Fold what is sealed and not folded yet, while `go_on()` says so; at least one portion. How far it came.

    `anew`: whether it may fold everything anew where that is needed; without it, the numbers stay as they are.
    Raises StoreUnavailable; RecordAltered for an event that no step of ours wrote.
    """
    while True:
        folded = _fold_one(services, portion)
        if folded.stale and anew:
            folded = rebuild(services, go_on, asked=False)
        if not folded.behind or (folded.stale and not anew) or not go_on():
            return folded


def fold_to_the_end(services: Services) -> Folded:
    """Seal what waits and fold all of it, however long that takes: for a program whose reader sees only the end.

    Raises as `fold` does.
    """
    log.seal_first(services)
    return fold(services)


def rebuild_from_the_log(services: Services) -> None:
    """Seal what waits and fold everything anew. Raises as `fold` does."""
    log.seal_first(services)
    while rebuild(services).stale:
        pass  # another folder moved the cursor in between, or the log was pruned


def rebuild(services: Services, go_on: Callable[[], bool] = lambda: True, *, asked: bool = True) -> Folded:
    """Fold everything anew, in one transaction. Raises as `fold` does, and leaves the old numbers then.

    They also stay when `go_on()` says no, the log is pruned meanwhile, or another folder is first: then what is told is
    `stale`. Not `asked` for, it looks first whether the cursor still stands on no event of this log.
    """
    with suppress(_Stopped), services.rolls.write() as tx:
        cursor = only(tx, "roll_position")
        with services.store.read() as log_tx:
            head = only(log_tx, "log_head")
            if not asked and not _differs(log_tx, head, cursor):
                return Folded(cursor["seq"], head["seq"])
            leaf = _leaf(log_tx, head["seq"])
        if _move(tx, cursor, head["log_id"], head["seq"], leaf, anew=1):
            kept = head["pruned_to"] if cursor["log_id"] == head["log_id"] else 0
            _clear(tx, kept)
            _fold_all(services, tx, head, kept, go_on)
            return Folded(head["seq"], head["seq"])
    return Folded(head["seq"], head["seq"], stale=True)


def _fold_all(services: Services, tx: Transaction, head: Row, kept: int, go_on: Callable[[], bool]) -> None:
    """Add up the rows that stay, then what the log has; deltas of many portions are written at once."""
    deltas, after = Deltas(), head["pruned_to"]
    for signup in fold_rows.kept_signups(tx, kept):
        contribution(signup, deltas)
    for old_mark in fold_rows.kept_marks(tx, kept):
        contribution_of_mark(old_mark, deltas)
    while events := _events(services, head, after):
        if not go_on():
            raise _Stopped
        found = _folded(tx, events, kept, deltas)
        fold_rows.put_signups(tx, found.signups)
        fold_rows.put_marks(tx, found.marks)
        after = events[-1][0]
        if len(deltas) > MERGED:
            fold_rows.add(tx, deltas)
            deltas = Deltas()
    fold_rows.add(tx, deltas)


def _fold_one(services: Services, portion: int) -> Folded:
    """One portion, unless another folder was first."""
    with services.rolls.read() as tx:
        cursor = only(tx, "roll_position")
    with services.store.read() as tx:
        head = only(tx, "log_head")
        if _differs(tx, head, cursor):
            return Folded(cursor["seq"], head["seq"], stale=True)
        events = tx.tuples("events_to_fold", after=cursor["seq"], size=portion)
        leaf = _leaf(tx, events[-1][0]) if events else ""
    if not events:
        return Folded(head["seq"], head["seq"])
    with services.rolls.read() as tx:
        found = _folded(tx, events, -1, Deltas())
    with services.rolls.write() as tx:
        if not _move(tx, cursor, head["log_id"], events[-1][0], leaf):
            return Folded(cursor["seq"], head["seq"])
        fold_rows.put_signups(tx, found.signups)
        fold_rows.put_marks(tx, found.marks)
        fold_rows.add(tx, found.deltas)
    return Folded(events[-1][0], head["seq"])


def _folded(tx: Transaction, events: list[tuple[Any, ...]], kept: int, deltas: Deltas) -> _Portion:
    """What a portion does. Sign-ups that began at `kept` or before count as unknown: their rows stay."""
    counted = [row for row in events if row[2] in COUNTED and row[4] is not None]
    old = fold_rows.signups_named(tx, {row[3] for row in counted if row[3] is not None}, kept)
    found = _Portion(deltas=deltas)
    for seq, at, kind, signup_id, details in counted:
        try:
            _take(found, old, Event(seq, at, kind, signup_id, "", json.loads(details)))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:  # details of no step of ours
            raise log.altered(seq) from fault
    for signup_id, known in found.signups.items():
        before = old.get(signup_id)
        contribution(before.signup if before else None, deltas, -1)
        contribution(known.signup, deltas)
    return found


def _take(found: _Portion, old: dict[str, Known], event: Event) -> None:
    assert event.seq is not None, "only sealed events are folded"
    name = event.signup_id or ""
    known = found.signups.get(name, old.get(name))
    before = known.signup if known else None
    if made := mark(before, event):
        found.marks.append((event.seq, made))
        contribution_of_mark(made, found.deltas)
    after = apply(before, event) if name else None
    if after:
        if before is None or after.at != before.at:
            micros(after.at)  # raises ValueError, TypeError for what is no time
        found.signups[name] = Known(known.seq if known else event.seq, after)


def _differs(tx: Transaction, head: Row, cursor: Row) -> bool:
    """Whether the cursor stands on no event that this log has. A pruned one cannot be compared.

    A migration that empties roll-ups takes the leaf away.
    """
    if not cursor["seq"]:
        return False
    if not cursor["leaf"] or cursor["log_id"] != head["log_id"] or cursor["seq"] > head["seq"]:
        return True
    return bool(cursor["seq"] > head["pruned_to"]) and _leaf(tx, cursor["seq"]) != cursor["leaf"]


def _events(services: Services, head: Row, after: int) -> list[tuple[Any, ...]]:
    """A page of the log up to this head, of a snapshot of its own: one that was pruned since is another log."""
    with services.store.read() as tx:
        now = only(tx, "log_head")
        if (now["log_id"], now["pruned_to"]) != (head["log_id"], head["pruned_to"]):
            raise _Stopped
        events = tx.tuples("events_to_fold", after=after, size=PORTION)
    return [row for row in events if row[0] <= head["seq"]]


def _leaf(tx: Transaction, seq: int) -> str:
    return next((row["leaf"] for row in tx.all("leaves_from", first=seq, size=1) if row["seq"] == seq), "")


def _clear(tx: Transaction, kept: int) -> None:
    tx.run("clear_roll_signups", kept=kept)
    tx.run("clear_roll_marks", kept=kept)
    for table in ("cells", "hist", "errors"):
        tx.run(f"clear_roll_{table}")


def _move(tx: Transaction, cursor: Row, log_id: str, seq: int, leaf: str, anew: int = 0) -> bool:
    """Move the cursor on, if it is still where it was and nothing was folded anew since; `anew`: 1 for a rebuild."""
    where = {"from_seq": cursor["seq"], "from_leaf": cursor["leaf"], "from_log": cursor["log_id"]}
    counted = {"rebuilds": cursor["rebuilds"] + anew, "from_rebuilds": cursor["rebuilds"]}
    return bool(tx.run("move_rolls", log_id=log_id, seq=seq, leaf=leaf, **counted, **where) == 1)
