"""The things a sign-up is made of, as plain values that every floor shares. No rules, no storage.

A `Callback` is what a stranger posted, already checked for shape; an `Exchange` is one HTTP exchange with its
secrets dotted out, kept for the timeline; an `Event` is one row of the audit log.
"""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a sign-up stands (the arrows are in signup/flow/steps.py)."""

    REQUESTED = "requested"
    WAITING = "waiting"
    APPROVED = "approved"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    FAILED = "failed"


OPEN = (Status.REQUESTED, Status.WAITING, Status.APPROVED)

WATCHER_SEEN_SECONDS = 30
"""A watcher that has not shown itself for so long does not live."""


class Result(StrEnum):
    """What a callback says."""

    APPROVED = "approved"
    DECLINED = "declined"
    OPENED = "opened"
    OTHER = "other"


@dataclass(frozen=True)
class Callback:
    """One callback, its shape checked. `status` is Truecaller's own word, None when absent."""

    request_id: str
    result: Result
    token: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    status: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True)
class Exchange:
    """One HTTP exchange, at most 8 KiB each way; app key, token, state and Authorization are dots already.

    `status` is None when no answer came, and `failure` then says why (`timeout`, `connect`, `tls`, `broken`, ...).
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    answer_headers: dict[str, str]
    answer_body: str
    ms: int
    failure: str | None = None


@dataclass(frozen=True)
class RequestAnswer:
    """What became of the POST that asks for a prompt.

    Accepted: `request_id` is set, `code` None. Ambiguous: `code` is "timeout", neither accepted nor refused.
    Otherwise failed with `code`. `lock_kept`: whether the number stays locked. `ms`: the whole step, retry included.
    """

    accepted: bool
    code: str | None
    lock_kept: bool
    ms: int
    request_id: str | None = None
    retry_after: int | None = None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A fetched profile. `numbers`: digits without "+". `declared`: what the person says of themselves."""

    numbers: tuple[str, ...]
    declared: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class ProfileAnswer:
    """What became of the GET of a profile. `code` None: `profile` is set; else token_rejected or profile_error."""

    profile: Profile | None
    code: str | None
    ms: int
    retry_after: int | None = None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True)
class Event:
    """One row of the audit log; `seq` is None while it is not yet sealed."""

    seq: int | None
    at: str
    kind: str
    signup_id: str | None
    actor: str
    details: dict[str, Any] | None

    def json(self) -> dict[str, Any]:
        """The six public fields."""
        return {
            "seq": self.seq,
            "at": self.at,
            "kind": self.kind,
            "signupId": self.signup_id,
            "actor": self.actor,
            "details": self.details,
        }


def new_id(now: datetime) -> str:
    """A UUIDv7: sorts by the time it was made, carries 74 random bits (RFC 9562)."""
    stamp = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0x2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
