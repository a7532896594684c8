"""Complete: whoever claims an approved sign-up first fetches its profile; the asked number in it is the proof.

The claim is one conditional update and is free again when its holder was killed. No transaction is open during the
GET, and its result is written only by whom the claim still belongs to. A token is wiped as soon as it was used,
refused or of no more use.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from signup.clock import text
from signup.errors import KeyLost
from signup.flow.steps import insist, keep_trace, move, replayed, tell
from signup.model import Profile, ProfileAnswer, Status, new_id
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction
from signup.truecaller.profile import proves

LOG = logging.getLogger(__name__)
CLAIM_SECONDS = 30
SPARE_SECONDS = 5
FIRST_PAUSE = 1
LONGEST_PAUSE = 60
DECISIVE = ("number_mismatch", "endpoint_refused")


@dataclass(frozen=True)
class Claim:
    """One sign-up whose profile is ours to fetch, and the token to try."""

    id: str
    signup_id: str
    number: int = field(repr=False)
    callback_id: int
    token: str = field(repr=False)
    endpoint: str
    tries: int
    replay: bool


def complete(services: Services) -> Counter[Status]:
    """Fetch every profile that is due by now, one after the other; how many sign-ups came to which status."""
    done: Counter[Status] = Counter()
    due = services.clock.now()
    while claimed := claim(services, due=due):
        if status := fetch(services, claimed):
            done[status] += 1
    return done


def claim(services: Services, *, due: datetime | None = None) -> Claim | None:
    """The next approval whose profile is due (by `due`, else by now) and that nobody is fetching; None without one."""
    while True:
        now = services.clock.now()
        when = {"now": text(now), "due": text(due or now)}
        with services.store.read() as tx:
            if not tx.one("due_token", **when):
                return None
        claim_id = new_id(now)
        with services.store.write() as tx:
            row = tx.one("claim_signup", claim=claim_id, until=text(now + _life(services)), **when)
            candidate = tx.one("next_candidate", signup_id=row["id"], **when) if row else None
            if row and candidate is None:
                tx.run("end_claim", id=row["id"], claim=claim_id)
        if row is None or candidate is None:
            continue  # somebody else was quicker at it: there may be another
        try:
            return _opened(services, claim_id, row, candidate)
        except KeyLost as lost:
            LOG.error(lost.sentence)
            _put_off(services, claim_id, row["id"], candidate["id"])


def _life(services: Services) -> timedelta:
    return timedelta(seconds=max(CLAIM_SECONDS, services.settings.upstream_seconds + SPARE_SECONDS))


def _put_off(services: Services, claim_id: str, signup_id: str, callback_id: int) -> None:
    """A token that does not open holds up no other: looked at again later, in case its key comes back."""
    again = services.clock.now() + timedelta(seconds=LONGEST_PAUSE)
    with services.store.write() as tx:
        tx.run("end_claim", id=signup_id, claim=claim_id)
        tx.run("try_again", id=callback_id, next_try_at=text(again))


def _opened(services: Services, claim_id: str, row: Row, candidate: Row) -> Claim:
    keyring = services.keyring
    return Claim(
        claim_id,
        row["id"],
        int(keyring.open("signups", "number", row["id"], row["number"])),
        candidate["id"],
        keyring.open("callbacks", "token", candidate["digest"], candidate["token"]).decode(),
        candidate["endpoint"],
        candidate["tries"],
        bool(candidate["replay"]),
    )


def fetch(services: Services, claimed: Claim) -> Status | None:
    """Try a claimed token and write what came of it: the status it brought the sign-up to, if any.

    A profile that was read is not lost to a busy database: writing it is tried again. Raises StoreUnavailable.
    """
    answer = services.truecaller.profile(claimed.token, claimed.endpoint) if claimed.endpoint else None
    return insist(lambda: _written(services, claimed, answer))


def _written(services: Services, claimed: Claim, answer: ProfileAnswer | None) -> Status | None:
    now = services.clock.now()
    with services.store.write() as tx:
        if not tx.run("end_claim", id=claimed.signup_id, claim=claimed.id):
            return None
        if answer is None:
            return _kill(tx, claimed, "endpoint_refused", now, None)
        keep_trace(tx, services.keyring, now, claimed.signup_id, "profile", answer.exchanges)
        if answer.profile is None:
            return _no_profile(tx, claimed, answer, now)
        if not proves(answer.profile, claimed.number):
            return _kill(tx, claimed, "number_mismatch", now, answer.ms)
        return _completed(tx, services, claimed, answer.profile, answer.ms, now)


def _completed(
    tx: Transaction, services: Services, claimed: Claim, profile: Profile, ms: int, now: datetime
) -> Status | None:
    at = text(now)
    if not move(tx, claimed.signup_id, Status.COMPLETED, at):
        return None
    content = json.dumps({"numbers": profile.numbers, "declared": profile.declared}).encode()
    sealed = services.keyring.seal("profiles", "profile", claimed.signup_id, content)
    tx.run("add_profile", signup_id=claimed.signup_id, at=at, profile=sealed)
    tx.run("wipe_tokens", signup_id=claimed.signup_id)
    details = replayed({"status": Status.COMPLETED, "ms": ms}, claimed.replay)
    tell(tx, at, Kind.PROFILE_FETCHED, claimed.signup_id, details)
    return Status.COMPLETED


def _no_profile(tx: Transaction, claimed: Claim, answer: ProfileAnswer, now: datetime) -> Status | None:
    """A refused token is dead; an error may pass, so the token is tried again later in its life."""
    if answer.code == "token_rejected":
        return _kill(tx, claimed, "token_rejected", now, answer.ms)
    pause = max(FIRST_PAUSE * 2**claimed.tries, answer.retry_after or 0)
    again = now + timedelta(seconds=min(LONGEST_PAUSE, pause))
    tx.run("try_again", id=claimed.callback_id, next_try_at=text(again))
    details = replayed({"code": "profile_error", "ms": answer.ms}, claimed.replay)
    tell(tx, text(now), Kind.PROFILE_FAILED, claimed.signup_id, details)
    return None


def _kill(tx: Transaction, claimed: Claim, code: str, now: datetime, ms: int | None) -> Status | None:
    """This token is dead. The sign-up fails with it when none is left and one of them was decisive."""
    at = text(now)
    tx.run("kill_token", id=claimed.callback_id, dead=code, tried=1)
    details: Row = {"code": code} if ms is None else {"code": code, "ms": ms}
    verdict = verdict_without_tokens(tx, claimed.signup_id)
    ended = verdict if verdict and move(tx, claimed.signup_id, Status.FAILED, at, code=verdict) else None
    if ended == code:
        details |= {"status": Status.FAILED, "step": "profile"}
    tell(tx, at, Kind.PROFILE_FAILED, claimed.signup_id, replayed(details, claimed.replay))
    if ended and ended != code:
        tell_failed(tx, claimed.signup_id, "profile", ended, at)
    return Status.FAILED if ended else None


def verdict_without_tokens(tx: Transaction, signup_id: str) -> str | None:
    """Why a sign-up fails at once: no live token is left and one showed another person, or another address."""
    rows = tx.all("candidates_left", signup_id=signup_id)
    if any(row["live"] for row in rows):
        return None
    dead = {row["dead"] for row in rows}
    return next((code for code in DECISIVE if code in dead), None)


def tell_failed(tx: Transaction, signup_id: str, step: str, code: str, at: str) -> None:
    """Tell of an end with a code of its tokens: a replay's doing when only replayed ones died of it."""
    rows = tx.all("candidates_left", signup_id=signup_id)
    replay = next((row["replay"] for row in rows if row["dead"] == code), False)
    details = replayed({"status": Status.FAILED, "step": step, "code": code}, replay)
    tell(tx, at, Kind.SIGNUP_FAILED, signup_id, details)
