"""The log as a SQLite file. All rows: the five tables of the record, a log that verifies like the database it is from.

Some rows: the events alone, which nobody can verify. Rows are copied as they are stored, salts and leaves included.
When rows were pruned or redacted meanwhile, the copy would not hold together: it raises Moved, to be begun again.

Imported only when somebody asks for SQLite: sqlite-utils, behind the store, is large.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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
    told = log.rows(job.services, LogQuery((Kind.AUDIT_REDACTED,)), before=head["seq"] + 1)
    if pruned_to != head["pruned_to"] or redacted - {(log.event(row).details or {}).get("seq") for row in told}:
        raise Moved
    new.add("audit_log", [head])
    new.add("events_inbox", [])
    new.add("audit_keys", keys)
    new.add("audit_checkpoints", [row for row in signed if row["seq"] <= head["seq"]])
