"""Receive: what a stranger posted is stored, and only then answered.

The state is the only proof: it is looked up first, by its hash. Nothing is decided here but whose callback it is;
match acts on it. A token is kept, sealed, only where it can still be of use: never a stranger's, never a late one.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from signup.clock import milliseconds, text
from signup.flow.start import state_hash
from signup.flow.steps import MOST_EVENTS, keep_trace, replayed, tell
from signup.model import Callback, Exchange, Result, Status
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

MOST_APART = 1000
MOST_TOKENS = 3
APPROVABLE = (Status.REQUESTED, Status.WAITING, Status.APPROVED, Status.DECLINED)


@dataclass(frozen=True)
class _Arrival:
    """One callback and the moment it came."""

    callback: Callback
    at: str
    token_until: str
    replay: bool

    @property
    def details(self) -> dict[str, Any]:
        return replayed({"result": self.callback.result}, self.replay)


def receive(
    services: Services, callback: Callback, exchange: Callable[[], Exchange] | None, *, replay: bool = False
) -> None:
    """Store one callback durably. Raises StoreUnavailable: only then is Truecaller to try again.

    `exchange` is asked for what the timeline shows of it once it is to be kept: a stranger's is never made.
    """
    now, began = services.clock.now(), services.clock.monotonic()
    until = now + timedelta(seconds=services.settings.token_seconds)
    arrival = _Arrival(callback, text(now), text(until), replay)
    with services.store.write() as tx:
        signup, reason = _whose(tx, callback)
        told = False
        if signup and not reason:
            told = _arrived(tx, services, arrival, signup)
        elif tx.all("apart_load")[0]["n"] < MOST_APART:
            told = _apart(tx, arrival, signup, reason)
        elif not replay:
            tx.run("add_to_counter", name="callback_over_limit", amount=1, at=arrival.at)
        if signup:
            tx.run("count_callback", id=signup["id"])
            if told and exchange:
                took = replace(exchange(), ms=milliseconds(services.clock.monotonic() - began))
                keep_trace(tx, services.keyring, now, signup["id"], "callback", (took,))


def _whose(tx: Transaction, callback: Callback) -> tuple[Row | None, str | None]:
    """The sign-up a callback names, and the reason why it must not count."""
    state = state_hash(callback.state) if callback.state else None
    if state and (signup := tx.one("signup_by_state", state_hash=state)):
        known = signup["request_id"]
        return signup, None if known in (None, callback.request_id) else "state_mismatch"
    signup = tx.one("signup_by_request", request_id=callback.request_id)
    if state:
        same = signup is not None and hmac.compare_digest(state, signup["state_hash"] or "")
        return signup, None if same else "state_mismatch"
    return signup, "state_missing" if callback.token else None


def _apart(tx: Transaction, arrival: _Arrival, signup: Row | None, reason: str | None) -> bool:
    """Parked while unknown; quarantined, tokenless, when it names a sign-up and proves nothing. Whether it was told."""
    _store(tx, arrival, signup, "quarantined" if signup else "parked", reason=reason)
    if signup is None or signup["callbacks"] >= MOST_EVENTS:
        return False
    details = replayed({"reason": reason}, arrival.replay)
    tell(tx, arrival.at, Kind.CALLBACK_QUARANTINED, signup["id"], details, actor="callback")
    return True


def _arrived(tx: Transaction, services: Services, arrival: _Arrival, signup: Row) -> bool:
    """A callback of one of ours; whether it was told. Beyond a hundred only a new approval is stored.

    One that is still parked from before its request id was known is told by match, with this repeat of it.
    """
    tokens = _Tokens.of(tx, arrival, signup)
    over = signup["callbacks"] >= MOST_EVENTS
    if over and not tokens.fresh:
        return False
    kept = _kept(services, arrival, tokens.hash) if tokens.fresh else {}
    stored = _store(tx, arrival, signup, "arrived", **kept)
    if over or stored["place"] == "parked":
        return False
    kind = Kind.CALLBACK_REPEATED if stored["repeats"] or tokens.held else Kind.CALLBACK_RECEIVED
    tell(tx, arrival.at, kind, signup["id"], arrival.details, actor="callback")
    return True


@dataclass(frozen=True)
class _Tokens:
    """The callback's token among its sign-up's: `held` already, or `fresh`: new, in time, among the first three."""

    hash: str | None
    held: bool
    fresh: bool

    @classmethod
    def of(cls, tx: Transaction, arrival: _Arrival, signup: Row) -> "_Tokens":
        if arrival.callback.token is None:
            return cls(None, held=False, fresh=False)
        token_hash = hashlib.sha256(arrival.callback.token.encode()).hexdigest()
        others = {row["token_hash"] for row in tx.all("tokens_of", signup_id=signup["id"])}
        in_time = signup["status"] in APPROVABLE and arrival.at < signup["expires_at"]
        held = token_hash in others
        return cls(token_hash, held, fresh=in_time and not held and len(others) < MOST_TOKENS)


def _kept(services: Services, arrival: _Arrival, token_hash: str | None) -> Row:
    """The columns of a token that may be tried: sealed for its row, its life, and where to try it."""
    token = (arrival.callback.token or "").encode()
    return {
        "token": services.keyring.seal("callbacks", "token", _digest(arrival), token),
        "token_hash": token_hash,
        "token_until": arrival.token_until,
        "endpoint": _endpoint(services, arrival),
    }


def _endpoint(services: Services, arrival: _Arrival) -> str:
    """Our own constant for the address a callback names; empty when it is none of ours. Whole strings, never parsed."""
    ours = services.settings.profile_urls
    named = arrival.callback.endpoint
    if named is None:
        return ours[0]
    return next((url for url in ours if url == named), "")


def _store(
    tx: Transaction, arrival: _Arrival, signup: Row | None, place: str, *, reason: str | None = None, **kept: str | None
) -> Row:
    callback = arrival.callback
    columns = {"token": None, "token_hash": None, "token_until": None, "endpoint": None, **kept}
    stored = tx.one(
        "add_callback",
        digest=_digest(arrival),
        at=arrival.at,
        place=place,
        signup_id=signup["id"] if signup else None,
        request_id=callback.request_id,
        result=callback.result,
        status=callback.status if callback.result is Result.DECLINED else None,
        reason=reason,
        replay=int(arrival.replay),
        **columns,
    )
    assert stored is not None, "an upsert returns its row"
    return stored


def _digest(arrival: _Arrival) -> str:
    """What makes two callbacks the same one: every word we understand, and whether it is a replay."""
    said = arrival.callback
    words = [said.request_id, said.state, said.token, said.status, said.endpoint, arrival.replay]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()
