"""One sign-up's timeline: what happened, when, how long it took, the HTTP of each step, and what comes next.

The same on Try it and in the drawer of Sign-ups. It reads nothing: the sign-up, its events and its exchanges are handed
in. The number stands here masked, whoever looks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import labels, times
from dashboard.parts import exchange
from signup import phone, words
from signup.clock import moment
from signup.flow.signups import SignUp, Step
from signup.model import Event, Exchange, Status
from signup.settings import Settings

ASKED = ("signup.sent", "signup.failed")
CALLED = ("callback.received", "callback.repeated", "callback.quarantined")
FETCHED = ("profile.fetched", "profile.failed")
DECIDED = ("signup.approved", "signup.declined", "signup.expired")
TOLD_BY = {"request": ASKED, "callback": CALLED, "profile": FETCHED}
FROM_MINUTES = 100


@dataclass(frozen=True)
class Ahead:
    """What an open sign-up waits for, what that means, and what is still to come."""

    now: str
    meaning: str
    to_come: tuple[str, ...] = ()


AHEAD = {
    Status.REQUESTED: Ahead(
        "Asking Truecaller",
        "The request is out. When it is accepted, the phone rings.",
        ("Answer on the phone", "Callback", "Profile"),
    ),
    Status.WAITING: Ahead(
        "Phone is ringing",
        "The number's owner has to answer; the answer comes as a callback. Without one the sign-up ends.",
        ("Callback", "Profile"),
    ),
    Status.APPROVED: Ahead(
        "Reading the profile", "Tried again after a fault, as long as the token lives. The asked number must be in it."
    ),
}

NEXT = {
    "signup.sent": "Accepted is not approved: now the number's owner has to answer on the phone.",
    "signup.opened": "The prompt is open on the phone; the answer comes as another callback.",
    "signup.approved": "The state was right. Now the profile is read with the access token, before that runs out.",
    "signup.expired": "Nobody answered. After the lock the person may try again.",
    "callback.received": "Stored before it was answered.",
    "callback.repeated": "It was known already: recorded, nothing changed.",
    "profile.fetched": "The asked number is in the profile: proved. Name and e-mail are what the person declares. "
    "The token is wiped.",
    "profile.revealed": "Somebody looked at the profile unmasked; the reason is kept.",
    "replay.sent": "Somebody sent a callback of this sign-up again. What it causes is marked, and no number counts it.",
    "lock.hit": "Somebody tried this number again while it was locked. No request was sent.",
}


def show(
    found: SignUp,
    events: Sequence[Event],
    steps: Sequence[Step],
    settings: Settings,
    *,
    locked: datetime | None,
    again: Callable[[Event], None] | None = None,
) -> None:
    """Every event as a step, the newest open; then what is being waited for, and what is still to come.

    `locked`: until when its number is locked by it. `again`: offers to send a callback again, where that can be.
    """
    exchanges = by_event(events, steps)
    for event in events:
        tries = exchanges.get(event.seq or 0, [])
        if event.kind == "signup.started":
            _begun(found, event, locked, newest=event is events[-1])
            continue
        with _step(event, _label(found, event, tries), labels.event_icon(event.kind), newest=event is events[-1]):
            _said(event, _meaning(found, event, settings.mode))
            if event.kind in CALLED and steps and not tries:
                st.caption("Whose it was became known only later, so its HTTP was not kept.")
            exchange.show(tries, settings, key=f"http-{event.seq}")
            if again and event.kind in CALLED:
                again(event)
    if events and not steps and found.status is not Status.REQUESTED:
        st.caption("No HTTP of this sign-up was kept.")
    if ahead := AHEAD.get(found.status):
        st.status(f"**{ahead.now}**", type="step", state="running", expanded=True).caption(ahead.meaning)
        for name in ahead.to_come:
            st.expander(f":gray[{name}]", key=f"to-come-{name}", icon=":material/circle:", type="step")


def duration(seconds: float) -> str:
    """340 ms, 9.7 s, 2 min."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < FROM_MINUTES else f"{seconds / 60:.0f} min"


