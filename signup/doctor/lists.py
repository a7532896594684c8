"""What the Health page lists beside the findings: callbacks that belong to nobody by reason, and who watches.

Beside the checks, from the same rows. It must not seal, so that a log that is not sealed in time still shows as one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from signup.clock import moment, text
from signup.doctor.inward import REFUSED
from signup.record import log
from signup.record.log import LogQuery
from signup.services import Services
from signup.store import Row

HOURS = 24
MOST = 5_000
QUARANTINED = {
    "unknown_request": "Unknown request id",
    "state_mismatch": "Wrong state",
    "state_missing": "No state",
}


@dataclass(frozen=True)
class Apart:
    """So many callbacks with one fault. `last`: when the newest came; None where there was none."""

    reason: str
    count: int
    last: datetime | None


@dataclass(frozen=True)
class Watching:
    """One running watcher: in which program, where, and when it last said so."""

    mode: str
    host: str
    pid: int
    seen_at: datetime


def apart(services: Services) -> list[Apart]:
    """Callbacks that match nothing: set aside or late in the last 24 hours, parked now, refused at the door ever.

    None that was sent again by hand.
    """
    with services.store.read() as tx:
        parked = tx.one("apart_now") or {}
        late = tx.one("late_callbacks", since=text(services.clock.now() - timedelta(hours=HOURS))) or {}
        refused = {row["name"]: row for row in tx.all("counters")}
    told = _by_reason(_quarantined(services))
    told.append(Apart("Parked, its request may still come", parked["parked"], None))
    told.append(Apart("Too late, the sign-up had ended", late["n"], _moment(late["last"])))
    for name, what in REFUSED.items():
        row = refused.get(name, {"value": 0, "at": None})
        told.append(Apart(f"{what[0].upper()}{what[1:]}, ever", row["value"], _moment(row["at"])))
    return told


def watching(services: Services) -> list[Watching]:
    """The watchers that were not yet forgotten, the one seen last first."""
    with services.store.read() as tx:
        rows = tx.all("watchers")
    return [Watching(row["mode"], row["host"], row["pid"], moment(row["seen_at"])) for row in rows]


def _quarantined(services: Services) -> Iterable[Row]:
    start = text(services.clock.now() - timedelta(hours=HOURS))
    query = LogQuery(("callback.quarantined",), start=start)
    rows = log.rows(services, query, before=log.head(services).seq + 1, newest_first=True)
    return islice(rows, MOST)


def _by_reason(rows: Iterable[Row]) -> list[Apart]:
    counts: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for event in map(log.event, rows):
        said = event.details or {}
        if not said.get("replay"):
            counts[said.get("reason", "")] += 1
            last.setdefault(said.get("reason", ""), moment(event.at))
    return [Apart(name, counts[reason], last.get(reason)) for reason, name in QUARANTINED.items()]


def _moment(at: str | None) -> datetime | None:
    return moment(at) if at else None
