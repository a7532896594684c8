"""What one event does to what is counted: a sign-up's next state, or a mark that stands for itself.

The only place that interprets an event. The slow count (history.py) and the fold (fold.py) both go through it, so they
can differ in how they add up and never in what they read. Pure: an old row is never changed. It must not know of
questions, storage or the time of day, and holds nobody's name or number. Times stay fixed-width text, which sorts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signup.measure.bins import LONGEST
from signup.model import OPEN, Event, Status

STARTED, SENT, OPENED, APPROVED = range(4)
STATUSES = frozenset(Status)

Details = Mapping[str, Any]
Cause = tuple[str, str]


@dataclass(slots=True)
class SignUp:
    """One sign-up. `step` is the furthest it came; durations are whole milliseconds; `error` is what ended it.

    `warnings` are (step, code) pairs that did not end it. `replayed`: a labelled replay changed it, so it leaves every
    number.
    """

    at: str
    country: str
    channel: str
    status: str = Status.REQUESTED
    step: int = STARTED
    request_ms: int | None = None
    approve_ms: int | None = None
    decline_ms: int | None = None
    profile_ms: int | None = None
    error: Cause | None = None
    warnings: frozenset[Cause] = field(default_factory=frozenset)
    hit: bool = False
    replayed: bool = False

    @property
    def outcome(self) -> str:
        """`open`, or the status that ended it."""
        return "open" if self.status in OPEN else self.status

    @property
    def decision_ms(self) -> int | None:
        """How long the person took: the approval's time if there is one, else the decline's."""
        return self.decline_ms if self.approve_ms is None else self.approve_ms

    def copy(self) -> "SignUp":
        """The same in another object. Written out, for every event needs one."""
        return SignUp(
            *(self.at, self.country, self.channel, self.status, self.step),
            *(self.request_ms, self.approve_ms, self.decline_ms, self.profile_ms),
            *(self.error, self.warnings, self.hit, self.replayed),
        )

    @property
    def undecided(self) -> bool:
        """Open, and neither approved nor declined."""
        return self.status in (Status.REQUESTED, Status.WAITING)


@dataclass(frozen=True, slots=True)
class Hit:
    """A start that a lock refused. `early`: the holder was undecided. `retry_ms`: set on the first hit of a lock."""

    at: str
    country: str
    channel: str
    number_id: str
    early: bool
    retry_ms: int | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A submitted text that was no phone number."""

    at: str
    country: str | None
    channel: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A callback that belonged to none of our requests."""

    at: str
    reason: str


Mark = Hit | Rejected | Quarantined


def apply(old: SignUp | None, event: Event) -> SignUp | None:
    """The sign-up that an event names, after it; None while nobody knows how it began (pruned, redacted).

    Raises KeyError, TypeError, ValueError, AttributeError for details that no step of ours writes.
    """
    details = event.details
    if details is None:
        return old
    if event.kind == "signup.started":
        replayed = details.get("replay") is True
        return SignUp(event.at, _text(details, "country"), _text(details, "channel"), replayed=replayed)
    if old is None or event.kind not in CHANGES:
        return old
    new = old.copy()
    if event.kind == "lock.hit":
        new.hit = True
    elif "status" in details or not details.get("replay"):
        _change(new, event.kind, details)
    return new


def mark(holder: SignUp | None, event: Event) -> Mark | None:
    """What an event counts as by itself. `holder`: the sign-up it names as it was before it.

    Raises as `apply` does.
    """
    details = event.details
    if details is None:
        return None
    if event.kind == "lock.hit":
        first = holder is not None and not holder.hit
        return Hit(
            at=event.at,
            country=_text(details, "country"),
            channel=_text(details, "channel"),
            number_id=_text(details, "numberId"),
            early=holder is not None and holder.undecided,
            retry_ms=_milliseconds(details) if first else None,
        )
    if event.kind == "number.rejected":
        country = None if details.get("country") is None else _text(details, "country")
        return Rejected(event.at, country, _text(details, "channel"))
    if event.kind == "callback.quarantined" and not details.get("replay"):
        return Quarantined(event.at, _text(details, "reason"))
    return None


def _change(new: SignUp, kind: str, details: Details) -> None:
    if "status" in details:
        if details["status"] not in STATUSES:
            raise ValueError("no such status")
        new.status = details["status"]
        new.replayed = new.replayed or details.get("replay") is True
    if change := CHANGES[kind]:
        change(new, details)


def _milliseconds(details: Details, known: int | None = None) -> int | None:
    """The event's duration, else what is `known`; a negative one (a clock was set back) counts as 0.

    What took longer than the bins reach counts as their end, wherever it is counted.
    """
    if "ms" not in details:
        return known
    if type(details["ms"]) is not int:
        raise TypeError("milliseconds are whole")
    return min(LONGEST, max(0, details["ms"]))


def _text(details: Details, name: str) -> str:
    """A detail that every store takes as text."""
    told = details[name]
    if not isinstance(told, str) or "\0" in told:
        raise TypeError("no text")
    told.encode()  # half of a pair is no character, and no store keeps it
    return told


def _sent(signup: SignUp, details: Details) -> None:
    signup.request_ms = _milliseconds(details, signup.request_ms)
    if details["accepted"]:
        signup.step = max(signup.step, SENT)
    else:
        signup.warnings |= {("request", _text(details, "code") if "code" in details else "timeout")}


def _failed(signup: SignUp, details: Details) -> None:
    signup.error = (_text(details, "step"), _text(details, "code"))
    if details["step"] == "request":
        signup.request_ms = _milliseconds(details, signup.request_ms)


def _opened(signup: SignUp, _details: Details) -> None:
    signup.step = max(signup.step, OPENED)


def _approved(signup: SignUp, details: Details) -> None:
    signup.step = APPROVED
    signup.approve_ms = _milliseconds(details)


def _declined(signup: SignUp, details: Details) -> None:
    signup.step = max(signup.step, OPENED)
    signup.decline_ms = _milliseconds(details)


def _profile(signup: SignUp, details: Details) -> None:
    """Both ends of a GET: fetched (no code), failed for good (with a status), failed and tried again."""
    signup.step = APPROVED
    signup.profile_ms = _milliseconds(details, signup.profile_ms)
    if "code" in details and "status" in details:
        signup.error = ("profile", _text(details, "code"))
    elif "code" in details:
        signup.warnings |= {("profile", _text(details, "code"))}


CHANGES: dict[str, Callable[[SignUp, Details], None] | None] = {
    "signup.expired": None,
    "lock.hit": None,
    "signup.sent": _sent,
    "signup.failed": _failed,
    "signup.opened": _opened,
    "signup.approved": _approved,
    "signup.declined": _declined,
    "profile.fetched": _profile,
    "profile.failed": _profile,
}
"""The kinds that change a known sign-up, and what they change beside its status."""

COUNTED = frozenset({"signup.started", "number.rejected", "callback.quarantined", *CHANGES})
"""Every kind that changes a number."""
