"""Events for the tests of measuring: by hand from short rows, and random lives through the status machine."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from signup import clock
from signup.measure.history import History
from signup.model import Event

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

Row = tuple[float, str, str | None, dict[str, Any]]
Life = list[Event]


def events(rows: Iterable[Row]) -> list[Event]:
    """Sealed events from (seconds after noon, kind, sign-up, details)."""
    return [
        Event(seq, clock.text(NOON + timedelta(seconds=seconds)), kind, signup_id, "system", details)
        for seq, (seconds, kind, signup_id, details) in enumerate(rows, start=1)
    ]


def history(happened: Iterable[Event]) -> History:
    """A history that took these events."""
    filled = History()
    for event in happened:
        filled.apply(event)
    return filled


def started(seconds: float, signup_id: str, country: str = "SE", channel: str = "web") -> Row:
    return seconds, "signup.started", signup_id, {"status": "requested", "country": country, "channel": channel}


def sent(seconds: float, signup_id: str, ms: int = 200) -> Row:
    return seconds, "signup.sent", signup_id, {"status": "waiting", "accepted": True, "ms": ms}


def unanswered(seconds: float, signup_id: str) -> Row:
    return seconds, "signup.sent", signup_id, {"status": "waiting", "accepted": False, "code": "timeout", "ms": 8000}


def opened(seconds: float, signup_id: str) -> Row:
    return seconds, "signup.opened", signup_id, {}


def approved(seconds: float, signup_id: str, ms: int = 9000) -> Row:
    return seconds, "signup.approved", signup_id, {"status": "approved", "ms": ms}


def declined(seconds: float, signup_id: str, ms: int = 5000) -> Row:
    return seconds, "signup.declined", signup_id, {"status": "declined", "ms": ms, "reason": "user_rejected"}


def expired(seconds: float, signup_id: str) -> Row:
    return seconds, "signup.expired", signup_id, {"status": "expired"}


def failed(seconds: float, signup_id: str, step: str, code: str) -> Row:
    details = {"status": "failed", "step": step, "code": code}
    return seconds, "signup.failed", signup_id, {**details, "ms": 300} if step == "request" else details


def fetched(seconds: float, signup_id: str, ms: int = 150) -> Row:
    return seconds, "profile.fetched", signup_id, {"status": "completed", "ms": ms}


def tried(seconds: float, signup_id: str, code: str) -> Row:
    return seconds, "profile.failed", signup_id, {"code": code, "ms": 400}


def ended(seconds: float, signup_id: str, code: str) -> Row:
    return seconds, "profile.failed", signup_id, {"code": code, "ms": 400, "status": "failed", "step": "profile"}


def hit(
    seconds: float, holder: str, ms: int, number: str = "00000000000000aa", country: str = "SE", channel: str = "web"
) -> Row:
    details = {"country": country, "channel": channel, "numberId": number, "ms": ms}
    return seconds, "lock.hit", holder, details


def rejected(seconds: float, country: str | None = None) -> Row:
    details = {"reason": "invalid", "channel": "web"}
    return seconds, "number.rejected", None, {**details, "country": country} if country else details


def quarantined(seconds: float, reason: str = "state_mismatch") -> Row:
    return seconds, "callback.quarantined", None, {"reason": reason}


def lasting(row: Row, ms: int) -> Row:
    """The same event, had it taken that long."""
    return *row[:3], {**row[3], "ms": ms} if "ms" in row[3] else row[3]


def replayed(row: Row) -> Row:
    """The same event, caused by a labelled replay."""
    return *row[:3], {**row[3], "replay": True}


PATHS = {
    "just asked": [],
    "waiting": [sent],
    "ignored": [sent, expired],
    "opened and ignored": [sent, opened, expired],
    "opened": [sent, opened],
    "declined": [sent, opened, declined],
    "declined, then approved": [sent, declined, approved, fetched],
    "approved": [sent, approved],
    "completed": [sent, opened, approved, fetched],
    "completed at the second try": [
        sent,
        approved,
        lambda seconds, signup_id: tried(seconds, signup_id, "profile_error"),
        fetched,
    ],
    "another's profile": [sent, approved, lambda seconds, signup_id: ended(seconds, signup_id, "number_mismatch")],
    "token refused": [
        sent,
        approved,
        lambda seconds, signup_id: tried(seconds, signup_id, "token_rejected"),
        lambda seconds, signup_id: failed(seconds, signup_id, "profile", "token_rejected"),
    ],
    "token ran out": [sent, approved, lambda seconds, signup_id: failed(seconds, signup_id, "token", "token_expired")],
    "wrong key": [lambda seconds, signup_id: failed(seconds, signup_id, "request", "bad_app_key")],
    "unanswered": [unanswered],
    "unanswered and ignored": [unanswered, expired],
    "unanswered but proved": [unanswered, approved, fetched],
}


COUNTRIES, CHANNELS = ("SE", "IN", "NG"), ("web", "api")
took = st.integers(0, 500) | st.integers(0, 7_000_000)


@st.composite
def life(draw: st.DrawFn, number: int, days: float = 3, *, roaming: bool = False) -> Life:
    """One sign-up of the last days with its lock hits, in order; now and then its last step is a replay's.

    A hit's time may jump, as clocks do; a number keeps its country. `roaming`: people try again by any channel.
    """
    signup_id, seconds = f"signup-{number}", draw(st.floats(-86_400 * days, 0))
    country, channel = draw(st.sampled_from(COUNTRIES)), draw(st.sampled_from(CHANNELS))
    path = PATHS[draw(st.sampled_from(sorted(PATHS)))]
    rows = [started(seconds, signup_id, country, channel)]
    rows += [lasting(step(seconds + 1 + place * 60, signup_id), draw(took)) for place, step in enumerate(path)]
    if draw(st.integers(0, 3)) == 3:
        rows[-1] = replayed(rows[-1])
    for after in draw(st.lists(st.integers(-20, 300), max_size=3)):
        number_id = f"{number % 3:08x}{COUNTRIES.index(country):08x}"
        through = draw(st.sampled_from(CHANNELS)) if roaming else channel
        tried_again = hit(seconds + after, signup_id, after * 1000, number_id, country, through)
        rows.insert(draw(st.integers(1, len(rows))), tried_again)
    return events(rows)


@st.composite
def lives(draw: st.DrawFn, days: float = 3, *, roaming: bool = False) -> list[Life]:
    """Up to twelve sign-ups, and events that belong to none."""
    marks = [rejected(-50), rejected(-3000, "IN"), quarantined(-7000), replayed(quarantined(-10))]
    alone = draw(st.lists(st.sampled_from(marks), max_size=4))
    signups = [draw(life(number, days, roaming=roaming)) for number in range(draw(st.integers(0, 12)))]
    return signups + [events([mark]) for mark in alone]


@st.composite
def interleaved(draw: st.DrawFn, found: list[Life]) -> list[Event]:
    """One log of several lives: any order that keeps each life's own, numbered from 1."""
    turns = draw(st.permutations([place for place, life in enumerate(found) for _ in life]))
    waiting = [iter(life) for life in found]
    return [replace(next(waiting[place]), seq=seq) for seq, place in enumerate(turns, start=1)]


logs = lives().flatmap(interleaved)
roaming_logs = st.sampled_from([3, 100, 500]).flatmap(lambda days: lives(days, roaming=True)).flatmap(interleaved)
