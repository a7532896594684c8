"""What the events say, as rows that can be counted: sign-ups, lock hits, rejected numbers, quarantined callbacks.

Stands between the audit log and the count (stats.py): `apply` takes each sealed event once, in seq order (feed.py
brings them). It must not know of questions, storage or the time of day, and holds nobody's name or number. Times stay
fixed-width text, which sorts as it reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from signup.model import OPEN, Event, Status

STARTED, SENT, OPENED, APPROVED = range(4)

Details = Mapping[str, Any]


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
    error: tuple[str, str] | None = None
    warnings: set[tuple[str, str]] = field(default_factory=set)
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


class History:
    """Everything countable up to `seq`. Hold `lock` while reading the rows, for another thread may be feeding it."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.seq = 0
        self.hits: list[Hit] = []
        self.rejected: list[Rejected] = []
        self.quarantined: list[Quarantined] = []
        self._signups: dict[str, SignUp] = {}
        self._take: dict[str, Callable[[Event, Details], None]] = {
            "signup.started": self._start,
            "signup.expired": self._change,
            **dict.fromkeys(_CHANGE, self._change),
            "lock.hit": self._hit,
            "number.rejected": self._reject,
            "callback.quarantined": self._quarantine,
        }

    @property
    def signups(self) -> list[SignUp]:
        """The sign-ups that count, in the order in which they began."""
        return [signup for signup in self._signups.values() if not signup.replayed]

    @property
    def by_id(self) -> Mapping[str, SignUp]:
        """Every sign-up by its id, in the order in which they began; replayed ones among them."""
        return self._signups

    @property
    def countries(self) -> set[str]:
        """Every country among what counts."""
        return {row.country for row in self._somewhere() if row.country is not None}

    @property
    def channels(self) -> set[str]:
        """Every channel among what counts."""
        return {row.channel for row in self._somewhere()}

    def apply(self, event: Event) -> None:
        """Take one sealed event. One that was taken before, is not sealed yet or was redacted adds nothing."""
        if event.seq is None or event.seq <= self.seq:
            return
        if event.details is not None and (take := self._take.get(event.kind)):
            take(event, event.details)
        self.seq = event.seq

    def _somewhere(self) -> list[SignUp | Hit | Rejected]:
        return [*self.signups, *self.hits, *self.rejected]

    def _start(self, event: Event, details: Details) -> None:
        if event.signup_id is not None:
            replayed = details.get("replay") is True
            self._signups[event.signup_id] = SignUp(event.at, details["country"], details["channel"], replayed=replayed)

    def _change(self, event: Event, details: Details) -> None:
        """A later event of a sign-up. One whose start is not in the log (pruned, redacted) is passed over."""
        signup = self._signups.get(event.signup_id or "")
        if signup is None or ("status" not in details and details.get("replay")):
            return
        if "status" in details:
            signup.status = details["status"]
            signup.replayed = signup.replayed or details.get("replay") is True
        if change := _CHANGE.get(event.kind):
            change(signup, details)

    def _hit(self, event: Event, details: Details) -> None:
        holder = self._signups.get(event.signup_id or "")
        first = holder is not None and not holder.hit
        if holder is not None:
            holder.hit = True
        self.hits.append(
            Hit(
                at=event.at,
                country=details["country"],
                channel=details["channel"],
                number_id=details["numberId"],
                early=holder is not None and holder.undecided,
                retry_ms=_milliseconds(details) if first else None,
            )
        )

    def _reject(self, event: Event, details: Details) -> None:
        self.rejected.append(Rejected(event.at, details.get("country"), details["channel"]))

    def _quarantine(self, event: Event, details: Details) -> None:
        if not details.get("replay"):
            self.quarantined.append(Quarantined(event.at, details["reason"]))


def _milliseconds(details: Details, known: int | None = None) -> int | None:
    """The event's duration, else what is `known`; a negative one (a clock was set back) counts as 0."""
    return max(0, details["ms"]) if "ms" in details else known


def _sent(signup: SignUp, details: Details) -> None:
    signup.request_ms = _milliseconds(details, signup.request_ms)
    if details["accepted"]:
        signup.step = max(signup.step, SENT)
    else:
        signup.warnings.add(("request", details.get("code", "timeout")))


def _failed(signup: SignUp, details: Details) -> None:
    signup.error = (details["step"], details["code"])
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
        signup.error = ("profile", details["code"])
    elif "code" in details:
        signup.warnings.add(("profile", details["code"]))


_CHANGE: dict[str, Callable[[SignUp, Details], None]] = {
    "signup.sent": _sent,
    "signup.failed": _failed,
    "signup.opened": _opened,
    "signup.approved": _approved,
    "signup.declined": _declined,
    "profile.fetched": _profile,
    "profile.failed": _profile,
}
