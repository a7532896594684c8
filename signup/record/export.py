"""Step 11 of the story, its plain half: the log as a file (forms.py says which formats there are).

    audit.exported -> seal -> rows up to that head -> a hidden file beside the target -> audit.export_done -> renamed

What leaves is told before its first byte does, and the file's SHA-256 stands in the log before the file stands under
its name: one that turns up later can always be found there. A file that is not whole never gets that name.

This module must not hold more than a portion of rows in memory, and must not keep a transaction open while it writes.
"""

import os
from collections.abc import Callable
from io import BufferedRandom
from pathlib import Path
from typing import Any, TypeVar

from signup.clock import text
from signup.errors import RecordAltered, UsageWrong
from signup.model import new_id
from signup.record import events, log, reasons
from signup.record.events import Kind
from signup.record.forms import FORMS, Form, Job
from signup.record.log import LogQuery
from signup.record.seal import only
from signup.record.stretches import Moved
from signup.record.wholefile import file_for, kept
from signup.services import Services

Progress = Callable[[int, int, int], None]
"""Told after each portion: rows written, rows in all, bytes written."""

Done = TypeVar("Done")

_PORTION = 1000
_TRIES = 3


def export(
    services: Services,
    *,
    fmt: str,
    out: Path,
    query: LogQuery,
    actor: str,
    reason: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the matching events to `out`, replacing what stood there: `{"file", "rows", "sha256"}`. `reason`: why, in
    words that are kept sealed.

    Raises UsageWrong when there is no such format or the file cannot be written, StoreUnavailable, RecordAltered;
    then `out` is as it was.
    """
    form = FORMS.get(fmt)
    if form is None:
        raise UsageWrong(f"There is no export format {fmt}: take {', '.join(list(FORMS)[:-1])} or {list(FORMS)[-1]}.")

    def fill(file: BufferedRandom) -> int:
        return begun_again(file, lambda: _rows(services, query, form, file, progress))

    about = {"filter": query.json(), "format": fmt, **query.searched}
    return written(services, out=out, about=about, actor=actor, fill=fill, reason=reason)


def written(
    services: Services,
    *,
    out: Path,
    about: dict[str, Any],
    actor: str,
    fill: Callable[[BufferedRandom], int],
    reason: str | None = None,
) -> dict[str, Any]:
    """A plain export, told before and after. `fill` writes the rows into the file and says how many there were."""
    export_id = new_id(services.clock.now())
    with file_for(out, services.settings) as file:
        tell(services, Kind.AUDIT_EXPORTED, actor, {"exportId": export_id, "withhold": None, **about}, reason)
        rows = fill(file)
        digest = kept(file)
        tell(services, Kind.AUDIT_EXPORT_DONE, actor, {"exportId": export_id, "rows": rows, "sha256": digest})
    return {"file": str(out), "rows": rows, "sha256": digest}


def begun_again(file: BufferedRandom, write: Callable[[], Done]) -> Done:
    """`write()` into the empty file, begun again when rows were pruned or redacted under it (Moved)."""
    for _ in range(_TRIES):
        file.seek(0)
        file.truncate()
        try:
            return write()
        except Moved:
            continue
    raise RecordAltered(
        "Rows of the audit log were pruned or redacted each time this was written: try again in a minute. If that does "
        "not help, rows are gone without a word in the log about it: run verify, and compare with the last backup."
    )


def tell(services: Services, kind: Kind, actor: str, details: dict[str, Any], reason: str | None = None) -> None:
    """Write down what leaves, or left, and why."""
    now = services.clock.now()
    with services.store.write() as tx:
        why = {"reasonId": reasons.keep(tx, services, reason, now)} if reason is not None else {}
        events.append(tx, at=text(now), kind=kind, actor=actor, details=details | why)


def size_of(file: BufferedRandom) -> int:
    """How many bytes there are so far, whoever wrote them."""
    file.flush()
    return os.fstat(file.fileno()).st_size


def _rows(services: Services, query: LogQuery, form: Form, file: BufferedRandom, progress: Progress | None) -> int:
    """The rows up to the head as it is now, portion by portion; how many. Raises Moved when some were pruned."""
    log.seal_first(services)
    with services.store.read() as tx:
        head = only(tx, "log_to_copy")
    total = log.count(services, query, up_to=head["seq"])
    rows = 0
    with form(Job(services, query, head, file)) as put:
        for portion in log.portions(services, query, before=head["seq"] + 1, size=_PORTION):
            put(portion)
            rows += len(portion)
            if progress:
                progress(rows, total, size_of(file))
        if progress and not rows:
            progress(0, 0, size_of(file))
        with services.store.read() as tx:
            if only(tx, "log_head")["pruned_to"] != head["pruned_to"]:
                raise Moved
    return rows
