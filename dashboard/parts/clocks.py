"""The clocks of Try it: how long the lock, the answer and the token of a sign-up still run.

Beside its timeline, drawn anew at every tick. It reads nothing: the sign-up and its lock are handed in.
"""

from datetime import datetime, timedelta

from dashboard import shared
from signup.flow.signups import SignUp
from signup.model import Status


def told(found: SignUp | None, locked: datetime | None) -> str:
    """Those that run, in Markdown. `locked`: until when the number is locked, by this sign-up or another."""
    answer = found.expires_at if found and found.status in (Status.REQUESTED, Status.WAITING) else None
    shown = (
        countdown("lock", "lock", "violet", locked),
        countdown("answer within", "hourglass_top", "blue", answer),
        countdown("token", "key", "orange", token_until(found) if found else None),
    )
    return "&emsp;".join(clock for clock in shown if clock)


def token_until(found: SignUp) -> datetime | None:
    """Until when the token of the approval can be used; None once it is wiped, or before it came."""
    if found.status is not Status.APPROVED or found.decided_at is None:
        return None
    return found.decided_at + timedelta(seconds=shared.services().settings.token_seconds)


def ahead(seconds: float) -> str:
    """How far a moved clock is ahead: `+5:00`, `+1:05:00`, `+9 d 1 h`."""
    hours, rest = divmod(int(seconds), 3600)
    if hours >= 24:
        return f"+{hours // 24:,} d {hours % 24} h"
    minutes, left = divmod(rest, 60)
    return f"+{hours}:{minutes:02}:{left:02}" if hours else f"+{minutes}:{left:02}"


def countdown(name: str, icon: str, colour: str, until: datetime | None) -> str:
    """`lock 4:45`, or nothing once it is over."""
    left = max(0, round((until - shared.services().clock.now()).total_seconds())) if until else 0
    return f":{colour}[:material/{icon}:] {name} **{left // 60}:{left % 60:02}**" if left else ""
