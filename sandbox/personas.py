"""Reserved numbers with a fixed outcome each: the cast of the sandbox.

Every persona has ten numbers, so that tests beside each other never meet in one lock. All of them lie in ranges that a
regulator keeps free for fiction and that libphonenumber accepts as valid. A persona is only described here, and
played by `truecaller`. This module must not send or remember anything.
"""

from dataclasses import dataclass
from typing import Any

# Sweden, PTS, numbers for use in books and films: 070-174 06 05 to 070-174 06 99.
SWEDEN = range(46701740605, 46701740700)

# Australia, ACMA, phone numbers for use in TV shows, films and creative works: these mobile numbers, one by one.
AUSTRALIA = (
    *(61491570006, 61491570110, 61491570156, 61491570157, 61491570158),
    *(61491570159, 61491570313, 61491570737, 61491571266, 61491571491),
)

# United States, NANPA, 555 line numbers kept for fictional use: 555-0100 to 555-0199 (here with area code 202).
UNITED_STATES = range(12025550100, 12025550200)

# Whose number a profile shows when it is not the asked one. No persona has it.
SOMEBODY_ELSE = 12025550199

AT_ONCE = 0.1  # seconds a quick thumb needs


@dataclass(frozen=True)
class Refusal:
    """What Truecaller answers instead of ringing: an HTTP status and a body in the `{code, message}` envelope."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Persona:
    """One fixed outcome. `script`: what happens on the phone, as (seconds after the answer, answer word) in order."""

    name: str
    outcome: str  # how the sign-up ends: completed, declined, expired, failed
    code: str | None  # and why
    description: str
    numbers: tuple[int, ...]
    script: tuple[tuple[float, str], ...] = ()
    refusal: Refusal | None = None
    early: bool = False  # the first callback goes out before the request is answered
    copies: int = 1  # how often each callback is sent
    shows: int | None = None  # the number in the profile, when it is not the asked one


def _ten(reserved: range, first: int) -> tuple[int, ...]:
    start = reserved.index(first)
    return tuple(reserved[start : start + 10])


BAD_APP_KEY = Refusal(404, {"code": 404, "message": "Invalid partner credentials."})
NOT_ELIGIBLE = Refusal(
    403, {"code": 1008, "message": "Forbidden: It is forbidden to use sdk login for this phone number."}
)
SERVER_ERROR = Refusal(500, {"code": 500, "message": "Internal server error."})

PERSONAS = (
    Persona(
        "approve",
        "completed",
        None,
        "The person approves at once.",
        _ten(SWEDEN, 46701740610),
        script=((AT_ONCE, "approve"),),
    ),
    Persona(
        "approve_after_5s",
        "completed",
        None,
        "The person approves after 5 seconds.",
        _ten(SWEDEN, 46701740620),
        script=((5, "approve"),),
    ),
    Persona(
        "decline",
        "declined",
        "user_rejected",
        "The person declines.",
        _ten(SWEDEN, 46701740630),
        script=((AT_ONCE, "decline"),),
    ),
    Persona(
        "another_number",
        "declined",
        "use_another_number",
        "The person would rather use another number.",
        _ten(SWEDEN, 46701740640),
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
        _ten(SWEDEN, 46701740650),
        script=((1, "open"), (2, "approve")),
    ),
    Persona(
        "duplicate_callback",
        "completed",
        None,
        "The person approves, and Truecaller posts the callback twice.",
        _ten(SWEDEN, 46701740660),
        script=((AT_ONCE, "approve"),),
        copies=2,
    ),
    Persona(
        "early_callback",
        "completed",
        None,
        "The callback comes before the request has been answered.",
        _ten(SWEDEN, 46701740670),
        script=((0, "approve"),),
        early=True,
    ),
    Persona(
        "not_eligible",
        "failed",
        "number_not_eligible",
        "Truecaller refuses the number: 403 with code 1008.",
        _ten(UNITED_STATES, 12025550100),
        refusal=NOT_ELIGIBLE,
    ),
    Persona(
        "bad_app_key",
        "failed",
        "bad_app_key",
        "Truecaller answers 404, as it does when the app key is wrong.",
        _ten(UNITED_STATES, 12025550110),
        refusal=BAD_APP_KEY,
    ),
    Persona(
        "server_error",
        "failed",
        "truecaller_error",
        "Truecaller answers 500 each time it is asked.",
        _ten(SWEDEN, 46701740690),
        refusal=SERVER_ERROR,
    ),
    Persona(
        "wrong_number",
        "failed",
        "number_mismatch",
        "The person approves, but the profile holds somebody else's number.",
        _ten(SWEDEN, 46701740680),
        script=((AT_ONCE, "approve"),),
        shows=SOMEBODY_ELSE,
    ),
)

BY_NUMBER = {number: persona for persona in PERSONAS for number in persona.numbers}


def listed() -> list[dict[str, Any]]:
    """Every reserved number: phoneNumber, persona, outcome, code (or None), description."""
    return [
        {
            "phoneNumber": number,
            "persona": persona.name,
            "outcome": persona.outcome,
            "code": persona.code,
            "description": persona.description,
        }
        for persona in PERSONAS
        for number in persona.numbers
    ]


def table() -> str:
    """The same for people: one line a persona, its numbers and what happens below it."""
    lines = [f"{'PERSONA':<20}{'OUTCOME':<34}NUMBERS"]
    for persona in PERSONAS:
        outcome = f"{persona.outcome} ({persona.code})" if persona.code else persona.outcome
        lines += [f"{persona.name:<20}{outcome:<34}{_span(persona.numbers)}", f"    {persona.description}"]
    return "\n".join([*lines, "", "Any other number rings until somebody taps."])


def _span(numbers: tuple[int, ...]) -> str:
    first, last = numbers[0], numbers[-1]
    if numbers == tuple(range(first, last + 1)):
        return f"+{first} to +{last}"
    return ", ".join(f"+{number}" for number in numbers)
