"""Words for tests of the alerts: what the rules should read, counted apart from the SQL; good and bad minutes."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from signup.clock import HandClock, moment, text
from signup.measure.alerts import rounds
from signup.measure.alerts.rounds import Change
from signup.measure.alerts.values import Counted, Minutes, minute_of
from signup.measure.history import History
from signup.measure.rows import OPENED, SENT, SignUp
from signup.services import Services
from tests.pages.fixtures import lives

WEBHOOK_KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(WEBHOOK_KEY).decode()}"
CANARY = "canary-in-the-address"


def of(history: History, start: datetime, end: datetime) -> Minutes:
    """The counts of [start, end) out of a history."""
    found = [counted for signup in history.signups for counted in _of(signup)]
    for hit in history.hits:
        found += [(name, minute_of(moment(hit.at)), 1) for name in ("lockHits", "tries")]
    return Minutes(start, end, found)


def _of(signup: SignUp) -> Iterator[Counted]:
    counts = {
        "started": True,
        "tries": True,
        "sent": signup.step >= SENT,
        "opened": signup.step >= OPENED,
        "completed": signup.outcome == "completed",
        "failed": signup.outcome == "failed",
        "finished": signup.outcome != "open",
        "badAppKey": signup.outcome == "failed" and signup.error == ("request", "bad_app_key"),
    }
    minute = minute_of(moment(signup.at))
    yield from ((name, minute, 1) for name, so in counts.items() if so)


def outage(services: Services, clock: HandClock, minutes: int, a_minute: int = 2) -> list[Change]:
    """So many minutes in which Truecaller knows no app key, each looked at; every change in order."""
    changes: list[Change] = []
    for _ in range(minutes):
        starts = [clock.now() + timedelta(seconds=1 + place) for place in range(a_minute)]
        for start in starts:
            begun = lives.life(start, "waiting")[0]
            ended = {"status": "failed", "step": "request", "code": "bad_app_key", "ms": 90}
            later = text(start + timedelta(milliseconds=90))
            lives.write(services, [begun, replace(begun, at=later, kind="signup.failed", details=ended)])
        changes += quiet(services, clock, 1)
    return changes


def quiet(services: Services, clock: HandClock, minutes: int, a_minute: int = 0) -> list[Change]:
    """So many minutes with only completed sign-ups, or none, each looked at; every change in order."""
    changes: list[Change] = []
    for _ in range(minutes):
        for place in range(a_minute):
            lives.write(services, lives.life(clock.now() + timedelta(seconds=1 + place), "completed", seed=place))
        clock.move(60)
        changes += rounds.run(services) or []
    return changes
