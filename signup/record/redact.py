"""Redact: something personal got into the details of an event by a bug; the details go, the event stays.

    details and their salt NULL, the hash of both kept -> the leaf is still right -> audit.redacted, same transaction

Nobody can guess what stood there: the salt is gone too. Files exported before keep it, and so do backups.
It must not touch what the proof itself rests on.
"""

from signup.clock import text
from signup.errors import UsageWrong
from signup.record import canonical, events, reasons, tree
from signup.record.events import Kind
from signup.record.seal import Sealer, only
from signup.services import Services
from signup.store import Row, Transaction

CODE = "personal"
"""Why, as the log tells it; the operator's words are kept elsewhere."""

PROOF = (Kind.AUDIT_CHECKPOINT, Kind.AUDIT_PRUNED, Kind.AUDIT_REDACTED)
"""Without what these tell a whole log would look altered; no stranger's word gets into them."""


def redact(services: Services, seq: int, *, reason: str, actor: str) -> bool:
    """Take the details of event `seq` out of the log; False when a reader keeps the old page in the write-ahead log.

    Raises UsageWrong when there is nothing to redact, RecordAltered, StoreUnavailable.
    """
    Sealer(services).seal()
    now = services.clock.now()
    with services.store.write() as tx:
        row = _found(tx, seq)
        hidden = tree.details_hash(row["details"], bytes.fromhex(row["details_salt"])).hex()
        if not tx.run("redact_event", seq=seq, details_hash=hidden):
            raise _redacted_already(seq)
        held = canonical.loads(row["details"])
        for kept in held.keys() & {"reasonId", "receiptId"}:
            tx.run("drop_reason", id=held[kept])  # nothing would find it any more
        told = {"code": CODE, "seq": seq, "reasonId": reasons.keep(tx, services, reason, now)}
        events.append(tx, at=text(now), kind=Kind.AUDIT_REDACTED, actor=actor, details=told)
    return services.store.scrub()


def _found(tx: Transaction, seq: int) -> Row:
    """The event to redact. Raises UsageWrong."""
    log, row = only(tx, "log_head"), tx.one("event_details", seq=seq)
    if row is None:
        gone = "pruned" if seq <= log["pruned_to"] else "never recorded"
        raise UsageWrong(f"Event {seq:,} was {gone}: the log holds {log['pruned_to'] + 1:,} to {log['seq']:,}.")
    if row["details"] is None:
        raise _redacted_already(seq)
    if row["kind"] in PROOF:
        raise UsageWrong(f"Event {seq:,} ({row['kind']}) cannot be redacted: the proof of the log rests on it.")
    return row


def _redacted_already(seq: int) -> UsageWrong:
    return UsageWrong(f"Event {seq:,} was redacted already: its details are gone.")