def by_event(events: Sequence[Event], steps: Iterable[Step]) -> dict[int, list[Exchange]]:
    """Exchanges under the seq of the event that tells of them: all tries of the request under the first that does,
    any other under the last that had happened by then."""
    found: dict[int, list[Exchange]] = {}
    for step in steps:
        telling = [event for event in events if event.kind in TOLD_BY[step.step]]
        if step.step != "request":
            telling = [event for event in telling if moment(event.at) <= step.at][-1:]
        if telling:
            found.setdefault(telling[0].seq or 0, []).append(step.exchange)
    return found


def _begun(found: SignUp, event: Event, locked: datetime | None, *, newest: bool) -> None:
    """The start is two steps of the story, which were one moment."""
    with _step(event, _titled(found, event, "Number accepted"), "dialpad"):
        whose = found.masked or "Whose it was is not kept any more"
        country = f"{phone.country_name(found.country)} (number range)"
        _said(event, f"{whose}, {country}. However it was typed, it is sent as one whole number, without a plus.")
    until = f"until {times.second(locked, times.zone())}" if locked else ""
    with _step(
        event, _titled(found, event, "Lock taken", labels.quiet(f"{until} ·") if locked else ""), "lock", newest=newest
    ):
        over = "It is over. This number may be tried again, unless another sign-up has locked it."
        _said(event, f"Nobody can make this phone ring again {until}." if locked else over)


def _step(event: Event, label: str, icon: str, *, newest: bool = False) -> DeltaGenerator:
    return st.expander(
        label,
        expanded=newest,
        key=f"step-{event.signup_id}-{event.seq}-{icon}{'-newest' if newest else ''}",
        icon=labels.icon(icon),
        type="step",
    )


def _label(found: SignUp, event: Event, tries: Sequence[Exchange]) -> str:
    """What happened · HTTP status, code, latency · when · where in the log."""
    details = event.details or {}
    told = [f"`{one.status}`" for one in tries[-1:] if one.status]
    if "code" in details:
        told.append(f"`{details['code']}`")
    if details.get("replay"):
        told.append(labels.badge("Replay", "gray", "replay"))
    took = details.get("ms") if event.kind in (*ASKED, *FETCHED) else sum(one.ms for one in tries) or None
    return _titled(found, event, words.event(event.kind, details), *told, took=took)


def _titled(found: SignUp, event: Event, title: str, *told: str, took: int | None = None) -> str:
    aside = [] if took is None else [f"took {duration(took / 1000)}"]
    aside += [f"+{duration((moment(event.at) - found.started_at).total_seconds())}", f"seq {event.seq:,}"]
    return " ".join([f"**{title}**", *filter(None, told), labels.quiet(" · ".join(aside))])


def _said(event: Event, meaning: str) -> None:
    """When it was, and what it means."""
    at = moment(event.at).astimezone(times.zone())
    st.caption(f"{at:%H:%M:%S}.{at.microsecond // 1000:03} · {meaning}" if meaning else f"{at:%H:%M:%S}")


def _meaning(found: SignUp, event: Event, mode: str) -> str:
    """What it means and what comes next; for a failure, the cure."""
    details = event.details or {}
    if "code" in details and event.kind != "signup.declined":
        step = details.get("step") or ("profile" if event.kind.startswith("profile.") else "request")
        return words.cure(step, details["code"], mode)
    meaning = words.CODES.get(details["reason"], str(details["reason"])) if "reason" in details else ""
    meaning = meaning or NEXT.get(event.kind, "")
    return f"{meaning.rstrip('.')}. {_opened(found)}" if event.kind in DECIDED else meaning


def _opened(found: SignUp) -> str:
    """Truecaller tells of it only sometimes."""
    if found.opened_at is None:
        return "Truecaller did not say whether the prompt was opened."
    return f"The prompt was opened after {duration((found.opened_at - found.started_at).total_seconds())}."
