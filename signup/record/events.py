"""Which events there are, what each may carry, and how one is written down.

Every step that changes something calls `append` in the same transaction, after the change: both commit or neither.
The event waits in `events_inbox` until the sealer (seal.py) gives it a number, salts and a leaf.

To add an event: a `Kind`, its line in VOCABULARY, and nothing else. Free text, names, numbers and anything a stranger
sent must not fit through a check here: the record can never forget. `replay: true` fits every kind.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from typing import Any

from signup.errors import NotCanonical
from signup.model import Result, Status
from signup.record import canonical
from signup.store import Transaction

Check = Callable[[Any], bool]


class Kind(StrEnum):
    """What can happen."""

    SIGNUP_STARTED = "signup.started"
    SIGNUP_SENT = "signup.sent"
    SIGNUP_FAILED = "signup.failed"
    SIGNUP_OPENED = "signup.opened"
    SIGNUP_APPROVED = "signup.approved"
    SIGNUP_DECLINED = "signup.declined"
    SIGNUP_EXPIRED = "signup.expired"
    PROFILE_FETCHED = "profile.fetched"
    PROFILE_FAILED = "profile.failed"
    PROFILE_REVEALED = "profile.revealed"
    CALLBACK_RECEIVED = "callback.received"
    CALLBACK_REPEATED = "callback.repeated"
    CALLBACK_QUARANTINED = "callback.quarantined"
    LOCK_HIT = "lock.hit"
    NUMBER_REJECTED = "number.rejected"
    AUDIT_CHECKPOINT = "audit.checkpoint"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_EXPORT_DONE = "audit.export_done"
    AUDIT_PRUNED = "audit.pruned"
    AUDIT_REDACTED = "audit.redacted"
    AUDIT_KEY_ADDED = "audit.key_added"
    AUDIT_ERASED = "audit.erased"
    AUDIT_RESTORED = "audit.restored"
    SETTINGS_CHANGED = "settings.changed"
    VIEW_SAVED = "view.saved"
    REPLAY_SENT = "replay.sent"
    ALERT_CHANGED = "alert.changed"


def words(*allowed: str) -> Check:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in allowed


def pattern(regex: str) -> Check:
    """A string that fits the whole expression."""
    fits = re.compile(regex).fullmatch
    return lambda value: isinstance(value, str) and fits(value) is not None


def whole(value: Any) -> bool:
    """A whole number from 0: a count, a sequence number, milliseconds."""
    return type(value) is int and value >= 0


def flag(value: Any) -> bool:
    """True or false."""
    return value is True or value is False


def _yes(value: Any) -> bool:
    return value is True


def _always(_: Any) -> bool:
    return True


def or_null(check: Check) -> Check:
    """What the check lets through, or null."""
    return lambda value: value is None or check(value)


AT = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
ID = pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACTOR = pattern(r"[a-z]+(:[A-Za-z0-9_-]{1,64})?")
CHANNEL = pattern(r"[a-z][a-z0-9-]{0,15}")
COUNTRY = pattern(r"[A-Z]{2}|001")
CODE = pattern(r"[a-z][a-z0-9_]{0,39}")
NUMBER_ID = pattern(r"[0-9a-f]{16}")
KEY_ID = pattern(r"[0-9a-f]{32}")
HASH = pattern(r"[0-9a-f]{64}")
_LEVEL = words("none", "ok", "between", "warn", "alert")
_ALERT_STATE = words("ok", "pending", "alerting", "recovering", "no-data")


def kinds_sorted(value: Any) -> bool:
    """A list of known kinds, none twice, in order."""
    return isinstance(value, list) and all(kind in tuple(Kind) for kind in value) and value == sorted(set(value))


_FILTER: dict[str, Check] = {
    "from": or_null(AT),
    "to": or_null(AT),
    "kinds": or_null(kinds_sorted),
    "signupId": or_null(ID),
    "actor": or_null(ACTOR),
}


def is_filter(value: Any) -> bool:
    """What an export was asked for: five keys, each null when open."""
    return (
        isinstance(value, dict)
        and value.keys() == _FILTER.keys()
        and all(check(value[key]) for key, check in _FILTER.items())
    )


@dataclass(frozen=True)
class Shape:
    """What one kind carries: detail keys with their checks.

    `needs` must be there, `may` can. `agree`: whether the details fit each other. `of_signup`: a sign-up is named.
    """

    needs: Mapping[str, Check] = field(default_factory=dict)
    may: Mapping[str, Check] = field(default_factory=dict)
    agree: Check = _always
    of_signup: bool = False

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        """Every key that may stand in the details, with its check."""
        return {**self.needs, **self.may, "replay": _yes}


def _becomes(status: Status) -> dict[str, Check]:
    """The new status, which every event that changes one carries, and no other."""
    return {"status": words(status)}


_of_signup = partial(Shape, of_signup=True)
_RESULT = {"result": words(*Result)}

VOCABULARY: dict[str, Shape] = {
    Kind.SIGNUP_STARTED: _of_signup({**_becomes(Status.REQUESTED), "country": COUNTRY, "channel": CHANNEL}),
    Kind.SIGNUP_SENT: _of_signup(
        {**_becomes(Status.WAITING), "accepted": flag, "ms": whole},
        may={"code": words("timeout")},
        agree=lambda details: details["accepted"] == ("code" not in details),
    ),
    Kind.SIGNUP_FAILED: _of_signup(
        {**_becomes(Status.FAILED), "step": words("request", "profile", "token"), "code": CODE},
        may={"ms": whole},
        agree=lambda details: "ms" not in details or details["step"] == "request",
    ),
    Kind.SIGNUP_OPENED: _of_signup(),
    Kind.SIGNUP_APPROVED: _of_signup({**_becomes(Status.APPROVED), "ms": whole}),
    Kind.SIGNUP_DECLINED: _of_signup(
        {**_becomes(Status.DECLINED), "ms": whole, "reason": words("user_rejected", "use_another_number")}
    ),
    Kind.SIGNUP_EXPIRED: _of_signup(_becomes(Status.EXPIRED)),
    Kind.PROFILE_FETCHED: _of_signup({**_becomes(Status.COMPLETED), "ms": whole}),
    Kind.PROFILE_FAILED: _of_signup(
        {"code": CODE},
        may={"ms": whole, **_becomes(Status.FAILED), "step": words("profile")},
        agree=lambda details: ("status" in details) == ("step" in details),
    ),
    Kind.PROFILE_REVEALED: _of_signup({"reasonId": ID}),
    Kind.CALLBACK_RECEIVED: _of_signup(_RESULT),
    Kind.CALLBACK_REPEATED: _of_signup(_RESULT),
    Kind.CALLBACK_QUARANTINED: Shape({"reason": words("state_mismatch", "state_missing", "unknown_request")}),
    Kind.LOCK_HIT: Shape({"country": COUNTRY, "channel": CHANNEL, "numberId": NUMBER_ID, "ms": whole}),
    Kind.NUMBER_REJECTED: Shape(
        {"reason": words("not_a_number", "too_short", "too_long", "invalid"), "channel": CHANNEL},
        may={"country": COUNTRY},
    ),
    Kind.AUDIT_CHECKPOINT: Shape({"keyId": KEY_ID, "root": HASH, "seq": whole}),
    Kind.AUDIT_EXPORTED: Shape(
        {"exportId": ID, "filter": is_filter, "format": CODE, "withhold": or_null(words("details", "rows"))},
        may={"text": flag, "reasonId": ID},
    ),
    Kind.AUDIT_EXPORT_DONE: Shape({"exportId": ID, "rows": whole, "sha256": HASH}),
    Kind.AUDIT_PRUNED: Shape({"to": whole}),
    Kind.AUDIT_REDACTED: Shape({"code": CODE, "seq": whole, "reasonId": ID}),
    Kind.AUDIT_KEY_ADDED: Shape({"keyId": KEY_ID}),
    Kind.AUDIT_ERASED: Shape({"receiptId": ID, "signups": whole}),
    Kind.AUDIT_RESTORED: Shape({"root": HASH, "seq": whole}),
    Kind.SETTINGS_CHANGED: Shape({"name": pattern(r"[A-Za-z][A-Za-z0-9_]{0,63}")}),
    Kind.VIEW_SAVED: Shape({"viewId": ID}, may={"removed": _yes}),
    Kind.REPLAY_SENT: Shape({"edited": flag}),
    Kind.ALERT_CHANGED: Shape(
        {
            "rule": pattern(r"[a-z][A-Za-z0-9_-]{0,39}"),
            "from": _ALERT_STATE,
            "to": _ALERT_STATE,
            "level": _LEVEL,
            "n": whole,
            "ppm": or_null(whole),
        }
    ),
}
"""Every kind with what it carries."""


def append(
    tx: Transaction, *, at: str, kind: str, actor: str, details: dict[str, Any], signup_id: str | None = None
) -> None:
    """Write one event into the inbox: a single INSERT. `at`: when the step says it happened, fixed-width UTC text.

    Raises NotCanonical for an unknown kind or for details it may not carry: that is a bug in the step, not data.
    """
    text = checked(at=at, kind=kind, actor=actor, signup_id=signup_id, details=details)
    tx.run("append_event", at=at, kind=str(kind), signup_id=signup_id, actor=actor, details=text)


def checked(*, at: str, kind: str, actor: str, signup_id: str | None, details: dict[str, Any]) -> str:
    """The canonical text of an event's details, once the whole event is found to be in order."""
    shape = VOCABULARY.get(kind)
    if shape is None:
        raise NotCanonical("No event of this kind is known.")
    if not AT(at):
        raise NotCanonical(f"{kind}: the time is not fixed-width UTC text.")
    if not ACTOR(actor):
        raise NotCanonical(f"{kind}: the actor does not fit its pattern.")
    if not (ID(signup_id) if signup_id is not None else not shape.of_signup):
        raise NotCanonical(f"{kind}: the sign-up's id is missing or does not fit its pattern.")
    _check_details(kind, shape, details)
    return canonical.dumps(details)


def _check_details(kind: str, shape: Shape, details: dict[str, Any]) -> None:
    """Sentences name keys, never values: a value may be what must not be written anywhere."""
    if not shape.needs.keys() <= details.keys():
        missing = sorted(shape.needs.keys() - details.keys())
        raise NotCanonical(f"{kind}: details lack {', '.join(missing)}.")
    for key, value in details.items():
        check = shape.checks.get(key)
        if check is None or not check(value):
            raise NotCanonical(f"{kind}: details do not fit at {key if check else 'an unknown key'}.")
    if not shape.agree(details):
        raise NotCanonical(f"{kind}: details do not fit each other.")
