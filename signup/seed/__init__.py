"""A made-up past, so that the first look at the dashboard shows a living one. Sandbox mode and an empty database only.

fates   how a single sign-up goes
plan    all of them: who begins when
play    the plan, played through the real steps
mark    how far it was played
"""

from dataclasses import replace
from typing import Any

from signup.clock import HandClock
from signup.errors import UsageWrong
from signup.flow import signups as known
from signup.record import log
from signup.record.seal import Sealer
from signup.seed import mark
from signup.seed.plan import Planner
from signup.seed.play import TAKEN, Player
from signup.services import Services

SIGNUPS, DAYS = 3000, 56


def is_due(services: Services) -> bool:
    """Whether a past was meant for this database and is not played to its end."""
    begun = mark.of(services)
    if begun is None or begun.done or services.settings.mode != "sandbox":
        return False
    return begun.days > 0 or not known.count(services, known.Wanted())


def seed(services: Services, *, signups: int = SIGNUPS, days: int = DAYS, chance: int = 0) -> dict[str, Any]:
    """Play so many sign-ups over the days up to now: `{"signups", "events", "seconds"}`.

    `chance`: the same number makes the same past. One that was interrupted is gone on with, up to the "now" it began
    at. Raises UsageWrong in live mode and where there are other sign-ups already.
    """
    if services.settings.mode != "sandbox":
        raise UsageWrong("A made-up past is for sandbox mode: nothing was written.")
    began, before = services.clock.monotonic(), log.head(services).seq
    begun = mark.of(services)
    if begun and begun.done:
        raise UsageWrong(TAKEN)
    now = begun.now if begun and begun.days else services.clock.now()
    plan = Planner(services.settings, now=now, days=days, chance=chance).plan(signups)
    sealer = Sealer(services)
    for _ in Player(replace(services, clock=HandClock(now)), plan).days(begun.days if begun else 0):
        sealer.seal()
    seconds = services.clock.monotonic() - began
    return {"signups": len(plan.lives), "events": log.head(services).seq - before, "seconds": round(seconds, 3)}
