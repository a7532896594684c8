"""The sandbox's whole cast over real HTTP: the real client, the real receiver, a watcher, and one start for each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.personas import PERSONAS, Persona
from signup.flow import signups
from signup.flow.start import StartResult, start
from signup.model import OPEN
from signup.sandbox_clock import SandboxClock
from signup.services import Services
from signup.truecaller.client import Client
from tests.machine import eventually
from tests.story.in_a_hurry import SPEED, walking

AT_THE_END = ("ignore", "late_token", "wrong_state", "token_refused", "profile_error")
"""Those that end only when the time to answer, or the token's life, is over."""


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Services]:
    """Receiver, watcher and sandbox at work, all in a hurry."""
    with walking(tmp_path, SIGNUP_TOKEN_SECONDS="5", SIGNUP_ANSWER_SECONDS="15") as (services, _):
        yield services


def test_every_persona_ends_as_it_says_all_of_them_at_once(street: Services) -> None:
    with ThreadPoolExecutor(len(PERSONAS)) as starters:
        results = starters.map(lambda one: begin(street, one), PERSONAS)
        started = {persona.name: result for persona, result in zip(PERSONAS, results, strict=True)}
    ids = {name: str(result.signup_id) for name, result in started.items()}
    soon = [one for name, one in ids.items() if name not in AT_THE_END]
    eventually(lambda: not is_open(street, *soon), 60)
    eventually(lambda: all("profile.failed" in kinds(street, ids[name]) for name in ("token_refused", "profile_error")))
    leap(street, 20)
    eventually(lambda: not is_open(street, *ids.values()), 60)
    leap(street, 620)
    eventually(lambda: "callback.received" in kinds(street, ids["late_token"]))
    ended = {name: ending(street, one) for name, one in ids.items()}
    assert ended == {persona.name: (persona.outcome, persona.code) for persona in PERSONAS}
    assert started["rate_limited"].retry_after == 30
    assert started["slow"].code == "timeout", "the start had gone before Truecaller answered"
    assert "callback.quarantined" in kinds(street, ids["wrong_state"])
    assert kinds(street, ids["duplicate_callback"]).count("callback.repeated") == 1


def begin(street: Services, persona: Persona) -> StartResult:
    """A start of the persona's first number; one that waits a quarter of the time, where Truecaller is slow."""
    if persona.slow:
        settings = street.settings
        assert settings.app_key
        waits = persona.slow / SPEED / 4
        short = Client(request_url=settings.request_url, app_key=settings.app_key, seconds=waits)
        street = replace(street, truecaller=short)
    return start(street, f"+{persona.numbers[0]}", channel="try", actor="user:local")


def ending(street: Services, signup_id: str) -> tuple[str, str | None]:
    found = signups.one(street, signup_id)
    assert found
    return str(found.status), found.code


def is_open(street: Services, *ids: str) -> bool:
    return any(found.status in OPEN for one in ids if (found := signups.one(street, one)))


def kinds(street: Services, signup_id: str) -> list[str]:
    return [event.kind for event in signups.timeline(street, signup_id)]


def leap(street: Services, seconds: float) -> None:
    assert isinstance(street.clock, SandboxClock)
    street.clock.move(seconds)
