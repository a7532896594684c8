"""One go at a log, from its database.

    one snapshot: head, keys, checkpoints     every note signed by a trusted key, in order
    rows in pages of 5,000                    each in its place, its leaf recomputed (walk.py), the tree grown
    at each checkpoint, ours and outside      the root must be the signed one
    at the end                                the head reached, and all that the log tells of is there

Head, keys and checkpoints are read in one snapshot: apart they would contradict each other while a sealer works. No
transaction stays open between two pages: a long check must not hold anybody up. The first fault ends it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from signup.record import events, tree, walk
from signup.record.checkpoint import Checkpoint, of_row, origin_of
from signup.record.events import Kind
from signup.record.fault import Fault, Reason
from signup.record.marks import Marks
from signup.record.outside import Given
from signup.record.pins import Pins, Point
from signup.record.trust import Trust
from signup.store import Row, Transaction

PAGE = 5000

Progress = Callable[[int, int], None]


class Source(Protocol):
    """Where a log can be read: a store, or a SQLite file."""

    def read(self) -> AbstractContextManager[Transaction]:
        """One snapshot."""
        ...


@dataclass(frozen=True)
class Question:
    """How a log is to be checked.

    `keys`: those that whoever asks trusts, and no others. `pins`: what we remember of a log by its id; its keys count
    when none is named. `ours`: it must reach all that we remember of it. `incremental`: only what came since the last
    check. `strict`: stored details must be canonical.
    """

    outside: Sequence[Given] = ()
    keys: Sequence[str] = ()
    pins: Callable[[str], Pins] = lambda _: Pins()
    ours: bool = False
    incremental: bool = False
    strict: bool = False


class Check:
    """Fills `facts` as it goes. `newest`: the log's last checkpoint, once it is known."""

    def __init__(self, source: Source, question: Question, facts: dict[str, Any], progress: Progress | None) -> None:
        self._source = source
        self._question = question
        self._facts = facts
        self._progress = progress
        self._pruned_to: object = None
        self._edges: dict[int, str] = {}
        self._told: dict[int, Checkpoint] = {}
        self._redacted: set[int] = set()
        self.newest: Point | None = None

    def run(self) -> None:
        """All of it, in order. Raises Fault at the first thing that is not right."""
        pins = self._remembered()
        log, keys, checkpoints = self._snapshot()
        trust = Trust(origin_of(log["mode"], log["log_id"]), keys, self._pinned(pins))
        marks = self._signed(log, trust, checkpoints)
        if self._question.ours:
            marks.remember(pins.checked, pins.signed)
        start = self._start(log, pins)
        frontier = self._walk(start, log["seq"], marks)
        self._reach(log, frontier, marks)
        self._hear(start, log)
        self._facts["redacted"] = len(self._redacted)
        if self._question.keys and log["seq"] and not marks.signed:
            raise Fault(Reason.CHECKPOINT_NOT_COVERED, "No checkpoint is there that a key you named could have signed.")
        if marks.given and not marks.matched:
            raise Fault(Reason.CHECKPOINT_NOT_COVERED, "No checkpoint from outside lies where it can be compared.")

    def may_be_late(self, fault: Fault) -> bool:
        """Whether it may be no fault at all: the log was pruned or a row redacted while it was read."""
        with self._reading() as tx:
            log = tx.one("log_head")
        moved = log is not None and self._pruned_to is not None and log["pruned_to"] != self._pruned_to
        return moved or fault.reason is Reason.REDACTION_UNTOLD

    @contextmanager
    def _reading(self) -> Iterator[Transaction]:
        """One snapshot; a text that somebody made unreadable is a fault in its place, not a check that fails."""
        with self._source.read() as tx:
            tx.as_stored = True
            yield tx

    def _remembered(self) -> Pins:
        """What is remembered of the log, asked before its head is: what was signed later is no fault."""
        with self._reading() as tx:
            log = tx.one("log_head")
        return self._question.pins(log["log_id"]) if log else Pins()

    def _snapshot(self) -> tuple[Row, list[Row], list[Row]]:
        """The log's own row with how far its rows reach, its keys and its checkpoints."""
        with self._reading() as tx:
            log, keys, checkpoints = tx.one("log_to_verify"), tx.all("audit_keys"), tx.all("audit_checkpoints")
        if log is None or not _is_head(log):
            raise Fault(Reason.HEAD_WRONG, "The log does not say what it is and how far it goes.")
        self._pruned_to = log["pruned_to"]
        self._facts.update(events=log["seq"] - log["pruned_to"], head=log["seq"], unsealed=log["unsealed"])
        self._facts.update(logId=log["log_id"], mode=log["mode"], prunedTo=log["pruned_to"])
        return log, keys, checkpoints

    def _pinned(self, pins: Pins) -> set[str]:
        pinned = set(self._question.keys or pins.keys)
        self._facts["warnings"] = [] if pinned else ["key_not_pinned"]
        return pinned

    def _signed(self, log: Row, trust: Trust, rows: list[Row]) -> Marks:
        """Every signed root: our checkpoints, each one sound and later than the one before, and those from outside."""
        self._facts["keys"] = trust.trusted
        marks, before = Marks(), ""
        for row in rows:
            said = trust.checkpoint(Given(row["note"], of_row(row).json()))
            if not _folds(row["frontier"], said.seq, said.root):
                raise Fault(Reason.CHECKPOINT_FORGED, f"The frontier of the checkpoint at event {said.seq} is another.")
            if said.at < before:
                raise Fault(
                    Reason.CHECKPOINT_FORGED, f"The checkpoint at event {said.seq} is older than one before it."
                )
            before = said.at
            marks.add(said.seq, said.root)
            self._edges[said.seq], self._told[said.seq] = row["frontier"], of_row(row)
            self.newest = Point(said.seq, said.root)
        for given in self._question.outside:
            said = trust.checkpoint(given)
            marks.give(said.seq, said.root)
        self._vouched(log, trust, marks)
        signed = self.newest.seq if self.newest else 0
        self._facts.update(checkpoints=len(rows), afterLastCheckpoint=max(0, log["seq"] - signed))
        return marks

    def _vouched(self, log: Row, trust: Trust, marks: Marks) -> None:
        """Nothing rests on a pinned key that signed nothing; and a log that does not know it is another's."""
        if trust.pinned and log["seq"] and not trust.trusted:
            raise Fault(Reason.KEY_NOT_TRUSTED, "No key of the log is pinned, nor tied to one that is.")
        if trust.pinned and not marks.signed:
            self._facts["warnings"].append("key_not_pinned")

    def _start(self, log: Row, pins: Pins) -> int:
        """Where the walk begins: at what was pruned, or at the last check."""
        start: int = log["pruned_to"]
        checked = pins.checked if self._question.incremental else None
        if checked and start < checked.seq <= log["seq"]:
            start = checked.seq
        if start and start not in self._edges:
            raise Fault(Reason.CHECKPOINT_MISSING, f"There is no checkpoint at event {start}, where the check begins.")
        if checked and start == checked.seq and self._told[start].root != checked.root:
            detail = f"The checkpoint at event {start} is not the one that was checked."
            raise Fault(Reason.OUTSIDE_CHECKPOINT_CONTRADICTED, detail, 1, start)
        return start

    def _walk(self, start: int, head: int, marks: Marks) -> tree.Frontier:
        """Every row from `start` to the head; the tree's edge there."""
        seq, frontier = start, tree.frontier_of(self._edges[start], start) if start else ()
        marks.begin(seq, frontier)
        while seq < head:
            rows = self._page(seq, head)
            if not rows:
                raise self._cut(seq, head, marks)
            leaves = walk.leaves(rows, seq + 1, strict=self._question.strict)
            self._redacted.update(row[0] for row in rows if row[walk.DETAILS] is None)
            for stop in [*marks.between(seq, seq + len(leaves)), seq + len(leaves)]:
                frontier = tree.grow(frontier, seq, leaves[: stop - seq])
                leaves, seq = leaves[stop - seq :], stop
                marks.compare(seq, frontier)
            self._facts["outside"]["matched"] = marks.matched
            if self._progress:
                self._progress(seq - start, head - start)
        return frontier

    def _page(self, after: int, up_to: int) -> list[walk.Raw]:
        with self._reading() as tx:
            return tx.tuples("rows_to_verify", after=after, up_to=up_to, size=PAGE)

    def _cut(self, seq: int, head: int, marks: Marks) -> Fault:
        last = max(head, marks.last)
        return Fault(Reason.TAIL_MISSING, f"The log ends at event {seq}; event {last} existed.", seq + 1, last)

    def _reach(self, log: Row, frontier: tree.Frontier, marks: Marks) -> None:
        """The rows reach all that was signed, and the head is theirs."""
        head = log["seq"]
        self._facts["root"] = tree.root(frontier).hex()
        if marks.last > head:
            raise self._cut(head, head, marks)
        if tree.frontier_text(frontier) != log["frontier"]:
            raise Fault(Reason.HEAD_WRONG, "The head is not that of these rows.")
        if log["lowest"] is not None and (log["lowest"] <= log["pruned_to"] or log["highest"] > head):
            raise Fault(Reason.HEAD_WRONG, "There are rows that were pruned, or that the head does not know of.")

    def _hear(self, start: int, log: Row) -> None:
        """What the log tells of must be there, and what was done must be told."""
        pruned_to = log["pruned_to"]
        with self._reading() as tx:
            for details in _heard(tx, Kind.AUDIT_CHECKPOINT, start, log["seq"]):
                self._check_told(details, pruned_to)
            if pruned_to and pruned_to not in _numbers(tx, Kind.AUDIT_PRUNED, "to", pruned_to):
                raise Fault(Reason.PRUNE_UNTOLD, f"The log does not tell that it was pruned up to event {pruned_to}.")
            untold = self._redacted and self._redacted - _numbers(tx, Kind.AUDIT_REDACTED, "seq", start)
        if untold:
            seq = min(untold)
            raise Fault(Reason.REDACTION_UNTOLD, f"The log does not tell that event {seq} was redacted.", seq)

    def _check_told(self, details: dict[str, Any], pruned_to: int) -> None:
        """A checkpoint that the log tells of must be there, and be the same."""
        seq = details.get("seq")
        if type(seq) is not int or seq < pruned_to:
            return
        known = self._told.get(seq)
        if known is None or (details.get("root"), details.get("keyId")) != (known.root, known.key_id):
            raise Fault(
                Reason.CHECKPOINT_MISSING, f"The checkpoint at event {seq} is not there as the log tells of it."
            )


