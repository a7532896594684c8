"""Why an operator did what the log tells: in their words, sealed, in a table that can be wiped. The log holds an id.

A reason is somebody's free text, so it must never stand in an event, a message or a log line.
"""

from datetime import datetime

from signup.clock import text
from signup.errors import UsageWrong
from signup.model import new_id
from signup.services import Services
from signup.store import Transaction

MOST_WORDS = 500


def keep(tx: Transaction, services: Services, reason: str, now: datetime, *, row: str | None = None) -> str:
    """Keep a reason in the transaction of what it explains; its id (`row`, or a new one). Raises UsageWrong."""
    words = reason.strip()
    if not words or len(words) > MOST_WORDS:
        raise UsageWrong(f"Say why, in at most {MOST_WORDS} letters: the reason is kept sealed, the log holds its id.")
    row = row or new_id(now)
    sealed = services.keyring.seal("reasons", "reason", row, words.encode("utf-8", "replace"))
    tx.run("add_reason", id=row, at=text(now), reason=sealed)
    return row


def words(services: Services, reason_id: str) -> str | None:
    """What somebody gave as their reason; None once it was wiped."""
    with services.store.read() as tx:
        row = tx.one("reason", id=reason_id)
    return services.keyring.open("reasons", "reason", reason_id, row["reason"]).decode() if row else None
