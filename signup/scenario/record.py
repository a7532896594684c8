"""A scenario made of what happened to one sign-up: its steps as the log tells them, its end as what to expect.

The number does not come along: a persona stays one, and any other becomes the persona that only rings, answered by
taps. Time that passed is let pass by the clock. What cannot be known afterwards (what a callback was edited to that
the sandbox has forgotten) is guessed from what came of it, and what no step can do is left out. It must not write the
file.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from signup import door
from signup.clock import moment
from signup.door import Posted
from signup.errors import SignupError, UsageWrong
from signup.flow import signups
from signup.flow.signups import SignUp
from signup.model import OPEN, Event, Status
from signup.scenario.drawn import persona_of
from signup.scenario.story import MOST_SECONDS, read
from signup.services import Services
from signup.truecaller import strict

Step = dict[str, Any]

RINGS, TWICE, FORGES = "ignore", "duplicate_callback", "wrong_state"
SLOWER = ("approve_after_5s", "approve_after_30s", "opened_first")
"""The persona that does nothing by itself, those whose own callback is repeated or set aside, and those before which a
person can answer the phone."""
PAUSE_SECONDS = 2.0
"""What comes so much later by itself, time brought."""
TAPS = {
    "opened": "open",
    "approved": "approve",
    "user_rejected": "decline",
    "use_another_number": "another_number",
}
RECEIVED, REPEATED, ASIDE = "callback.received", "callback.repeated", "callback.quarantined"
REPLAY = "replay.sent"
OVER = ("signup.expired", "signup.failed")
TOLD = ("signup.", "callback.", "lock.hit", "profile.fetched")
"""What is expected again: how often a profile is tried depends on how fast all of it is."""
DONE = (*TOLD, REPLAY)
"""What the steps are made of."""
LAST = "9999"
OK = 200
FORGED: dict[str, Step] = {
    "state_mismatch": {"accessToken": "another-accessToken", "state": "another-state"},
    "state_missing": {"accessToken": "another-accessToken", "state": None},
}


def recorded(services: Services, signup_id: str) -> str | None:
    """The file's text; None for an unknown sign-up. Raises SignupError when the sandbox is not there, and for what
    no file may say."""
    found = signups.one(services, signup_id)
    if found is None:
        return None
    request_id = signups.request_id(services, signup_id)
    known = door.callbacks(services, request_id, most=door.ALL_CALLBACKS)[::-1] if request_id else []
    persona = _persona(services, signup_id, known)
    events = list(_that_can_be_played(persona, signups.timeline(services, signup_id)))
    telling = _Telling(persona, found.started_at, _sent_again(request_id, known, events))
    steps = [*telling.steps(events), _end(found, events)]
    told = ",\n".join(f"    {json.dumps(step)}" for step in steps)
    name = json.dumps(f"{persona}, as it went at {found.started_at:%Y-%m-%d %H:%M} UTC")
    return _readable(f'{{\n  "format": 1,\n  "name": {name},\n  "steps": [\n{told}\n  ]\n}}\n')


def _readable(made: str) -> str:
    """The text, if it can be played. Not every sign-up can: one may have more lock hits than a file has steps."""
    try:
        read(made.encode())
    except UsageWrong as wrong:
        raise SignupError(f"This sign-up cannot be saved as a scenario. {wrong.sentence}") from wrong
    return made


def _persona(services: Services, signup_id: str, known: Sequence[Posted]) -> str:
    """Whose number it was; where a person was faster than the persona, the one that waits for taps."""
    number = signups.number(services, signup_id)
    persona = persona_of(services, number) if number else None
    tapped = any(one.tapped for one in known)
    return RINGS if persona is None or (tapped and persona in SLOWER) else persona


def _that_can_be_played(persona: str, events: Sequence[Event]) -> Iterator[Event]:
    """What was done, and what came of it: who only looked did nothing. A stranger's callback can be played once there
    is one to forge, and a repeat that neither the persona nor a replay made cannot."""
    posted = False
    for event in events:
        own = _detail(event, "replay") or (event.kind == REPEATED and persona == TWICE)
        early = event.kind == ASIDE and not posted and persona != FORGES
        if event.kind.startswith(DONE) and (own or not (early or event.kind == REPEATED)):
            posted = posted or event.kind in (RECEIVED, ASIDE)
            yield event


class _Telling:
    """The steps of one story, told event by event. `began`: until when it has come; `sent_again`: a step for each
    replay, None where there is none."""

    def __init__(self, persona: str, began: datetime, sent_again: Sequence[Step | None]) -> None:
        self._persona = persona
        self._here = began
        self._left = iter(sent_again)
        self._counts: Counter[str] = Counter()
        self._posted = self._answered = self._unseen = False

    def steps(self, events: Sequence[Event]) -> Iterator[Step]:
        """What was done, in order, and the time between."""
        code = next((_detail(event, "code") for event in events if _answers_the_request(event)), None)
        yield {"do": "start", "persona": self._persona, **({"code": code} if code else {})}
        for event in events:
            again = self._again(event, events)
            if again and self._unseen:  # a callback that is sent again too early is another one, or meets another end
                yield {"do": "expect", "events": dict(sorted(self._counts.items()))}
                self._unseen = False
            yield from [again] if again else self._other(event, events)
            self._count(event, again)

    def _again(self, event: Event, events: Sequence[Event]) -> Step | None:
        """The step that sends a callback again, if that is how the event comes about."""
        if event.kind == REPLAY:
            return next(self._left)
        if event.kind == ASIDE and self._posted and not _detail(event, "replay"):
            return {"do": "sendAgain", "body": FORGED[str(_detail(event, "reason"))]}
        if event.kind == RECEIVED and self._answered and not _detail(event, "replay"):
            return {"do": "sendAgain", "body": _by_hand(_said(event, events))}
        return None

    def _other(self, event: Event, events: Sequence[Event]) -> Iterator[Step]:
        if event.kind == "lock.hit":
            yield {"do": "start", "again": True, "code": "locked"}
        elif event.kind in OVER or not (event.kind == REPLAY or _detail(event, "replay")):
            tap = TAPS.get(_said(event, events)) if self._persona == RINGS and event.kind == RECEIVED else None
            yield from [{"do": "tap", "answer": tap}] if tap else _time(self._persona, self._here, event)
            self._here = moment(event.at)
            self._answered = self._answered or tap not in (None, "open")

    def _count(self, event: Event, again: Step | None) -> None:
        """A callback that was sent again is told of before it is answered: nobody has to wait for that event."""
        self._posted = self._posted or event.kind in (RECEIVED, ASIDE)
        if event.kind.startswith(TOLD):
            self._counts[event.kind] += 1
            self._unseen = self._unseen or not (again or _is_replayed_callback(event))


def _answers_the_request(event: Event) -> bool:
    return event.kind == "signup.sent" or (event.kind == "signup.failed" and _detail(event, "step") == "request")


def _said(event: Event, events: Sequence[Event]) -> str:
    """What a callback said."""
    result = str(_detail(event, "result"))
    reasons = (str(_detail(one, "reason")) for one in events if one.kind == "signup.declined")
    return next(reasons, "user_rejected") if result == "declined" else result


def _by_hand(said: str) -> Step:
    """A callback that came after the phone had been answered, as an edit of the one that came then."""
    if said == "approved":
        return {"accessToken": "another-accessToken"}
    return {"status": {"opened": "flow_invoked"}.get(said, said), "accessToken": None, "state": None}


def _time(persona: str, here: datetime, event: Event) -> Iterator[Step]:
    """The clock moved as far as it went by itself. A persona that answers has done so before all is over."""
    gap = (moment(event.at) - here).total_seconds()
    if gap < PAUSE_SECONDS or _answers_the_request(event):
        return
    if event.kind in OVER:
        tried = (
            {"events": {"profile.failed": 1}} if _detail(event, "code") in ("token_rejected", "profile_error") else {}
        )
        if persona != RINGS:
            yield {"do": "expect", "rings": False, **tried}
        yield {"do": "moveClock", "past": "answer"}
    else:
        yield {"do": "moveClock", "seconds": min(math.ceil(gap), MOST_SECONDS)}


def _sent_again(request_id: str | None, known: Sequence[Posted], events: Sequence[Event]) -> list[Step | None]:
    """A step for each replay in the log, as the sandbox knows it; None for one that did nothing to the sign-up."""
    asked = [place for place, event in enumerate(events) if event.kind == REPLAY]
    steps = []
    for place, after in pairwise([*asked, len(events)]):
        until = events[after].at if after < len(events) else LAST
        replays = (
            one for one in known if one.replay and one.first == request_id and events[place].at <= one.at < until
        )
        caused = next((one for one in events[place:after] if _is_replayed_callback(one)), None)
        posted = next(replays, None)
        before = known[: known.index(posted)] if posted else []
        base = next((one for one in before[::-1] if one.status and not one.replay), None)
        steps.append(_as_posted(posted, base, caused) if posted and base else _as_told(caused))
    return steps


def _is_replayed_callback(event: Event) -> bool:
    return event.kind.startswith("callback.") and bool(_detail(event, "replay"))


def _as_posted(posted: Posted, base: Posted, caused: Event | None) -> Step | None:
    """How the sandbox posted it, beside the callback that a story would send again. A secret that was edited is another
    one, and one that nobody may have when it was refused; a request id that was edited is nobody's."""
    if caused is None and (posted.status is None or posted.to != base.to):
        return None
    body = door.changes(base, posted.body)
    other = "another-{}" if posted.status == OK else ""
    body |= {name: other.format(name) for name in door.SECRETS if name in posted.edited and name in posted.body}
    if strict.request_id(body.get("requestId")):
        body["requestId"] = "another-requestId"
    answer = {} if posted.status in (None, OK) else {"answer": posted.status}
    return {"do": "sendAgain", **({"body": body} if body else {}), **answer}


def _as_told(caused: Event | None) -> Step | None:
    """One that the sandbox has forgotten, by what came of it."""
    if caused is None:
        return None
    body = FORGED.get(str(_detail(caused, "reason")))
    return {"do": "sendAgain", **({"body": body} if body else {})}


def _end(found: SignUp, events: Sequence[Event]) -> Step:
    counts = Counter(event.kind for event in events if event.kind.startswith(TOLD))
    code = {} if found.status in (*OPEN, Status.COMPLETED) else {"code": found.code}
    return {"do": "expect", "status": found.status, **code, "events": dict(sorted(counts.items()))}


def _detail(event: Event, name: str) -> Any:
    return (event.details or {}).get(name)
