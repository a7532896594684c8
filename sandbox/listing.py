"""The personas told: row by row for programs, as a table for people and for the docs.

It must not know what a persona does beyond its own words.
"""

from typing import Any

from sandbox.personas import PERSONAS, Persona


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
        lines += [f"{persona.name:<20}{_outcome(persona):<34}{_span(persona.numbers)}", f"    {persona.description}"]
    return "\n".join([*lines, "", "Any other number rings until somebody taps."])


def markdown() -> str:
    """The table of the docs."""
    rows = (f"| `{one.name}` | {one.description} | {_outcome(one)} | {_span(one.numbers)} |" for one in PERSONAS)
    return "\n".join(["| Persona | What happens | The sign-up ends | Numbers |", "|---|---|---|---|", *rows])


def _outcome(persona: Persona) -> str:
    return f"{persona.outcome} ({persona.code})" if persona.code else persona.outcome


def _span(numbers: tuple[int, ...]) -> str:
    first, last = numbers[0], numbers[-1]
    if numbers == tuple(range(first, last + 1)):
        return f"+{first} to +{last}"
    return ", ".join(f"+{number}" for number in numbers)
