"""Start: a number is typed, checked, locked for five minutes and sent to Truecaller, which makes the phone ring.

The intent is committed before anything is sent, so that a callback always finds its state; no transaction is open
while Truecaller is asked. What goes wrong on their side is an answer here, not an exception.
"""

import hashlib
import math
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from signup import phone
from signup.clock import milliseconds, moment, text
from signup.errors import NumberRejected, UsageWrong
from signup.flow.steps import insist, keep_trace, move, tell
from signup.model import RequestAnswer, Status, new_id
from signup.phone import Number
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,15}")
MOST_CHANNELS = 20


@dataclass(frozen=True)
class StartResult:
    """What became of a start. `code`: None (sent), `timeout`, `locked`, `number_invalid`, or why Truecaller said no.

    `number` is masked. `locked_until`, `expires_at`: aware UTC. `retry_after`: whole seconds.
    """

    signup_id: str | None
    status: Status | None
    code: str | None
    number: str | None = None
    country: str | None = None
    locked_until: datetime | None = None
    expires_at: datetime | None = None
    retry_after: int | None = None
    sentence: str | None = None

    def json(self) -> dict[str, Any]:
        """The command line's form; `retryAfter` stands there for a lock hit and a rate limit."""
        shown = {
            "signupId": self.signup_id,
            "status": self.status,
            "code": self.code,
            "number": self.number,
            "country": self.country,
            "lockedUntil": text(self.locked_until) if self.locked_until else None,
            "expiresAt": text(self.expires_at) if self.expires_at else None,
        }
        waits = self.code in ("locked", "rate_limited")
        return {**shown, "retryAfter": self.retry_after} if waits else shown


@dataclass(frozen=True)
class _Try:
    """One start under way."""

    id: str
    number: Number = field(repr=False)
    state: str = field(repr=False)
    now: datetime
    actor: str
    channel: str

    @property
    def at(self) -> str:
        return text(self.now)


def start(services: Services, written: str, *, region: str | None = None, channel: str, actor: str) -> StartResult:
    """One sign-up for the number written. Raises UsageWrong for a bad channel, StoreUnavailable."""
    if not CHANNEL.fullmatch(channel):
        raise UsageWrong("A channel is a short name: a lower-case letter, then up to 15 letters, digits or hyphens.")
    now = services.clock.now()
    try:
        number = phone.read(written, region or services.settings.default_region)
    except NumberRejected as rejected:
        return _rejected(services, rejected, channel, actor, text(now))
    begun = _Try(new_id(now), number, secrets.token_urlsafe(32), now, actor, channel)
    with services.store.write() as tx:
        holder = _take_lock(tx, services, begun)
        if holder:
            return _lock_hit(tx, begun, holder)
        _intend(tx, services, begun)
    answer = services.truecaller.request(number.value, begun.state)
    return insist(lambda: _settled(services, begun, answer))


def _rejected(services: Services, rejected: NumberRejected, channel: str, actor: str, at: str) -> StartResult:
    details = {"reason": rejected.reason, "channel": channel}
    if rejected.country:
        details["country"] = rejected.country
    with services.store.write() as tx:
        _use_channel(tx, channel)
        events.append(tx, at=at, kind=Kind.NUMBER_REJECTED, actor=actor, details=details)
    return StartResult(None, None, rejected.code, sentence=rejected.sentence)


def _use_channel(tx: Transaction, channel: str) -> None:
    tx.run("add_channel", name=channel, most=MOST_CHANNELS)
    if not tx.one("has_channel", name=channel):
        raise UsageWrong(f"There are {MOST_CHANNELS} channels already: use one of them.")


def _take_lock(tx: Transaction, services: Services, begun: _Try) -> Row | None:
    """None when the lock is ours, else the row that holds it."""
    _use_channel(tx, begun.channel)
    current, *others = services.keyring.fingerprints(begun.number.value)
    for older in others:
        tx.run("adopt_lock", current=current, older=older)
        held = tx.one("lock_of", fingerprint=older)
        if held and held["until"] > begun.at:
            return held
    until = begun.now + timedelta(seconds=services.settings.lock_seconds)
    taken = tx.one(
        "take_lock",
        fingerprint=current,
        number_id=secrets.token_hex(8),
        signup_id=begun.id,
        taken_at=begun.at,
        until=text(until),
    )
    return None if taken else tx.one("lock_of", fingerprint=current)


