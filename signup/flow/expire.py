"""Expire: what nobody answered ends, and so does a token that is too old, wiped whatever became of it.

Nothing here depends on when it runs: a late run writes the same ends, only later.
"""

from collections import Counter
from datetime import datetime, timedelta

from signup.clock import milliseconds, moment, text
from signup.flow.complete import verdict_without_tokens
from signup.flow.steps import move, tell
from signup.model import Status
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

SPARE_SECONDS = 5
APART_SECONDS = 600


def expire(services: Services) -> Counter[Status]:
    """End what is due; how many sign-ups were brought to which status."""
    now = services.clock.now()
    at = text(now)
    _tell_lost_starts(services, now)
    with services.store.read() as tx:
        old = tx.all("old_tokens", now=at)
        unanswered = tx.all("unanswered", now=at)
        tokenless = tx.all("approved_without_token", now=at)
        apart = tx.all("unmatched_callbacks", before=text(now - timedelta(seconds=APART_SECONDS)))
    failed = sum(_end_token(services, row, at) for row in old)
    failed += sum(_end_approved(services, row["id"], at) for row in tokenless)
    expired = sum(_end_waiting(services, row["id"], at) for row in unanswered)
    for row in apart:
        _forget(services, row["id"], at)
    return Counter({Status.EXPIRED: expired, Status.FAILED: failed})


def _tell_lost_starts(services: Services, now: datetime) -> None:
    """A start whose program was killed: the prompt may be out, so it is an ambiguous timeout."""
    before = text(now - timedelta(seconds=services.settings.upstream_seconds + SPARE_SECONDS))
    with services.store.read() as tx:
        lost = tx.all("lost_starts", before=before)
    for row in lost:
        with services.store.write() as tx:
            if move(tx, row["id"], Status.WAITING, text(now)):
                age = milliseconds((now - moment(row["started_at"])).total_seconds())
                details = {"status": Status.WAITING, "accepted": False, "code": "timeout", "ms": age}
                tell(tx, text(now), Kind.SIGNUP_SENT, row["id"], details)


def _end_waiting(services: Services, signup_id: str, at: str) -> bool:
    with services.store.write() as tx:
        ended = not tx.one("arrived_for", signup_id=signup_id) and move(tx, signup_id, Status.EXPIRED, at)
        if ended:
            tell(tx, at, Kind.SIGNUP_EXPIRED, signup_id, {"status": Status.EXPIRED})
    return ended


def _end_token(services: Services, old: Row, at: str) -> bool:
    """A token's life is over: never tried, or only with errors."""
    step, code = ("profile", "profile_error") if old["tries"] else ("token", "token_expired")
    with services.store.write() as tx:
        if not tx.run("kill_token", id=old["id"], dead=code, tried=0):
            return False
        if any(row["live"] for row in tx.all("candidates_left", signup_id=old["signup_id"])):
            return False
        verdict = verdict_without_tokens(tx, old["signup_id"])
        return _fail(tx, old["signup_id"], ("profile" if verdict else step), verdict or code, at)


def _end_approved(services: Services, signup_id: str, at: str) -> bool:
    """Approved, its time over, every token answered with 401."""
    with services.store.write() as tx:
        return _fail(tx, signup_id, "profile", "token_rejected", at)


def _fail(tx: Transaction, signup_id: str, step: str, code: str, at: str) -> bool:
    if not move(tx, signup_id, Status.FAILED, at, code=code):
        return False
    tell(tx, at, Kind.SIGNUP_FAILED, signup_id, {"status": Status.FAILED, "step": step, "code": code})
    return True


def _forget(services: Services, callback_id: int, at: str) -> None:
    """A stranger's callback after ten minutes: told once if it was never ours, then gone."""
    with services.store.write() as tx:
        row = tx.one("drop_callback", id=callback_id)
        if row and row["place"] == "parked":
            details = {"reason": "unknown_request", "replay": True} if row["replay"] else {"reason": "unknown_request"}
            events.append(tx, at=at, kind=Kind.CALLBACK_QUARANTINED, actor="callback", details=details)
