"""The log as a SQLite file. All rows: the five tables of the record, a log that verifies like the database it is from.

Some rows: the events alone, which nobody can verify. Rows are copied as they are stored, salts and leaves included.
When rows were pruned or redacted meanwhile, or the event that tells of it is not sealed yet, the copy would not hold
together: it raises Moved, to be begun again.

Imported only when somebody asks for SQLite: sqlite-utils, behind the store, is large.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signup.record import log
from signup.record.events import Kind
from signup.record.forms import Job
from signup.record.log import LogQuery, Raw
from signup.record.seal import only
from signup.record.stretches import Moved
from signup.store.sqlite_new import NewSqliteFile


@contextmanager
def copy(job: Job) -> Iterator[Callable[[Sequence[Raw]], None]]:
    """Takes rows of `events`; the other tables follow at the end."""
    redacted: set[int] = set()
    with NewSqliteFile(Path(job.file.name)) as new:

        def put(rows: Sequence[Raw]) -> None:
            found = [log.row(raw) for raw in rows]
            redacted.update(row["seq"] for row in found if row["details"] is None)
            new.add("events", found)

        new.add("events", [])
        yield put
        if job.query == LogQuery():
            _add_the_rest(job, new, redacted)


def _add_the_rest(job: Job, new: NewSqliteFile, redacted: set[int]) -> None:
    """The head as it was when the rows were begun, what was signed up to it, and an empty inbox."""
    head = job.head
    with job.services.store.read() as tx:
        pruned_to = only(tx, "log_head")["pruned_to"]
        keys, signed = tx.all("audit_keys"), tx.all("audit_checkpoints")
    untold = redacted - _told(job, Kind.AUDIT_REDACTED, "seq")
    if pruned_to:
        untold |= {pruned_to} - _told(job, Kind.AUDIT_PRUNED, "to")
    if pruned_to != head["pruned_to"] or untold:
        raise Moved
    new.add("audit_log", [head])
    new.add("events_inbox", [])
    new.add("audit_keys", keys)
    new.add("audit_checkpoints", [row for row in signed if row["seq"] <= head["seq"]])


def _told(job: Job, kind: Kind, name: str) -> set[Any]:
    """The numbers that the copied events of a kind tell."""
    rows = log.rows(job.services, LogQuery((kind,)), before=job.head["seq"] + 1)
    return {(log.event(row).details or {}).get(name) for row in rows}
