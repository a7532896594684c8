"""One sign-up's timeline: what happened, when, how long it took, and the HTTP of each step with its secrets dotted.

The same on Try it and in the drawer of Sign-ups. It reads nothing: events and exchanges are handed in.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard import labels
from signup import words
from signup.clock import moment
from signup.flow.signups import Step
from signup.model import Event, Exchange, Status

ASKED = ("signup.sent", "signup.failed")
CALLED = ("callback.received", "callback.repeated", "callback.quarantined")
FETCHED = ("profile.fetched", "profile.failed")
FROM_MINUTES = 100
AHEAD = {
    Status.REQUESTED: ("**Asking Truecaller**", ["Answer on the phone", "Callback", "Profile"]),
    Status.WAITING: ("**Phone is ringing**", ["Callback", "Profile"]),
    Status.APPROVED: ("**Reading the profile**", []),
}
"""What an open sign-up waits for, and what is still to come."""


def show(
    events: Sequence[Event],
    steps: Iterable[Step],
    mode: str,
    *,
    running: str | None = None,
    to_come: Sequence[str] = (),
) -> None:
    """Every event as a step, the newest open; then what is being waited for, and what is still to come."""
    exchanges = _by_event(events, steps)
    started = moment(events[0].at) if events else None
    for event in events:
        newest = event is events[-1]
        with st.expander(
            _label(event, started, exchanges.get(event.seq or 0, [])),
            expanded=newest,
            key=f"step-{event.signup_id}-{event.seq}{'-newest' if newest else ''}",
            icon=labels.icon(labels.event_icon(event.kind)),
            type="step",
        ):
            _inside(event, exchanges.get(event.seq or 0, []), mode)
    if running:
        st.status(running, type="step", state="running")
    for name in to_come:
        st.expander(f":gray[{name}]", key=f"to-come-{name}", icon=":material/circle:", type="step")


def duration(seconds: float) -> str:
    """340 ms, 9.7 s, 2 min."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < FROM_MINUTES else f"{seconds / 60:.0f} min"


def _by_event(events: Sequence[Event], steps: Iterable[Step]) -> dict[int, list[Exchange]]:
    """Exchanges under the seq of the event that tells of them: in order, kind by kind, what is left to the last one."""
    found: dict[int, list[Exchange]] = {}
    kinds = {"request": ASKED, "callback": CALLED, "profile": FETCHED}
    waiting = {name: [event.seq or 0 for event in events if event.kind in told] for name, told in kinds.items()}
    for step in steps:
        seqs = waiting[step.step]
        if not seqs:
            continue
        seq = seqs[0] if step.step == "request" or len(seqs) == 1 else seqs.pop(0)
        found.setdefault(seq, []).append(step.exchange)
    return found


def _label(event: Event, started: datetime | None, exchanges: Sequence[Exchange]) -> str:
    """What happened · HTTP status, code, latency · when · where in the log."""
    details = event.details or {}
    told = [f"**{words.event(event.kind, details)}**"]
    told += [f"`{exchange.status}`" for exchange in exchanges[-1:] if exchange.status]
    if "code" in details:
        told.append(f"`{details['code']}`")
    aside = []
    if event.kind in (*ASKED, *FETCHED) and "ms" in details:
        aside.append(f"took {duration(details['ms'] / 1000)}")
    if started:
        aside.append(f"+{duration((moment(event.at) - started).total_seconds())}")
    return " ".join([*told, labels.quiet(" · ".join([*aside, f"seq {event.seq:,}"]))])


def _inside(event: Event, exchanges: list[Exchange], mode: str) -> None:
    st.caption(_sentence(event, mode))
    for number, exchange in enumerate(exchanges):
        if len(exchanges) > 1:
            status = exchange.status or f"no answer ({exchange.failure})"
            st.caption(f"Try {number + 1} of {len(exchanges)} · {status} · {exchange.ms} ms")
        _exchange(exchange, key=f"http-{event.seq}-{number}")


def _sentence(event: Event, mode: str) -> str:
    """What it means and what comes next; for a failure, the cure."""
    details = event.details or {}
    if "code" in details and event.kind != "signup.declined":
        step = details.get("step") or ("profile" if event.kind.startswith("profile.") else "request")
        return words.cure(step, details["code"], mode)
    if "reason" in details:
        return words.CODES.get(details["reason"], str(details["reason"]))
    return NEXT.get(event.kind, "")


NEXT = {
    "signup.started": "The number is locked now, so nobody can make its phone ring again and again.",
    "signup.sent": "Accepted is not approved: now the number's owner has to answer on the phone.",
    "signup.opened": "The prompt is open on the phone; the answer comes as another callback.",
    "signup.approved": "The state was right. Now the profile is read with the access token, before that runs out.",
    "signup.expired": "Nobody answered. After the lock the person may try again.",
    "callback.received": "Stored before it was answered.",
    "callback.repeated": "It was known already: recorded, nothing changed.",
    "profile.fetched": "The asked number is in the profile: proved. Name and e-mail are what the person declares. "
    "The token is wiped.",
    "profile.revealed": "Somebody looked at the profile unmasked; the reason is kept.",
    "lock.hit": "Somebody tried this number again while it was locked. No request was sent.",
}


def _exchange(exchange: Exchange, key: str) -> None:
    view = st.segmented_control(
        "HTTP", ["Request", "Answer", "curl"], default="Request", required=True, key=key, label_visibility="collapsed"
    )
    text = {"Request": request_text, "Answer": answer_text, "curl": curl}[view or "Request"](exchange)
    st.code(text, language=None, wrap_lines=True)


def request_text(exchange: Exchange) -> str:
    """The request as HTTP is written."""
    head = [f"{exchange.method} {exchange.url}", *_lines(exchange.request_headers)]
    return "\n".join([*head, "", pretty(exchange.request_body)]).strip()


def answer_text(exchange: Exchange) -> str:
    """The answer as HTTP is written, or why there is none."""
    if exchange.status is None:
        return f"No answer ({exchange.failure}) after {exchange.ms} ms"
    head = [f"HTTP {exchange.status}  ({exchange.ms} ms)", *_lines(exchange.answer_headers)]
    return "\n".join([*head, "", pretty(exchange.answer_body)]).strip()


def curl(exchange: Exchange) -> str:
    """The request as a shell command; put your own secrets where the dots are."""
    words_ = [f"curl -i -X {exchange.method} {_quoted(exchange.url)}"]
    words_ += [f"  -H {_quoted(f'{name}: {value}')}" for name, value in exchange.request_headers.items()]
    if exchange.request_body:
        words_.append(f"  --data-raw {_quoted(exchange.request_body)}")
    return " \\\n".join(words_)


def pretty(body: str) -> str:
    """A JSON body with its lines indented; anything else as it is."""
    try:
        content: Any = json.loads(body)
    except ValueError:
        return body
    return json.dumps(content, indent=2, ensure_ascii=False)


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
