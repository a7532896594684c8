"""What a scrape is told: how often each thing happened since the log began, and how things stand at this moment.

Read in one snapshot from a few rows and short indexes, so that it costs the same whatever the log holds. A total only
rises: what the seal counted (record/totals.py), in the words of the Overview. It must not be used for a figure that
people see: a sign-up that is declined and then approved ends twice here, and no total belongs to a start time.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from signup import words
from signup.clock import moment
from signup.model import OPEN, WATCHER_SEEN_SECONDS, Result
from signup.record.events import Kind
from signup.services import Services
from signup.store import Row, Transaction

Labels = tuple[str, ...]
Values = dict[Labels, int]

OTHER = "other"
ENDS = {
    Kind.PROFILE_FETCHED: "completed",
    Kind.SIGNUP_DECLINED: "declined",
    Kind.SIGNUP_EXPIRED: "expired",
    Kind.SIGNUP_FAILED: "failed",
}
OUTCOMES = tuple(ENDS.values())
QUARANTINED = tuple(code for step, code in words.CURES if step == "callback")
REJECTED_CALLBACKS = {"callback_rejected": "unreadable", "callback_over_limit": "over_limit"}


@dataclass(frozen=True)
class Now:
    """How things stand. Times are aware UTC; None where there is nothing yet. `watchers`: those that live."""

    open: Values
    watchers: int
    parked: int
    unsealed: int
    oldest_unsealed_at: datetime | None
    last_callback_at: datetime | None
    kept_events: int
    unsigned_events: int
    signed_at: datetime


@dataclass(frozen=True)
class Totals:
    """The counts by name, each by its labels (all that can be, those of 0 too), and how things stand."""

    counts: dict[str, Values]
    now: Now


@dataclass(frozen=True)
class Told:
    """How often one thing was told: the seal's row."""

    kind: str
    word: str
    second: str


Pick = Callable[[Told], Labels | None]


def read(services: Services) -> Totals:
    """Everything in one snapshot. Raises StoreUnavailable."""
    with services.store.read() as tx:
        counts = _counts(tx.all("event_totals"))
        counts["rejected_callbacks"] = _rejected(tx.all("counters"))
        return Totals(counts, _now(tx, services.clock.now()))


def known(values: tuple[str, ...] | list[str], value: str) -> str:
    """The value if it is one of ours, so that nothing grows without end."""
    return value if value in values else OTHER


def _of(*kinds: Kind) -> Pick:
    return lambda told: () if told.kind in kinds else None


def _by(kind: Kind, *values: str) -> Pick:
    return lambda told: (known(values, told.word),) if told.kind == kind else None


def _sent(told: Told) -> Labels | None:
    return ("timeout" if told.word else "accepted",) if told.kind == Kind.SIGNUP_SENT else None


def _finished(told: Told) -> Labels | None:
    if told.kind == Kind.PROFILE_FAILED and told.word:
        return ("failed",)
    return (ENDS[Kind(told.kind)],) if told.kind in ENDS else None


def _error(told: Told) -> Labels | None:
    """(step, code, whether it ended the sign-up and so counts in the error rate)."""
    if told.kind == Kind.SIGNUP_FAILED:
        return _labelled(told.word, told.second, "true")
    if told.kind == Kind.PROFILE_FAILED:
        return _labelled("profile", told.second, "true" if told.word else "false")
    if told.kind == Kind.CALLBACK_QUARANTINED:
        return _labelled("callback", told.word, "false")
    return _labelled("request", told.word, "false") if told.kind == Kind.SIGNUP_SENT and told.word else None


def _labelled(step: str, code: str, ended: str) -> Labels:
    return (known(list(words.STEPS), step), code if (step, code) in words.CURES else OTHER, ended)


PICKS: dict[str, Pick] = {
    "started": _of(Kind.SIGNUP_STARTED),
    "sent": _sent,
    "approved": _of(Kind.SIGNUP_APPROVED),
    "finished": _finished,
    "errors": _error,
    "lock_hits": _of(Kind.LOCK_HIT),
    "rejected_numbers": _by(Kind.NUMBER_REJECTED, *words.REJECTS),
    "callbacks": _by(Kind.CALLBACK_RECEIVED, *Result),
    "repeated_callbacks": _by(Kind.CALLBACK_REPEATED, *Result),
    "quarantined_callbacks": _by(Kind.CALLBACK_QUARANTINED, *QUARANTINED),
}
"""Which told things each name counts, and under which labels."""


def _in_error_rate(step: str, code: str) -> tuple[str, ...]:
    """Whether an error ends sign-ups, only warns, or does the one or the other."""
    if step == "callback" or (step, code) == ("request", "timeout"):
        return ("false",)
    return ("true", "false") if step == "profile" else ("true",)


POSSIBLE: dict[str, list[Labels]] = {
    "started": [()],
    "sent": [("accepted",), ("timeout",)],
    "approved": [()],
    "finished": [(outcome,) for outcome in OUTCOMES],
    "errors": [(step, code, ends) for step, code in words.CURES for ends in _in_error_rate(step, code)],
    "lock_hits": [()],
    "rejected_numbers": [(reason,) for reason in words.REJECTS],
    "callbacks": [(str(result),) for result in Result],
    "repeated_callbacks": [(str(result),) for result in Result],
    "quarantined_callbacks": [(reason,) for reason in QUARANTINED],
}
"""Told as 0 before it happens for the first time: else nobody would see the first one as a rise."""


def _counts(rows: list[Row]) -> dict[str, Values]:
    counts: dict[str, Values] = {}
    for name, pick in PICKS.items():
        values = Counter(dict.fromkeys(POSSIBLE[name], 0))
        for row in rows:
            labels = pick(Told(row["kind"], row["word"], row["second"]))
            if labels is not None:
                values[labels] += row["n"]
        counts[name] = dict(values)
    return counts


def _rejected(rows: list[Row]) -> Values:
    found = {row["name"]: row["value"] for row in rows}
    return {(reason,): found.get(name, 0) for name, reason in REJECTED_CALLBACKS.items()}


def _now(tx: Transaction, now: datetime) -> Now:
    opened = {row["status"]: row["n"] for row in tx.all("open_now")}
    inbox = tx.one("inbox_waiting") or {}
    last = tx.one("last_callback")
    apart = tx.one("apart_now") or {}
    alive = timedelta(seconds=WATCHER_SEEN_SECONDS)
    state = (tx.one("log_extent") or {}) | (tx.one("checkpoint_state") or {})
    return Now(
        open={(str(status),): opened.get(status, 0) for status in OPEN},
        watchers=sum(abs(now - moment(row["seen_at"])) < alive for row in tx.all("watchers")),
        parked=apart["parked"],
        unsealed=inbox["unsealed"],
        oldest_unsealed_at=_moment(inbox["oldest_unsealed_at"]),
        last_callback_at=_moment(last["at"] if last else None),
        kept_events=state["seq"] - state["pruned_to"],
        unsigned_events=state["seq"] - max(0, state["signed_seq"]),
        signed_at=moment(state["signed_at"]),
    )


def _moment(at: str | None) -> datetime | None:
    return moment(at) if at else None
