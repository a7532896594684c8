"""What an answer of Truecaller's means: the tables of protocol.md 1.1 and 1.5 as pure functions.

The client hands over what came back and reports what it meant. The HTTP status decides; where it names nothing, the
number inside either error envelope does: `{code,message}` (api4) or `{status,message}` (profile4).

It must not call anybody or raise: every answer, however absurd, has a meaning.
"""

from dataclasses import dataclass
from datetime import datetime

from signup import clock
from signup.model import Profile
from signup.outbound import OutboundFailed, Reply
from signup.truecaller import profile, strict

_REFUSALS = {403: "number_not_eligible", 1008: "number_not_eligible", 404: "bad_app_key", 429: "rate_limited"}
_DEAD_TOKENS = (401, 40101)


@dataclass(frozen=True)
class RequestMeaning:
    """Accepted: `request_id` is set and `code` None. `again`: a second try may help. Times in whole seconds."""

    code: str | None
    lock_kept: bool
    again: bool = False
    request_id: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True)
class ProfileMeaning:
    """`code` None: `profile` is set; else token_rejected or profile_error."""

    profile: Profile | None
    code: str | None
    retry_after: int | None = None


def of_request(reply: Reply, now: datetime) -> RequestMeaning:
    """What an answer to the POST means. `now` (aware) turns a Retry-After date into seconds."""
    if 200 <= reply.status < 300:
        return _accepted(reply)
    if 300 <= reply.status < 400:
        return RequestMeaning("bad_answer", lock_kept=False)
    if 400 <= reply.status < 500:
        code = _REFUSALS.get(reply.status) or _REFUSALS.get(_said(reply), "request_refused")
        wait = clock.retry_after(reply.headers, now) if code == "rate_limited" else None
        return RequestMeaning(code, lock_kept=False, retry_after=wait)
    if 500 <= reply.status < 600:
        return RequestMeaning("truecaller_error", lock_kept=False, again=True)
    return RequestMeaning("bad_answer", lock_kept=True)


def of_unanswered_request(failed: OutboundFailed) -> RequestMeaning:
    """What no answer to the POST means.

    Once a part of it has left, the prompt may be out: ambiguous, code `timeout`, whether the deadline passed or the
    connection broke. Before that it never reached Truecaller, which is like a 5xx.
    """
    if failed.sent:
        return RequestMeaning("timeout", lock_kept=True)
    return RequestMeaning("truecaller_error", lock_kept=False, again=failed.kind != "unsendable")


def of_profile(reply: Reply, now: datetime) -> ProfileMeaning:
    """What an answer to the GET of a profile means."""
    if reply.status == 200 and not reply.unread:
        found = profile.parse(reply.body)
        return ProfileMeaning(found, None if found else "profile_error")
    if reply.status == 401 or (400 <= reply.status < 500 and _said(reply) in _DEAD_TOKENS):
        return ProfileMeaning(None, "token_rejected")
    return ProfileMeaning(None, "profile_error", clock.retry_after(reply.headers, now))


def _accepted(reply: Reply) -> RequestMeaning:
    """A 2xx: with a usable id accepted, else the prompt may be out and the number stays locked."""
    if reply.unread == "timeout":
        return RequestMeaning("timeout", lock_kept=True)
    told = None if reply.unread else _object(reply).get("requestId")
    usable = strict.request_id(told)
    return RequestMeaning(None if usable else "bad_answer", lock_kept=True, request_id=usable)


def _said(reply: Reply) -> int:
    """The number inside an error envelope, 0 when there is none."""
    told = _object(reply)
    number = told.get("code", told.get("status"))
    return number if isinstance(number, int) else 0


def _object(reply: Reply) -> dict[str, object]:
    """The JSON object of a whole body, empty when there is none."""
    try:
        told = strict.loads(reply.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and not reply.unread else {}
