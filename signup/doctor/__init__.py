"""The doctor: what works, what does not, and what to do about it. The command and the Health page ask the same checks.

check     what a check finds, and the words for how long ago
machine   this machine: settings, keys, database, watcher, sealing, alerts, webhook
outward   from us to Truecaller: app key, requests, profiles, the sandbox
inward    from Truecaller to us: the receiver, callbacks, who waits for one
reach     the callback URL, tried with a self-test
evidence  all that is known about the way of a callback
address   the callback URL, link by link, and the clock: checks from the evidence
causes    why no callback comes: from the evidence to the known causes

It must not make a phone ring, show a secret, or change anything but for the self-test it sends. A check that breaks is
a finding, never an exception.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from signup.doctor import address, evidence, inward, machine, outward, reach
from signup.doctor.causes import Cause, why
from signup.doctor.check import Check, Finding, Side, wrong
from signup.doctor.evidence import Evidence
from signup.doctor.reach import Tries
from signup.errors import SignupError, StoreUnavailable
from signup.services import Services

__all__ = ["Cause", "Check", "Examined", "examine"]

Found = TypeVar("Found")

Ask = Callable[[Services], Finding | None]
Judge = Callable[[Evidence], Finding | None]

CHECKS: tuple[tuple[Side, str, Ask], ...] = (
    ("here", "Settings", machine.settings),
    ("here", "Keys", machine.keys),
    ("here", "Database", machine.database),
    ("here", "Disk", machine.disk),
    ("here", "Data folder", machine.folder),
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

FROM_EVIDENCE: tuple[tuple[Side, str, Judge], ...] = (
    ("in", "Callback URL", address.url),
    ("in", "Name", address.name),
    ("in", "Connection", address.connection),
    ("in", "Certificate", address.certificate),
    ("in", "Answer", address.answer),
    ("in", "Self-test", address.arrival),
    ("in", "Trailing slash", address.slash),
    ("out", "Clock", address.clock),
)
"""The same, from what was gathered; shown before the others of their side."""

WITHOUT_DATABASE: tuple[Ask, ...] = (machine.settings, machine.database, outward.sandbox, inward.receiver)


@dataclass(frozen=True)
class Examined:
    """What one round found. `causes`: why no callback comes, the first broken link first; none when all is well.

    `url`: the callback URL that was tried; None while it could not be, and then no cause can be named.
    """

    checks: list[Check]
    causes: list[Cause]
    url: str | None

    @property
    def ok(self) -> bool:
        """Whether nothing is a problem; what is only to look at is none."""
        return all(check.ok is not False for check in self.checks)


def examine(services: Services, seconds: float = reach.SECONDS) -> Examined:
    """Ask everything, at most a few seconds long: while the database is away, only what can be told without it.

    `seconds`: how long the callback URL may take to answer.
    """
    try:
        away = _asked(machine.readable, services)
        return _without_database(services, away) if away else _whole(services, seconds)
    except StoreUnavailable as error:
        return _without_database(services, machine.away(error))


def _whole(services: Services, seconds: float) -> Examined:
    """Every check. Raises StoreUnavailable: what was found before the database went away may be half of the truth."""
    with ThreadPoolExecutor(2, thread_name_prefix="reach") as pool:
        tries = Tries(services, pool, evidence.address(services), seconds)
        found = [_asked(ask, services) for _, _, ask in CHECKS]
        seen = _asked(lambda wired: evidence.gather(wired, tries), services)
    checks = _named(CHECKS, found)
    if isinstance(seen, Finding):
        untried = Check("Callback URL", "in", seen.ok, seen.detail, seen.cure)
        return Examined([untried, *checks], [], None)
    judged = _named(FROM_EVIDENCE, [judge(seen) for _, _, judge in FROM_EVIDENCE])
    causes = why(seen)
    return Examined(_with_causes([*judged, *checks], causes), causes, seen.url)


def _without_database(services: Services, away: Finding) -> Examined:
    rows = [(side, name, ask) for side, name, ask in CHECKS if ask in WITHOUT_DATABASE]
    found = [away if ask is machine.database else _asked(ask, services) for _, _, ask in rows]
    return Examined(_named(rows, found), [], None)


def _with_causes(checks: list[Check], causes: list[Cause]) -> list[Check]:
    """What causes that no callback comes is a problem, also where the check by itself is only to look at."""
    cures = {cause.check: cause.cure for cause in causes}
    return [replace(one, ok=False, cure=cures[one.name]) if one.name in cures else one for one in checks]


def _named(rows: Sequence[tuple[Side, str, object]], found: Sequence[Finding | None]) -> list[Check]:
    told = zip(rows, found, strict=True)
    return [Check(name, side, one.ok, one.detail, one.cure) for (side, name, _), one in told if one]


def _asked(ask: Callable[[Services], Found], services: Services) -> Found | Finding:
    """What a check finds; that it broke, if it did. Raises StoreUnavailable."""
    try:
        return ask(services)
    except StoreUnavailable:
        raise
    except SignupError as error:
        return wrong("This could not be checked.", error.sentence)
    except Exception as fault:  # one broken check must not hide what the others found
        return wrong(f"This check broke ({type(fault).__name__}).", "Report it to whoever maintains this program.")