def _lock_hit(tx: Transaction, begun: _Try, holder: Row) -> StartResult:
    until = moment(holder["until"])
    age = (begun.now - moment(holder["taken_at"])).total_seconds()
    details = {
        "country": begun.number.country,
        "channel": begun.channel,
        "numberId": holder["number_id"],
        "ms": milliseconds(age),
    }
    of = holder["signup_id"] or None  # of an erased person's lock nobody knows whose it was
    events.append(tx, at=begun.at, kind=Kind.LOCK_HIT, actor=begun.actor, signup_id=of, details=details)
    return StartResult(
        None,
        None,
        "locked",
        begun.number.masked,
        begun.number.country,
        locked_until=until,
        retry_after=math.ceil((until - begun.now).total_seconds()),
    )


def _intend(tx: Transaction, services: Services, begun: _Try) -> None:
    number = services.keyring.seal("signups", "number", begun.id, str(begun.number.value).encode())
    tx.run(
        "add_signup",
        id=begun.id,
        country=begun.number.country,
        channel=begun.channel,
        started_at=begun.at,
        expires_at=text(_expires(services, begun)),
        number=number,
        fingerprint=services.keyring.fingerprints(begun.number.value)[0],
        state_hash=state_hash(begun.state),
    )
    details = {"status": Status.REQUESTED, "country": begun.number.country, "channel": begun.channel}
    tell(tx, begun.at, Kind.SIGNUP_STARTED, begun.id, details, actor=begun.actor)


def state_hash(state: str) -> str:
    """A state as it is kept: 256 random bits need no key."""
    return hashlib.sha256(state.encode()).hexdigest()


def _expires(services: Services, begun: _Try) -> datetime:
    return begun.now + timedelta(seconds=services.settings.answer_seconds)


def _settled(services: Services, begun: _Try, answer: RequestAnswer) -> StartResult:
    """Write down what Truecaller answered."""
    now = services.clock.now()
    at = text(now)
    with services.store.write() as tx:
        tx.one("signup_by_id", id=begun.id)
        if answer.accepted or answer.code == "timeout":
            _sent(tx, begun, answer, at)
        else:
            _failed(tx, begun, answer, at)
        keep_trace(tx, services.keyring, now, begun.id, "request", answer.exchanges)
        found = tx.one("one_signup", id=begun.id)
        assert found is not None, "it was written before Truecaller was asked"
        lock = tx.one("lock_held_by", signup_id=begun.id)
    until = moment(lock["until"]) if lock else None
    status = Status(found["status"])
    return StartResult(
        begun.id,
        status,
        "timeout" if answer.code == "timeout" else found["code"],
        begun.number.masked,
        begun.number.country,
        locked_until=until if until and until > services.clock.now() else None,
        expires_at=_expires(services, begun),
        retry_after=answer.retry_after,
    )


def _sent(tx: Transaction, begun: _Try, answer: RequestAnswer, at: str) -> None:
    """Accepted, or perhaps: the phone may ring. A callback that came first has moved it already."""
    if move(tx, begun.id, Status.WAITING, at):
        details: Row = {"status": Status.WAITING, "accepted": answer.accepted, "ms": answer.ms}
        if answer.code:
            details["code"] = answer.code
        tell(tx, at, Kind.SIGNUP_SENT, begun.id, details, actor=begun.actor)
    if answer.request_id:
        tx.run("set_request_id", id=begun.id, request_id=answer.request_id)


def _failed(tx: Transaction, begun: _Try, answer: RequestAnswer, at: str) -> None:
    """Refused, unless a callback that knew the state has arrived: it proves that the phone rings, whatever was said."""
    if tx.one("arrived_for", signup_id=begun.id) or not move(tx, begun.id, Status.FAILED, at, code=answer.code):
        return
    details: Row = {"status": Status.FAILED, "step": "request", "code": answer.code, "ms": answer.ms}
    tell(tx, at, Kind.SIGNUP_FAILED, begun.id, details, actor=begun.actor)
    if not answer.lock_kept:
        tx.run("release_lock", signup_id=begun.id, now=at)
