"""Reserved numbers with a fixed outcome each: the cast of the sandbox.

Every persona has ten numbers, so that tests beside each other never meet in one lock. A persona is only described
here, and played by `truecaller`. This module must not send or remember anything.
"""

from dataclasses import dataclass
from typing import Any

from sandbox.numbers import AUSTRALIA, NEW_YORK, SOMEBODY_ELSE, SWEDEN, WASHINGTON, ten

AT_ONCE = 0.1  # seconds a quick thumb needs
SLOW = 12.0  # more than the 8 seconds a caller waits unless its settings say otherwise
LATE = 610.0  # more than the 10 minutes that a person may take and a token lives


@dataclass(frozen=True)
class Refusal:
    """What Truecaller answers instead: an HTTP status, a body in one of its envelopes, seconds for Retry-After."""

    status: int
    body: dict[str, Any]
    retry_after: int | None = None


@dataclass(frozen=True)
class Persona:
    """One fixed outcome. `script`: what happens on the phone, as (seconds after the answer, answer word) in order."""

    name: str
    outcome: str  # how the sign-up ends: completed, declined, expired, failed
    code: str | None  # and why
    description: str
    numbers: tuple[int, ...]
    script: tuple[tuple[float, str], ...] = ()
    refusal: Refusal | None = None  # instead of ringing
    slow: float = 0.0  # seconds until the request is answered
    early: bool = False  # the first callback goes out before the request is answered
    late: float = 0.0  # seconds that a callback is held back
    copies: int = 1  # how often each callback is sent
    wrong_state: bool = False  # an approval brings back another state than was sent
    no_profile: Refusal | None = None  # instead of the profile
    partial: bool = False  # the profile holds little more than the number
    shows: int | None = None  # the number in the profile, when it is not the asked one


BAD_APP_KEY = Refusal(404, {"code": 404, "message": "Invalid partner credentials."})
NOT_ELIGIBLE = Refusal(
    403, {"code": 1008, "message": "Forbidden: It is forbidden to use sdk login for this phone number."}
)
RATE_LIMITED = Refusal(429, {"code": 429, "message": "Too many requests."}, retry_after=30)
SERVER_ERROR = Refusal(500, {"code": 500, "message": "Internal server error."})
UNAUTHORIZED = Refusal(401, {"status": 40101, "message": "Unauthorized"})
PROFILE_DOWN = Refusal(503, {"status": 503, "message": "Service unavailable."})

PERSONAS = (
    Persona(
        "approve",
        "completed",
        None,
        "The person approves at once.",
        ten(SWEDEN, 46701740610),
        script=((AT_ONCE, "approve"),),
    ),
    Persona(
        "approve_after_5s",
        "completed",
        None,
        "The person approves after 5 seconds.",
        ten(SWEDEN, 46701740620),
        script=((5, "approve"),),
    ),
    Persona(
        "approve_after_30s",
        "completed",
        None,
        "The person approves after 30 seconds.",
        ten(NEW_YORK, 12125550100),
        script=((30, "approve"),),
    ),
    Persona(
        "decline",
        "declined",
        "user_rejected",
        "The person declines.",
        ten(SWEDEN, 46701740630),
        script=((AT_ONCE, "decline"),),
    ),
    Persona(
        "another_number",
        "declined",
        "use_another_number",
        "The person would rather use another number.",
        ten(SWEDEN, 46701740640),
        script=((AT_ONCE, "another_number"),),
    ),
    Persona(
        "ignore",
        "expired",
        None,
        "Nobody answers, and the prompt stops ringing after 10 minutes.",
        AUSTRALIA,
    ),
    Persona(
        "opened_first",
        "completed",
        None,
        "The person opens the prompt after a second and approves a second later.",
        ten(SWEDEN, 46701740650),
        script=((1, "open"), (2, "approve")),
    ),
    Persona(
        "duplicate_callback",
        "completed",
        None,
        "The person approves, and Truecaller posts the callback twice.",
        ten(SWEDEN, 46701740660),
        script=((AT_ONCE, "approve"),),
        copies=2,
    ),
    Persona(
        "early_callback",
        "completed",
        None,
        "The callback comes before the request has been answered.",
        ten(SWEDEN, 46701740670),
        script=((0, "approve"),),
        early=True,
    ),
    Persona(
        "late_token",
        "expired",
        None,
        "The person approves, but Truecaller calls back only after 10 minutes, when it is over.",
        ten(WASHINGTON, 12025550170),
        script=((AT_ONCE, "approve"),),
        late=LATE,
    ),
    Persona(
        "wrong_state",
        "expired",
        None,
        "The person approves, but the callback brings another state than was sent.",
        ten(WASHINGTON, 12025550180),
        script=((AT_ONCE, "approve"),),
        wrong_state=True,
    ),
    Persona(
        "not_eligible",
        "failed",
        "number_not_eligible",
        "Truecaller refuses the number: 403 with code 1008.",
        ten(WASHINGTON, 12025550100),
        refusal=NOT_ELIGIBLE,
    ),
    Persona(
        "bad_app_key",
        "failed",
        "bad_app_key",
        "Truecaller answers 404, as it does when the app key is wrong.",
        ten(WASHINGTON, 12025550110),
        refusal=BAD_APP_KEY,
    ),
    Persona(
        "rate_limited",
        "failed",
        "rate_limited",
        "Truecaller answers 429 and asks to wait 30 seconds.",
        ten(WASHINGTON, 12025550120),
        refusal=RATE_LIMITED,
    ),
    Persona(
        "server_error",
        "failed",
        "truecaller_error",
        "Truecaller answers 500 each time it is asked.",
        ten(SWEDEN, 46701740690),
        refusal=SERVER_ERROR,
    ),
    Persona(
        "slow",
        "completed",
        None,
        "Truecaller takes 12 seconds to answer the request, and the person approves all the same.",
        ten(WASHINGTON, 12025550130),
        script=((AT_ONCE, "approve"),),
        slow=SLOW,
    ),
    Persona(
        "token_refused",
        "failed",
        "token_rejected",
        "The person approves, but Truecaller answers 401 to the token.",
        ten(WASHINGTON, 12025550140),
        script=((AT_ONCE, "approve"),),
        no_profile=UNAUTHORIZED,
    ),
    Persona(
        "profile_error",
        "failed",
        "profile_error",
        "The person approves, but Truecaller answers 503 each time the profile is read.",
        ten(WASHINGTON, 12025550150),
        script=((AT_ONCE, "approve"),),
        no_profile=PROFILE_DOWN,
    ),
    Persona(
        "wrong_number",
        "failed",
        "number_mismatch",
        "The person approves, but the profile holds somebody else's number.",
        ten(SWEDEN, 46701740680),
        script=((AT_ONCE, "approve"),),
        shows=SOMEBODY_ELSE,
    ),
    Persona(
        "partial_profile",
        "completed",
        None,
        "The person approves, and the profile holds the number, a first name and nothing else.",
        ten(WASHINGTON, 12025550160),
        script=((AT_ONCE, "approve"),),
        partial=True,
    ),
)

BY_NUMBER = {number: persona for persona in PERSONAS for number in persona.numbers}
