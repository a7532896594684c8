"""The doctor: what works, what does not, and what to do about it. The command and the Health page ask the same checks.

check     what a check finds, and the words for how long ago
machine   this machine: settings, keys, database, watcher, sealing, alerts, webhook
outward   from us to Truecaller: app key, requests, profiles, the sandbox
inward    from Truecaller to us: the receiver, callbacks, who waits for one

It must not change anything, make a phone ring or show a secret. A check that breaks is a finding, never an exception.
"""

from collections.abc import Callable

from signup.doctor import inward, machine, outward
from signup.doctor.check import Check, Finding, Side, wrong
from signup.errors import SignupError
from signup.services import Services

__all__ = ["Check", "checks"]

Ask = Callable[[Services], Finding | None]

CHECKS: tuple[tuple[Side, str, Ask], ...] = (
    ("here", "Settings", machine.settings),
    ("here", "Keys", machine.keys),
    ("here", "Database", machine.database),
    ("here", "Disk", machine.disk),
    ("here", "Watcher", machine.watcher),
    ("here", "Audit log", machine.sealing),
    ("here", "Full check", machine.checked),
    ("here", "Open too long", machine.overdue),
    ("here", "Alerts", machine.alerts),
    ("here", "Webhook", machine.webhook),
    ("out", "App key", outward.app_key),
    ("out", "Requests", outward.requests),
    ("out", "Profile host", outward.profiles),
    ("out", "Sandbox", outward.sandbox),
    ("in", "Receiver", inward.receiver),
    ("in", "Last callback", inward.last_callback),
    ("in", "Waiting", inward.waiting),
    ("in", "Matching nothing", inward.apart),
    ("in", "Unreadable", inward.unreadable),
)
"""In the order in which they are shown. A check that does not apply finds None and is left out."""

WITHOUT_DATABASE: tuple[Ask, ...] = (machine.settings, outward.sandbox, inward.receiver)


def checks(services: Services) -> list[Check]:
    """Ask everything, at most a few seconds long: while the database is away, only what can be told without it."""
    away = _asked(machine.away, services)
    asked = (
        (side, name, away if away and ask is machine.database else _asked(ask, services))
        for side, name, ask in CHECKS
        if away is None or ask is machine.database or ask in WITHOUT_DATABASE
    )
    return [Check(name, side, found.ok, found.detail, found.cure) for side, name, found in asked if found]


def _asked(ask: Ask, services: Services) -> Finding | None:
    try:
        return ask(services)
    except SignupError as error:
        return wrong("This could not be checked.", error.sentence)
    except Exception as fault:  # one broken check must not hide what the others found
        return wrong(f"This check broke ({type(fault).__name__}).", "Report it to whoever maintains this program.")
