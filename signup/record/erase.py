"""Erase: a person asks to be forgotten. Everything kept under their number goes, the record stays whole.

    every fingerprint of the number -> its sign-ups, held -> wiped, with the reasons operators gave about them
        -> the lock unlinked, or gone -> audit.erased -> one commit -> sealed -> the write-ahead log emptied

The log keeps the sign-ups' ids, which belong to nobody once the tables (and the backups) that map them are gone. The
receipt is a note signed by the log's own key. While a sign-up of the number is open nothing is erased: its callback
is on the way. No number may stand in a message, an event or a receipt.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signup.clock import moment, text
from signup.errors import StillOpen
from signup.model import new_id
from signup.record import canonical, events, keys, note, reasons
from signup.record.checkpoint import Say, origin_of
from signup.record.events import Kind
from signup.record.log import PAGE
from signup.record.seal import Sealer, only
from signup.record.wipe import wipe
from signup.services import Services
from signup.store import Row, Transaction

SHORTEST = 16
"""A request id is theirs to choose: a shorter one may stand in a file by chance."""


@dataclass(frozen=True)
class Receipt:
    """That it was done: a signed note, its id, how many sign-ups were wiped.

    `scrubbed`: False when a reader keeps what was wiped in the write-ahead log for a while.
    """

    note: str
    id: str
    signups: int
    scrubbed: bool

    def json(self) -> dict[str, Any]:
        """The command line's form."""
        return {"receipt": self.note, "receiptId": self.id, "signups": self.signups}


def erase(services: Services, number: int, *, reason: str, actor: str, say: Say) -> Receipt:
    """Wipe all that is kept under a number (E.164 without "+"). Of a number nobody knows: a receipt for 0 sign-ups.

    Raises StillOpen, UsageWrong (no reason), KeyLost, RecordAltered, StoreUnavailable.
    """
    key = keys.ready(services, say)
    Sealer(services).seal()
    now = services.clock.now()
    receipt_id = new_id(now)
    with services.store.write() as tx:
        found, gone = _taken(tx, services.keyring.fingerprints(number), now)
        for row in _reasons(tx, found):
            tx.run("drop_reason", id=row)
        wipe(tx, found)
        reasons.keep(tx, services, reason, now, row=receipt_id)
        told = {"receiptId": receipt_id, "signups": len(found)}
        events.append(tx, at=text(now), kind=Kind.AUDIT_ERASED, actor=actor, details=told)
        origin = _origin(tx)
    Sealer(services).seal()
    said = f"{origin}\nerased {receipt_id}\nsignups {len(found)}\nat {text(now)}\n"
    return Receipt(note.sign(origin, said, key), receipt_id, len(found), services.store.scrub(*gone))


def _taken(tx: Transaction, fingerprints: Sequence[str], now: datetime) -> tuple[list[Row], list[str]]:
    """The number's sign-ups, held, its lock unlinked or gone; and what must stand nowhere after. Raises StillOpen.

    Asked whether one is open only when all is held: a start that came between has its sign-up in the table then.
    """
    found = [row for one in fingerprints for row in tx.all("signups_of_number", fingerprint=one)]
    gone = [mark for row in found for mark in _marks(row)]
    for one in fingerprints:
        locked = tx.run("unlink_lock", fingerprint=one, number_id=secrets.token_hex(8), now=text(now))
        tx.run("drop_lock", fingerprint=one, now=text(now))
        gone += [] if locked else [one]
    ends = [row["at"] for one in fingerprints if (row := tx.one("open_until", fingerprint=one)) and row["n"]]
    if ends:
        raise _still_open(moment(max(ends)), now)
    return found, gone


def _marks(signup: Row) -> Iterator[str]:
    """By what a sign-up would be known in a file: texts that are nobody else's."""
    for value in (signup["request_id"], signup["state_hash"]):
        if value and len(value) >= SHORTEST:
            yield value
    if signup["number"]:
        yield signup["number"].partition(":")[2]


def _still_open(until: datetime, now: datetime) -> StillOpen:
    what = "A sign-up of this number is still open"
    if until <= now:
        return StillOpen(until, f"{what} although its time is over: run python -m signup watch --once, then erase.")
    return StillOpen(until, f"{what}, until {until:%Y-%m-%d %H:%M:%S} UTC at the latest: erase again then.")


def _reasons(tx: Transaction, signups: Sequence[Row]) -> Iterator[str]:
    """The reasons operators gave for looking at these sign-ups, exporting their events, or redacting one of them."""
    ids = {row["id"] for row in signups}
    redacted = {event["seq"] for one in ids for event in tx.all("redacted_of", id=one)}
    about = [canonical.loads(event["details"]) for one in ids for event in tx.all("reveals_of", id=one)]
    about += [one for one in _told(tx, Kind.AUDIT_EXPORTED) if one["filter"]["signupId"] in ids]
    about += [one for one in _told(tx, Kind.AUDIT_REDACTED) if one["seq"] in redacted]
    yield from (one["reasonId"] for one in about if "reasonId" in one)


def _told(tx: Transaction, kind: Kind) -> Iterator[dict[str, Any]]:
    """What the log tells in all events of a kind, sealed or still waiting to be."""
    after = 0
    while page := tx.all("told_in_the_log", kind=str(kind), after=after, up_to=2**53, size=PAGE):
        yield from (canonical.loads(row["details"]) for row in page if row["details"])
        after = page[-1]["seq"]
    yield from (canonical.loads(row["details"]) for row in tx.all("told_in_the_inbox", kind=str(kind)))


def _origin(tx: Transaction) -> str:
    log = only(tx, "log_identity")
    return origin_of(log["mode"], log["log_id"])
