"""Numbers for a scenario: a persona has ten, and each run takes the first that no lock holds.

So a run never meets the lock of the run before it, and a file need not name a number. It must not start anything.
"""

from collections.abc import Iterator

from signup import door
from signup.errors import SignupError, UsageWrong
from signup.flow import signups
from signup.services import Services


def fresh(services: Services, persona: str) -> Iterator[int]:
    """Its numbers that are not locked, in order. Raises UsageWrong for a persona that the sandbox does not have, and
    SignupError with the cure once there is none left."""
    cast = {one.name: one.numbers for one in door.personas(services)}
    if persona not in cast:
        raise UsageWrong(f"The sandbox has no persona {persona}: python -m sandbox personas lists those it has.")
    locks = []
    for number in cast[persona]:
        until = signups.number_locked_until(services, number)
        if until is None:
            yield number
        else:
            locks.append(until)
    when = f" until {min(locks):%H:%M:%S} UTC" if locks else ""
    raise SignupError(
        f"All numbers of the persona {persona} are locked{when}: wait, or let time pass with Clock on Try it."
    )


def persona_of(services: Services, number: int) -> str | None:
    """Whose number it is; None for any that only rings."""
    return next((one.name for one in door.personas(services) if number in one.numbers), None)
