"""Words for tests of the log itself: something happens, it is signed, the log tells; what a file really holds."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from signup.clock import text
from signup.record import events, keys, log
from signup.record.checkpoint import Checkpoint, Clerk
from signup.record.events import Kind
from signup.record.log import LogQuery
from signup.record.seal import Sealer
from signup.services import Services
from signup.store import Store, Transaction
from signup.store.sqlite_tx import statements
from signup.store.texts import migrations

DAY = 86_400
ID = "019d5c0e-7d3e-7f6a-9b1c-3a5f0c7e1d22"


def quiet(_: str) -> None:
    """Where checkpoints' lines go in tests."""


def happen(services: Services, times: int = 1) -> None:
    """So many events, each with a number in its details."""
    at = text(services.clock.now())
    with services.store.write() as tx:
        for number in range(times):
            details = {"status": "approved", "ms": number}
            events.append(tx, at=at, kind=Kind.SIGNUP_APPROVED, actor="callback", signup_id=ID, details=details)


def append_many(tx: Transaction, told: Iterable[dict[str, Any]]) -> None:
    """As `events.append` one after the other, in one go. `told`: what it is given."""
    rows = [{"signup_id": None} | one for one in told]
    tx.many("append_event", [row | {"kind": str(row["kind"]), "details": events.checked(**row)} for row in rows])


def of_the_first_version(store: Store, at: str) -> None:
    """An empty database as the first version of this program made it, its log begun."""
    first = migrations(store.dialect)[0]
    with store.write() as tx:
        tx.run("create_schema_versions")
        for part in statements(first.sql) if store.dialect == "sqlite" else [first.sql]:
            tx._connection.execute(part)  # type: ignore[attr-defined]
        tx.run("add_schema_version", version=1, name=first.name, at=at)
        tx.run("create_log", log_id=ID, mode="sandbox", at=at)


def clerk(services: Services) -> Clerk:
    return Clerk(services, keys.ready(services, quiet), actor="watcher", say=quiet)


def sign(services: Services) -> Checkpoint:
    Sealer(services).seal()
    return clerk(services).make()


def told(services: Services, kind: Kind) -> list[dict[str, Any]]:
    """What all events of a kind carry."""
    return [event.details or {} for event in log.after(services, LogQuery((kind,)), 0)]


def rows(services: Services, statement: str) -> list[tuple[Any, ...]]:
    """What is really in a table."""
    with services.store.read() as tx:
        found = tx._connection.execute(statement).fetchall()  # type: ignore[attr-defined]
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in found]


def raw(services: Services) -> bytes:
    """A SQLite database as it lies on the disk, its write-ahead log included."""
    path = Path(services.settings.database_url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
