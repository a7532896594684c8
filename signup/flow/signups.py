"""Sign-ups read back for people: the list, one of them, its timeline. Numbers only masked, unless a reason is given.

Changes nothing but on a person's word, with a reason: a reveal and an erasure are events.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from signup import phone
from signup.clock import moment, text
from signup.errors import NumberRejected, UsageWrong
from signup.flow.steps import listed, tell
from signup.model import OPEN, Event, Exchange, Profile, Status
from signup.record import log, reasons
from signup.record.checkpoint import Say
from signup.record.erase import Receipt
from signup.record.erase import erase as erase_number
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row

FIRST, LAST = "0000", "9999"
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class SignUp:
    """One sign-up for eyes. `masked` is None once the person was wiped; times are aware UTC."""

    id: str
    status: Status
    code: str | None
    country: str
    channel: str
    masked: str | None
    started_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    decided_at: datetime | None
    finished_at: datetime | None

    def json(self, locked_until: datetime | None = None) -> dict[str, Any]:
        """The command line's form, the fields of `start`."""
        return {
            "signupId": self.id,
            "status": self.status,
            "code": self.code,
            "number": self.masked,
            "country": self.country,
            "lockedUntil": text(locked_until) if locked_until else None,
            "expiresAt": text(self.expires_at),
        }


@dataclass(frozen=True)
class Wanted:
    """What a list shows. Empty: no such filter. Times are fixed-width text, `until` not included."""

    since: str = FIRST
    until: str = LAST
    statuses: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def params(self) -> Row:
        return {
            "since": self.since,
            "until": self.until,
            "statuses": listed(self.statuses),
            "countries": listed(self.countries),
            "channels": listed(self.channels),
            "codes": listed(self.codes),
        }


@dataclass(frozen=True)
class Step:
    """One HTTP exchange of a timeline: `request`, `callback` or `profile`."""

    step: str
    at: datetime
    exchange: Exchange


def page(services: Services, wanted: Wanted, *, before: SignUp | None = None, limit: int = 200) -> list[SignUp]:
    """Newest first, beginning after `before` (the last row of the page before)."""
    cursor = {
        "before_at": text(before.started_at) if before else LAST,
        "before_id": before.id if before else "",
    }
    with services.store.read() as tx:
        rows = tx.all("list_signups", **cursor, **wanted.params(), limit=limit)
    return [_shown(services, row) for row in rows]


def count(services: Services, wanted: Wanted, *, most: int = MOST_COUNTED) -> int:
    """How many a list would show, counted up to 10,000."""
    with services.store.read() as tx:
        row = tx.one("count_signups", **wanted.params(), most=most)
    return int(row["n"]) if row else 0


def find(services: Services, words: str, *, limit: int = 200) -> list[SignUp]:
    """By a number, by our id or by Truecaller's request id; newest first."""
    if not words.isprintable():
        return []
    try:
        read = phone.read(words, services.settings.default_region)
        fingerprints = services.keyring.fingerprints(read.value)
    except NumberRejected:
        fingerprints = [""]
    with services.store.read() as tx:
        rows = [
            row
            for fingerprint in fingerprints
            for row in tx.all("find_signups", text=words.strip(), fingerprint=fingerprint, limit=limit)
        ]
    unique = {row["id"]: row for row in rows}
    newest = sorted(unique.values(), key=lambda row: (row["started_at"], row["id"]), reverse=True)
    return [_shown(services, row) for row in newest[:limit]]


def one(services: Services, signup_id: str) -> SignUp | None:
    """One sign-up, None when unknown."""
    row = _row(services, signup_id)
    return _shown(services, row) if row else None


def request_id(services: Services, signup_id: str) -> str | None:
    """Truecaller's id for it: for the sandbox's phone and the doctor, never for a person's eyes."""
    row = _row(services, signup_id)
    return row["request_id"] if row else None


def number(services: Services, signup_id: str) -> int | None:
    """The number itself: to find whose it is, never for a person's eyes. None once the person was wiped."""
    row = _row(services, signup_id)
    if row is None or row["number"] is None:
        return None
    return int(services.keyring.open("signups", "number", signup_id, row["number"]))


