"""Step 11 of the story, its plain half: the log as a CSV or NDJSON file.

    audit.exported -> seal -> rows up to that head -> a hidden file beside the target -> audit.export_done -> renamed

What leaves is told before its first byte does, and the file's SHA-256 stands in the log before the file stands under
its name: one that turns up later can always be found there. A file that is not whole never gets that name.

This module must not hold more than a portion of rows in memory, and must not keep a transaction open while it writes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedRandom
from itertools import islice
from pathlib import Path
from typing import Any

from signup.clock import text
from signup.errors import UsageWrong
from signup.model import new_id
from signup.record import canonical, csvfile, events, log
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.wholefile import file_for, kept
from signup.services import Services
from signup.store import Row

Progress = Callable[[int, int, int], None]
"""Told after each portion: rows written, rows in all, bytes written."""

COLUMNS = ("seq", "at", "kind", "signupId", "actor", "country", "channel", "code", "ms", "details")
_FROM_DETAILS = COLUMNS[5:9]
_PORTION = 1000


@dataclass(frozen=True)
class Form:
    """A file format: what stands first, and one row as a line."""

    first: bytes
    line: Callable[[Row], bytes]


def csv_line(row: Row) -> bytes:
    """A row of the log as a line of `events.csv`."""
    event = log.event(row)
    details = event.details or {}
    values = (details.get(name) for name in _FROM_DETAILS)
    shown = [value if isinstance(value, str) or type(value) is int else None for value in values]
    whole = None if event.details is None else canonical.encode(details)
    return csvfile.line([event.seq, event.at, event.kind, event.signup_id, event.actor, *shown, whole])


def ndjson_line(row: Row) -> bytes:
    """A row of the log as one canonical line with its salts: its leaf can be computed from it."""
    event = log.event(row)
    line = {**event.json(), "headerSalt": row["header_salt"]}
    if event.details is None:
        del line["details"]
        line["detailsHash"] = row["details_hash"]
    else:
        line["detailsSalt"] = row["details_salt"]
    return (canonical.encode(line) + "\n").encode()


FORMS = {
    "csv": Form(csvfile.names(COLUMNS), csv_line),
    "ndjson": Form(b"", ndjson_line),
}
"""The formats that exist."""


def export(
    services: Services, *, fmt: str, out: Path, query: LogQuery, actor: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the matching events to `out`, replacing what stood there: `{"file", "rows", "sha256"}`.

    Raises UsageWrong when there is no such format or the file cannot be written, StoreUnavailable, RecordAltered;
    then `out` is as it was.
    """
    form = FORMS.get(fmt)
    if form is None:
        raise UsageWrong(f"There is no export format {fmt}: take {' or '.join(FORMS)}.")
    export_id = new_id(services.clock.now())
    asked = {"exportId": export_id, "filter": query.json(), "format": fmt, "withhold": None}
    with file_for(out) as file:
        tell(services, Kind.AUDIT_EXPORTED, actor, asked)
        rows, digest = _write(file, _portions(services, query, form, progress))
        tell(services, Kind.AUDIT_EXPORT_DONE, actor, {"exportId": export_id, "rows": rows, "sha256": digest})
    return {"file": str(out), "rows": rows, "sha256": digest}


def _portions(
    services: Services, query: LogQuery, form: Form, progress: Progress | None
) -> Iterator[tuple[int, bytes]]:
    """The file's content as (rows, bytes), up to the head as it is now."""
    head = log.seal_first(services)
    total = log.count(services, query, up_to=head)
    found = log.rows(services, query, before=head + 1)
    rows, size = 0, len(form.first)
    yield 0, form.first
    while portion := [form.line(row) for row in islice(found, _PORTION)]:
        content = b"".join(portion)
        yield len(portion), content
        rows, size = rows + len(portion), size + len(content)
        if progress:
            progress(rows, total, size)
    if progress and not rows:
        progress(0, total, size)


def _write(file: BufferedRandom, portions: Iterator[tuple[int, bytes]]) -> tuple[int, str]:
    """Write everything down to the disk; how many rows, and the SHA-256 in hex."""
    rows = 0
    for count, content in portions:
        file.write(content)
        rows += count
    return rows, kept(file)


def tell(services: Services, kind: Kind, actor: str, details: dict[str, Any]) -> None:
    """Write down what leaves, or left."""
    with services.store.write() as tx:
        events.append(tx, at=text(services.clock.now()), kind=kind, actor=actor, details=details)