def _is_head(log: Row) -> bool:
    numbers = all(events.whole(log[name]) for name in ("seq", "pruned_to"))
    return numbers and events.ID(log["log_id"]) and log["mode"] in ("sandbox", "live")


def _folds(text: Any, seq: int, root: str) -> bool:
    """Whether the text of a frontier leads to a root."""
    try:
        return tree.root(tree.frontier_of(text, seq)).hex() == root
    except (ValueError, AttributeError):
        return False


def _numbers(tx: Transaction, kind: Kind, key: str, after: int) -> set[Any]:
    """The numbers that events of a kind tell, sealed or still waiting."""
    waiting = [_read(row["details"]) for row in tx.all("told_in_the_inbox", kind=str(kind))]
    told = [*_heard(tx, kind, after, 2**53), *waiting]
    return {details[key] for details in told if events.whole(details.get(key))}


def _heard(tx: Transaction, kind: Kind, after: int, up_to: int) -> Iterator[dict[str, Any]]:
    """The details of the sealed events of a kind, page by page."""
    while rows := tx.all("told_in_the_log", kind=str(kind), after=after, up_to=up_to, size=PAGE):
        yield from (_read(row["details"]) for row in rows)
        after = rows[-1]["seq"]


def _read(details: str | None) -> dict[str, Any]:
    """Details as an object; empty when they were redacted or are none."""
    try:
        found = json.loads(details or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
