"""Erase: a person asks to be forgotten. Everything kept under their number goes, the record stays whole.

    every fingerprint of the number -> its sign-ups, held -> wiped, with the reasons operators gave about them
        -> the lock unlinked, or gone -> audit.erased -> one commit -> sealed -> the write-ahead log emptied

The log keeps the sign-ups' ids, which belong to nobody once the tables (and the backups) that map them are gone. The
receipt is a note signed by the log's own key. While a sign-up of the number is open nothing is erased: its callback
is on the way. No number may stand in a message, an event or a receipt.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signup.clock import moment, text
from signup.errors import SignupError, StillOpen
from signup.model import new_id
from signup.record import events, keys, note, reasons
from signup.record.checkpoint import Say, origin_of
from signup.record.events import Kind
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
        wipe(tx, found)
        reasons.keep(tx, services, reason, now, row=receipt_id)
        told = {"receiptId": receipt_id, "signups": len(found)}
        events.append(tx, at=text(now), kind=Kind.AUDIT_ERASED, actor=actor, details=told)
        origin = _origin(tx)
        said = f"{origin}\nerased {receipt_id}\nsignups {len(found)}\nat {text(now)}\n"
        signed = note.sign(origin, said, key)
    with suppress(SignupError):  # the person is gone: whatever happens from here on, the receipt is theirs
        Sealer(services).seal()
    return Receipt(signed, receipt_id, len(found), services.store.scrub(*gone))


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


def _origin(tx: Transaction) -> str:
    log = only(tx, "log_identity")
    return origin_of(log["mode"], log["log_id"])
