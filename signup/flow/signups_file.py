"""Sign-ups as a file, CSV or NDJSON: all that a list's filters leave, newest first, numbers masked like on the page.

What leaves is told in the log first, as for the log's own exports (record/export.py). The log's vocabulary knows from
when to when and the format; by which status, country or channel is not told, how many rows and their SHA-256 are.

It must not write an unmasked number, and must not hold more than a page of sign-ups.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BufferedRandom
from pathlib import Path
from typing import Any

from signup.clock import text
from signup.errors import UsageWrong
from signup.flow import signups
from signup.flow.signups import FIRST, LAST, SignUp, Wanted
from signup.record import csvfile
from signup.record.export import Progress, size_of, written
from signup.record.log import LogQuery
from signup.services import Services

Values = dict[str, str | None]

COLUMNS = (
    *("signupId", "status", "code", "number", "country", "channel"),
    *("startedAt", "expiresAt", "openedAt", "decidedAt", "finishedAt"),
)
PAGE = 1000
ALL = 2**53


def csv_line(values: Values) -> bytes:
    """One sign-up as a line of CSV."""
    return csvfile.line(values[name] for name in COLUMNS)


def ndjson_line(values: Values) -> bytes:
    """One sign-up as a line of JSON, keys sorted, ASCII."""
    return (json.dumps(values, sort_keys=True, separators=(",", ":")) + "\n").encode()


FORMATS: dict[str, tuple[bytes, Callable[[Values], bytes]]] = {
    "csv": (csvfile.names(COLUMNS), csv_line),
    "ndjson": (b"", ndjson_line),
}
"""What stands first, and one sign-up as a line."""


def export(
    services: Services,
    *,
    fmt: str,
    out: Path,
    wanted: Wanted,
    actor: str,
    reason: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the sign-ups to `out`, replacing what stood there: `{"file", "rows", "sha256"}`, as record.export."""
    if fmt not in FORMATS:
        raise UsageWrong("Sign-ups are exported as CSV or NDJSON: take --format csv or --format ndjson.")
    start, end = (None if at in (FIRST, LAST) else at for at in (wanted.since, wanted.until))
    about = {"filter": LogQuery(start=start, end=end).json(), "format": f"signups_{fmt}"}

    def fill(file: BufferedRandom) -> int:
        return _rows(services, wanted, fmt, file, progress)

    return written(services, out=out, about=about, actor=actor, fill=fill, reason=reason)


def _rows(services: Services, wanted: Wanted, fmt: str, file: BufferedRandom, progress: Progress | None) -> int:
    first, line = FORMATS[fmt]
    file.write(first)
    total = signups.count(services, wanted, most=ALL)
    rows = 0
    for page in _pages(services, wanted):
        file.writelines(line(values(one)) for one in page)
        rows += len(page)
        if progress:
            progress(rows, max(rows, total), size_of(file))
    if progress:
        progress(rows, rows, size_of(file))
    return rows


def _pages(services: Services, wanted: Wanted) -> Iterator[list[SignUp]]:
    """Newest first: what starts meanwhile comes before the first page, and is not met."""
    last = None
    while page := signups.page(services, wanted, before=last, limit=PAGE):
        yield page
        last = page[-1]


def values(one: SignUp) -> Values:
    """A sign-up as it leaves."""
    return {
        "signupId": one.id,
        "status": one.status,
        "code": one.code,
        "number": one.masked,
        "country": one.country,
        "channel": one.channel,
        "startedAt": text(one.started_at),
        "expiresAt": text(one.expires_at),
        "openedAt": _time(one.opened_at),
        "decidedAt": _time(one.decided_at),
        "finishedAt": _time(one.finished_at),
    }


def _time(at: datetime | None) -> str | None:
    return text(at) if at else None
