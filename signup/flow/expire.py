"""Expire: what nobody answered ends, and so does a token that is too old, wiped whatever became of it.

A late run writes the same ends, only later; what arrived in time is matched first. A person's time ends three seconds
late: as long may a callback have waited for a busy database, and what was acknowledged counts. Strangers' callbacks and
the doctor's self-tests go after ten minutes.
"""

from collections import Counter
from datetime import datetime, timedelta

from signup import selftest
from signup.clock import milliseconds, moment, text
from signup.flow.complete import tell_failed, verdict_without_tokens
from signup.flow.steps import move, one_by_one, replayed, tell
from signup.model import Status
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

SPARE_SECONDS = 5
GRACE_SECONDS = 3
APART_SECONDS = 600


def expire(services: Services) -> Counter[Status]:
    """End what is due; how many sign-ups were brought to which status."""
    now = services.clock.now()
    at = text(now)
    lost_before = text(now - timedelta(seconds=services.settings.upstream_seconds + SPARE_SECONDS))
    with services.store.read() as tx:
        lost = tx.all("lost_starts", before=lost_before)
        old = tx.all("old_tokens", now=at)
        unanswered = tx.all("unanswered", before=text(now - timedelta(seconds=GRACE_SECONDS)))
        tokenless = tx.all("approved_without_token", now=at)
        apart = tx.all("unmatched_callbacks", before=text(now - timedelta(seconds=APART_SECONDS)))
    one_by_one(lost, lambda row: _tell_lost_start(services, row, now))
    failed = one_by_one(old, lambda row: _end_token(services, row, at))
    failed += one_by_one(tokenless, lambda row: _end_approved(services, row["id"], at))
    expired = one_by_one(unanswered, lambda row: _end_waiting(services, row["id"], at))
    one_by_one(apart, lambda row: _forget(services, row["id"], at))
    selftest.forget(services)
    return Counter({Status.EXPIRED: expired, Status.FAILED: failed})


def _tell_lost_start(services: Services, lost: Row, now: datetime) -> bool:
    """A start whose program was killed: the prompt may be out, so it is an ambiguous timeout."""
    with services.store.write() as tx:
        told = not _something_arrived(tx, lost["id"]) and move(tx, lost["id"], Status.WAITING, text(now))
        if told:
            age = milliseconds((now - moment(lost["started_at"])).total_seconds())
            details = {"status": Status.WAITING, "accepted": False, "code": "timeout", "ms": age}
            tell(tx, text(now), Kind.SIGNUP_SENT, lost["id"], details)
    return told


def _something_arrived(tx: Transaction, signup_id: str) -> bool:
    """Lock the sign-up, then look whether a callback of it waits to be matched: that goes first."""
    tx.one("signup_by_id", id=signup_id)
    return tx.one("arrived_for", signup_id=signup_id) is not None


def _end_waiting(services: Services, signup_id: str, at: str) -> bool:
    with services.store.write() as tx:
        ended = not _something_arrived(tx, signup_id) and move(tx, signup_id, Status.EXPIRED, at)
        if ended:
            tell(tx, at, Kind.SIGNUP_EXPIRED, signup_id, {"status": Status.EXPIRED})
    return ended


def _end_token(services: Services, old: Row, at: str) -> bool:
    """A token's life is over: never tried, or only with errors."""
    step, code = ("profile", "profile_error") if old["tries"] else ("token", "token_expired")
    with services.store.write() as tx:
        tx.one("signup_by_id", id=old["signup_id"])
        if not tx.run("kill_token", id=old["id"], dead=code, tried=0) or _live(tx, old["signup_id"]):
            return False
        verdict = verdict_without_tokens(tx, old["signup_id"])
        return _fail(tx, old["signup_id"], ("profile" if verdict else step), verdict or code, at)


def _end_approved(services: Services, signup_id: str, at: str) -> bool:
    """Approved, its time over, every token answered with 401."""
    with services.store.write() as tx:
        if _something_arrived(tx, signup_id) or _live(tx, signup_id):
            return False
        return _fail(tx, signup_id, "profile", "token_rejected", at)


def _live(tx: Transaction, signup_id: str) -> bool:
    return any(row["live"] for row in tx.all("candidates_left", signup_id=signup_id))


def _fail(tx: Transaction, signup_id: str, step: str, code: str, at: str) -> bool:
    if not move(tx, signup_id, Status.FAILED, at, code=code):
        return False
    tell_failed(tx, signup_id, step, code, at)
    return True


def _forget(services: Services, callback_id: int, at: str) -> bool:
    """A stranger's callback after ten minutes: told once if it was never ours, then gone."""
    with services.store.write() as tx:
        row = tx.one("drop_callback", id=callback_id)
        if row and row["place"] == "parked":
            details = replayed({"reason": "unknown_request"}, row["replay"])
            events.append(tx, at=at, kind=Kind.CALLBACK_QUARANTINED, actor="callback", details=details)
    return row is not None
