"""A scenario made of what happened to one sign-up: its steps as the log tells them, its end as what to expect.

The number does not come along: a persona stays one, and any other becomes the persona that only rings, answered by
taps. Time that passed is let pass by the clock. What cannot be known afterwards (which secret was edited) is guessed
from what came of it. It must not write the file.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
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
from signup.truecaller.trace import DOTS

Step = dict[str, Any]

RINGS = "ignore"
"""The persona that does nothing by itself."""
PAUSE_SECONDS = 2.0
"""What comes so much later by itself, time brought."""
TAPS = {
    "opened": "open",
    "approved": "approve",
    "user_rejected": "decline",
    "use_another_number": "another_number",
}
TOLD = ("signup.", "callback.", "lock.hit", "profile.fetched")
"""What is expected again: how often a profile is tried depends on how fast all of it is."""
DONE = (*TOLD, "replay.sent")
"""What the steps are made of."""
FORGED: dict[str, Step] = {"state_mismatch": {"state": "another-state"}, "state_missing": {"state": None}}


def recorded(services: Services, signup_id: str) -> str | None:
    """The file's text; None for an unknown sign-up. Raises SignupError when the sandbox is not there, and for what
    no file may say."""
    found = signups.one(services, signup_id)
    if found is None:
        return None
    number = signups.number(services, signup_id)
    persona = (persona_of(services, number) if number else None) or RINGS
    events = signups.timeline(services, signup_id)
    steps = [*_steps(persona, events, _edits(services, signup_id)), _end(found, events)]
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


def _steps(persona: str, events: Sequence[Event], edits: Sequence[Step]) -> Iterator[Step]:
    """What was done, in order, and the time between; who only looked at it did nothing."""
    events = [event for event in events if event.kind.startswith(DONE)]
    code = next((_detail(event, "code") for event in events if _answers_the_request(event)), None)
    yield {"do": "start", "persona": persona, **({"code": code} if code else {})}
    left = iter(edits)
    for before, event in pairwise(events):
        if event.kind == "lock.hit":
            yield {"do": "start", "again": True, "code": "locked"}
        elif event.kind == "replay.sent":
            yield {"do": "sendAgain", **_body(next(left, {}), events[events.index(event) :])}
        elif tap := persona == RINGS and _tap(event, events):
            yield {"do": "tap", "answer": tap}
        elif not _detail(event, "replay"):
            yield from _time(persona, before, event)


def _answers_the_request(event: Event) -> bool:
    return event.kind == "signup.sent" or (event.kind == "signup.failed" and _detail(event, "step") == "request")


def _tap(event: Event, events: Sequence[Event]) -> str | None:
    """What somebody answered on the phone; None when the event is no callback of theirs."""
    if event.kind != "callback.received" or _detail(event, "replay"):
        return None
    said = str(_detail(event, "result"))
    reasons = (_detail(one, "reason") for one in events if one.kind == "signup.declined")
    return TAPS.get(next(reasons, "user_rejected") if said == "declined" else said)


def _time(persona: str, before: Event, event: Event) -> Iterator[Step]:
    """The clock moved as far as it went by itself. A persona that answers has done so before all is over."""
    gap = (moment(event.at) - moment(before.at)).total_seconds()
    if gap < PAUSE_SECONDS or _answers_the_request(event):
        return
    over = event.kind in ("signup.expired", "signup.failed")
    if over and persona != RINGS:
        yield {"do": "expect", "rings": False}
    yield {"do": "moveClock", **({"past": "answer"} if over else {"seconds": min(math.ceil(gap), MOST_SECONDS)})}


def _body(edits: Step, since: Sequence[Event]) -> Step:
    """The fields that were edited. A secret that was is known only by what came of it."""
    caused = next((event for event in since if _detail(event, "replay")), None)
    guessed: Step = FORGED.get(str(_detail(caused, "reason")), {}) if caused else {}
    body = guessed | edits
    return {"body": body} if body else {}


def _edits(services: Services, signup_id: str) -> list[Step]:
    """What was edited in each callback that was sent again, oldest first, as far as the sandbox still knows."""
    request_id = signups.request_id(services, signup_id)
    posted = door.callbacks(services, request_id)[::-1] if request_id else []
    firsts: list[Posted] = []
    edits = []
    for one in posted:
        if one.replay and firsts:
            changed = door.changes(firsts[-1], one.body)
            edits.append({name: f"another-{name}" if value == DOTS else value for name, value in changed.items()})
        elif not one.replay:
            firsts.append(one)
    return edits


def _end(found: SignUp, events: Sequence[Event]) -> Step:
    counts = Counter(event.kind for event in events if event.kind.startswith(TOLD))
    code = {} if found.status in (*OPEN, Status.COMPLETED) else {"code": found.code}
    return {"do": "expect", "status": found.status, **code, "events": dict(sorted(counts.items()))}


def _detail(event: Event, name: str) -> Any:
    return (event.details or {}).get(name)