def locked_until(services: Services, signup_id: str) -> datetime | None:
    """Until when its number is locked by it; None when it is not."""
    with services.store.read() as tx:
        row = tx.one("lock_held_by", signup_id=signup_id)
    until = moment(row["until"]) if row else None
    return until if until and until > services.clock.now() else None


def number_locked_until(services: Services, number: int) -> datetime | None:
    """Until when a number is locked, by whichever sign-up; None when it is not."""
    with services.store.read() as tx:
        held = [tx.one("lock_of", fingerprint=one) for one in services.keyring.fingerprints(number)]
    until = max((moment(row["until"]) for row in held if row), default=None)
    return until if until and until > services.clock.now() else None


def timeline(services: Services, signup_id: str) -> list[Event]:
    """Its events, oldest first, all of them sealed."""
    return log.timeline(services, signup_id)


def exchanges(services: Services, signup_id: str) -> list[Step]:
    """Its HTTP exchanges, oldest first, secrets as dots."""
    with services.store.read() as tx:
        rows = tx.all("traces_of", signup_id=signup_id)
    return [_step(services, row) for row in rows]


def profile(services: Services, signup_id: str) -> Profile | None:
    """The fetched profile as it is. For whoever shows it: masked, or after `reveal`."""
    with services.store.read() as tx:
        row = tx.one("profile_of", signup_id=signup_id)
    if row is None:
        return None
    content = json.loads(services.keyring.open("profiles", "profile", signup_id, row["profile"]))
    return Profile(tuple(content["numbers"]), content["declared"])


def reveal(services: Services, signup_id: str, *, reason: str, actor: str) -> Profile | None:
    """The profile unmasked: the reason is kept sealed, the event holds its id."""
    found = profile(services, signup_id)
    if found is None:
        return None
    now = services.clock.now()
    with services.store.write() as tx:
        reason_id = reasons.keep(tx, services, reason, now)
        tell(tx, text(now), Kind.PROFILE_REVEALED, signup_id, {"reasonId": reason_id}, actor=actor)
    return found


def erase(services: Services, signup_id: str, *, reason: str, actor: str, say: Say) -> Receipt:
    """Wipe all that is kept about the person of a sign-up; the receipt. Raises what record/erase.py does."""
    whose = number(services, signup_id)
    if whose is None:
        raise UsageWrong("This person is not known any more: there is nothing left to erase.")
    return erase_number(services, whose, reason=reason, actor=actor, say=say)


def masked_profile(found: Profile) -> dict[str, Any]:
    """A profile for eyes: numbers masked, of what the person declares only which fields there are."""
    return {
        "numbers": [phone.mask(int(number)) for number in found.numbers],
        "declared": dict.fromkeys(sorted(found.declared), "•••"),
    }


def waiting(services: Services, *, longer_than: float, limit: int = 50) -> list[SignUp]:
    """Sent and unanswered for longer than so many seconds, newest first."""
    before = text(services.clock.now() - timedelta(seconds=longer_than))
    statuses = tuple(status for status in OPEN if status is not Status.APPROVED)
    return page(services, Wanted(until=before, statuses=statuses), limit=limit)


def _row(services: Services, signup_id: str) -> Row | None:
    """None too for what no id can be, and no store can look up."""
    if not signup_id.isprintable():
        return None
    with services.store.read() as tx:
        return tx.one("one_signup", id=signup_id)


def _step(services: Services, row: Row) -> Step:
    content = services.keyring.open("traces", "exchange", row["id"], row["exchange"])
    return Step(row["step"], moment(row["at"]), Exchange(**json.loads(content)))


def _shown(services: Services, row: Row) -> SignUp:
    masked = None
    if row["number"]:
        masked = phone.mask(int(services.keyring.open("signups", "number", row["id"], row["number"])))
    times = {name: moment(row[name]) if row[name] else None for name in ("opened_at", "decided_at", "finished_at")}
    return SignUp(
        row["id"],
        Status(row["status"]),
        row["code"],
        row["country"],
        row["channel"],
        masked,
        moment(row["started_at"]),
        moment(row["expires_at"]),
        **times,
    )
