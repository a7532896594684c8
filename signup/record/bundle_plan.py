"""What a bundle will hold, settled before its first row is read: from where to where, and which checkpoints.

    asked: filter, withhold, the auditor's checkpoints        0 ...... first-1 [first ......... last] ...... size
    settled: first, last, size, checkpoints, keys             stretches        shown and listed       stretches

`first` follows the newest checkpoint signed before the time asked for, `last` is the oldest signed 15 minutes after
it: so everything recorded in that time lies between two signed roots. Of several with one time, by a clock that ran
ahead, it is the last one signed; one dated later than the export is none.

It reads in one snapshot and must not write; a bundle whose log was pruned meanwhile is planned anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from signup.clock import moment, text
from signup.errors import UsageWrong
from signup.record import checkpoint, tree
from signup.record.checkpoint import Checkpoint, of_row, origin_of
from signup.record.events import Kind
from signup.record.log import LogQuery, event, rows
from signup.record.outside import Given
from signup.record.seal import only
from signup.services import Services
from signup.store import Row, Transaction

LATE = timedelta(minutes=15)
TEXT = "text"
LAST_MOMENT = "9999-12-31T23:59:59.999999Z"

Withhold = Literal["details", "rows"]


@dataclass(frozen=True)
class Asked:
    """Which rows are shown, and what becomes of the others: listed without details, or (`rows`) not even that.

    `narrowed`: details that a shown row must have besides; `{"text": true}` (there by itself) says that the query
    searched for words.
    `compare`: the numbers of checkpoints an auditor holds.
    """

    query: LogQuery
    withhold: Withhold = "details"
    narrowed: Mapping[str, Any] | None = None
    compare: tuple[int, ...] = ()
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "narrowed", {**(self.narrowed or {}), **self.query.searched} or None)


@dataclass(frozen=True)
class Plan:
    """A settled bundle. `redactions`: each `audit.redacted` event's number, with that of the row it tells of."""

    asked: Asked
    log_id: str
    mode: str
    pruned_to: int
    edge: tree.Frontier
    first: int
    last: int
    checkpoints: tuple[Checkpoint, ...]
    keys: tuple[Row, ...]
    redactions: Mapping[int, int]

    @property
    def head(self) -> Checkpoint:
        """The newest checkpoint, at the log's `size`."""
        return self.checkpoints[-1]

    @property
    def cuts(self) -> set[int]:
        """Behind these rows every stretch ends."""
        return {self.pruned_to, self.first - 1, self.last, *(known.seq for known in self.checkpoints)}

    @property
    def told(self) -> set[int]:
        """The redacted rows that the log tells of."""
        return set(self.redactions.values())


def plan(services: Services, asked: Asked, size: int, now: str = LAST_MOMENT) -> Plan:
    """Settle a bundle of the log up to the checkpoint at `size`, exported `now`.

    Raises UsageWrong when a checkpoint that is asked for is not the log's.
    """
    with services.store.read() as tx:
        log = only(tx, "log_head")
        pruned_to = int(log["pruned_to"])
        first, last = _span(tx, asked.query, pruned_to, size, now)
        found = tx.all("checkpoints_between", first=first - 1, last=last) if last >= first - 1 else []
        listed = {row["seq"]: of_row(row) for row in found} | {seq: _at(tx, seq) for seq in (*asked.compare, size)}
        edge = tree.frontier_of(only(tx, "checkpoint_at", seq=pruned_to)["frontier"], pruned_to) if pruned_to else ()
        keys = tuple(tx.all("audit_keys"))
    return Plan(
        asked=asked,
        log_id=log["log_id"],
        mode=log["mode"],
        pruned_to=pruned_to,
        edge=edge,
        first=first,
        last=last,
        checkpoints=tuple(listed[seq] for seq in sorted(listed)),
        keys=keys,
        redactions=_redactions(services, first, last, size),
    )


def compared(services: Services, given: Iterable[Given]) -> tuple[int, ...]:
    """The numbers of an auditor's checkpoints that can be compared: of this log, and not pruned.

    Raises UsageWrong for one of another log. Whether it is signed and right is for whoever checks the bundle.
    """
    with services.store.read() as tx:
        head = only(tx, "log_head")
    origin, numbers = origin_of(head["mode"], head["log_id"]), set()
    for one in given:
        said = checkpoint.said(one.note)
        if said.origin != origin:
            raise UsageWrong(f"The checkpoint at event {said.seq} belongs to another log.")
        if said.seq >= head["pruned_to"]:
            numbers.add(said.seq)
    return tuple(sorted(numbers))


def _span(tx: Transaction, query: LogQuery, pruned_to: int, size: int, now: str) -> tuple[int, int]:
    end = _later(query.end) if query.end else None
    found = only(tx, "bundle_span", size=size, start=query.start or "", end=end, now=now)
    first = max(found["before_start"] or 0, pruned_to) + 1
    last = size if found["after_end"] is None else max(found["after_end"], first - 1)
    return first, last


def _later(at: str) -> str:
    try:
        return text(moment(at) + LATE)
    except OverflowError:
        return LAST_MOMENT


def _at(tx: Transaction, seq: int) -> Checkpoint:
    row = tx.one("checkpoint_at", seq=seq)
    if row is None:
        raise UsageWrong(
            f"This log has no checkpoint at event {seq}, although one was given: it was altered, or its end is gone. "
            "Run verify with that checkpoint."
        )
    return of_row(row)


def _redactions(services: Services, first: int, last: int, size: int) -> dict[int, int]:
    """The `audit.redacted` events about rows from `first` to `last`."""
    told = map(event, rows(services, LogQuery((Kind.AUDIT_REDACTED,)), before=size + 1))
    found = {one.seq: (one.details or {}).get("seq") for one in told}
    return {seq: row for seq, row in found.items() if seq and row and first <= row <= last}
