"""The rows of a bundle, line after line: shown, listed without details, or a stretch of many behind one hash.

                 withhold details                             withhold rows
    inside       shown if asked for, else listed              shown if asked for, else in stretches
    outside      stretches                                    stretches

A redacted row has no details to show: it is listed, and the event that tells of the redaction is always shown.

It must not know what file the lines go into, and must not hold more than a page of rows.
"""

from collections.abc import Iterator
from typing import NamedTuple

from signup.record import log, stretches
from signup.record.bundle_plan import TEXT, Plan
from signup.record.events import Kind
from signup.record.lines import csv_line, ndjson_line
from signup.record.log import LogQuery, event
from signup.record.stretches import Leaves, Moved, spans_between
from signup.record.tree import details_hash
from signup.services import Services
from signup.store import Row


class Line(NamedTuple):
    """What `events.ndjson` and `events.csv` say about the rows up to `last`."""

    last: int
    ndjson: bytes
    csv: bytes = b""
    shown: int = 0
    listed: int = 0
    withheld: int = 0
    redacted: bool = False


def lines(services: Services, plan: Plan) -> Iterator[Line]:
    """Every row from 1 to the head, once, in order. Raises Moved when rows were pruned or redacted meanwhile."""
    leaves, done = Leaves(services), plan.pruned_to
    yield from _pruned(plan)
    for row, shown in _visible(services, plan):
        yield from _hidden(leaves, plan, done + 1, row["seq"] - 1)
        yield _shown(row) if shown else _listed(row, plan)
        done = row["seq"]
    yield from _hidden(leaves, plan, done + 1, plan.head.seq)


def _visible(services: Services, plan: Plan) -> Iterator[tuple[Row, bool]]:
    """The rows that are not withheld, each with whether its details are shown."""
    after, before = plan.first - 1, plan.last + 1
    wanted = (row for row in log.rows(services, plan.asked.query, after=after, before=before) if _fits(row, plan))
    if plan.asked.withhold == "rows":
        yield from ((row, True) for row in wanted if row["details"] is not None)
        return
    chosen = next(wanted, None)
    for row in log.rows(services, LogQuery(), after=after, before=before):
        while chosen and chosen["seq"] < row["seq"]:
            chosen = next(wanted, None)
        asked_for = chosen is not None and chosen["seq"] == row["seq"]
        yield row, row["details"] is not None and (asked_for or row["seq"] in plan.redactions)
    tellers = log.rows(services, LogQuery((Kind.AUDIT_REDACTED,)), after=plan.last, before=plan.head.seq + 1)
    yield from ((row, True) for row in tellers if row["seq"] in plan.redactions)


def _fits(row: Row, plan: Plan) -> bool:
    """Whether a row that the filter let through has the details that were asked for besides."""
    narrowed = {name: value for name, value in (plan.asked.narrowed or {}).items() if name != TEXT}
    if not narrowed:
        return True
    details = event(row).details or {}
    return all(details.get(name) == value for name, value in narrowed.items())


def _shown(row: Row) -> Line:
    return Line(row["seq"], ndjson_line(row), csv_line(row), shown=1)


def _listed(row: Row, plan: Plan) -> Line:
    redacted = row["details"] is None
    if redacted and row["seq"] not in plan.told:
        raise Moved
    if not redacted:
        hidden = details_hash(row["details"], bytes.fromhex(row["details_salt"])).hex()
        row = {**row, "details": None, "details_hash": hidden}
    return Line(row["seq"], ndjson_line(row), listed=1, redacted=redacted)


def _hidden(leaves: Leaves, plan: Plan, first: int, last: int) -> Iterator[Line]:
    """The rows between two visible ones; under `details` there are none inside, unless they vanished."""
    if plan.asked.withhold == "details" and max(first, plan.first) <= min(last, plan.last):
        raise Moved
    for start, end in spans_between(first, last, plan.cuts):
        yield Line(end, stretches.line(start, end, leaves.top(start, end)), withheld=end - start + 1)


def _pruned(plan: Plan) -> Iterator[Line]:
    """What was pruned: the edge of the tree that was kept of it."""
    for (start, end), top in zip(stretches.spans(1, plan.pruned_to), plan.edge, strict=True):
        yield Line(end, stretches.line(start, end, top), withheld=end - start + 1)
