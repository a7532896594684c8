"""One look at a sign-up with what a story expects of it: what is not so yet, and whether it still can become so.

Read from our store, and for the phone from the sandbox's door. It must not wait.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from signup import door
from signup.errors import SignupError
from signup.flow import signups
from signup.model import Status
from signup.scenario.story import Expect
from signup.services import Services

FOR_GOOD = (Status.COMPLETED, Status.EXPIRED, Status.FAILED)
RINGS = {True: "a phone that rings", False: "no phone that rings"}


@dataclass(frozen=True)
class Seen:
    """`expected`: what is not so; empty when all is. `came`: what is. `for_good`: it will not become so either."""

    expected: str
    came: str
    for_good: bool

    @property
    def settled(self) -> bool:
        """Whether waiting is over."""
        return self.for_good or not self.expected


def look(services: Services, signup_id: str, step: Expect) -> Seen:
    """How a sign-up stands. Raises SignupError when it is not there, or the sandbox is not."""
    found = signups.one(services, signup_id)
    if found is None:
        raise SignupError("The sign-up of this scenario is gone: see that all programs use one database.")
    happened = _happened(services, signup_id, step)
    differ = {kind: times for kind, times in step.events.items() if happened[kind] != times}
    other_status = step.status not in (None, found.status)
    expected = [
        *([f"status {step.status}"] if other_status else []),
        *([f"code {step.code or 'none'}"] if step.code != found.code and "code" in step.model_fields_set else []),
        *_told(differ),
    ]
    came = [f"{found.status} ({found.code})" if found.code else str(found.status)]
    came += _told({kind: happened[kind] for kind in differ})
    if step.rings is not None and step.rings != bool(ringing(services, signup_id)):
        expected.append(RINGS[step.rings])
        came.append(RINGS[not step.rings])
    ended = other_status and found.status in FOR_GOOD
    over = any(happened[kind] > times for kind, times in differ.items())
    return Seen(", ".join(expected), ", ".join(came), for_good=ended or over)


def ringing(services: Services, signup_id: str) -> str | None:
    """The request id by which the sandbox's phone rings for it; None while none does."""
    request_id = signups.request_id(services, signup_id)
    rings = request_id and any(phone.request_id == request_id for phone in door.ringing(services))
    return request_id if rings else None


def _happened(services: Services, signup_id: str, step: Expect) -> Counter[str]:
    """How often each kind of event happened to it; nothing where nobody asked."""
    events = signups.timeline(services, signup_id) if step.events else []
    return Counter(event.kind for event in events)


def _told(counts: Mapping[str, int]) -> list[str]:
    return [f"{times} x {kind}" for kind, times in counts.items()]
