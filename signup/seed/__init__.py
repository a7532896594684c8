"""A made-up past, so that the first look at the dashboard shows a living one. Sandbox mode and an empty database only.

fates   how a single sign-up goes
plan    all of them: who begins when
play    the plan, played through the real steps
"""

from typing import Any

from signup.errors import UsageWrong
from signup.record import log
from signup.record.seal import Sealer
from signup.seed.plan import Planner
from signup.seed.play import Player
from signup.services import Services

SIGNUPS, DAYS = 3000, 56


def seed(services: Services, *, signups: int = SIGNUPS, days: int = DAYS, chance: int = 0) -> dict[str, Any]:
    """Play so many sign-ups over the days up to now: `{"signups", "events", "seconds"}`.

    `chance`: the same number makes the same past. Raises UsageWrong in live mode and where there are sign-ups already.
    """
    if services.settings.mode != "sandbox":
        raise UsageWrong("A made-up past is for sandbox mode: nothing was written.")
    began, before = services.clock.monotonic(), log.head(services).seq
    plan = Planner(services.settings, now=services.clock.now(), days=days, chance=chance).plan(signups)
    sealer = Sealer(services)
    for _ in Player(services, plan).days():
        sealer.seal()
    seconds = services.clock.monotonic() - began
    return {"signups": len(plan.lives), "events": log.head(services).seq - before, "seconds": round(seconds, 3)}
