"""What the sandbox remembers: which phones ring, and which access token belongs to whom.

The thread-safe core: web threads ring and tap, the timetable's threads tap too. Memory is bounded: prompts and tokens
live 10 minutes, and beyond 10,000 the oldest goes first. It must not send anything, and knows neither HTTP nor Flask.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox import profiles
from sandbox.clock import Clock
from sandbox.personas import BY_NUMBER, UNAUTHORIZED, Persona, Refusal

LIFE = timedelta(minutes=10)
MOST = 10_000

# What a person can do, and the status Truecaller posts for it. Approve posts a token instead, ignore nothing.
STATUS = {"decline": "user_rejected", "another_number": "use_another_number", "open": "flow_invoked"}
ANSWERS = ("approve", "ignore", *STATUS)


class NotRinging(Exception):
    """No phone rings for that request id: unknown, answered already, or older than 10 minutes."""


class UnknownAnswer(Exception):
    """A word that is not one of ANSWERS."""


@dataclass(frozen=True)
class Prompt:
    """A ringing phone. `answered` is set once the request that made it ring has had its own answer, `over` once
    somebody has answered the phone itself."""

    request_id: str
    number: int
    state: str | None
    persona: Persona | None
    since: datetime
    answered: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    over: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)


@dataclass(frozen=True)
class Grant:
    """Whose profile a token opens."""

    owner: int
    persona: Persona | None
    since: datetime


class Phones:
    """All phones in the sandbox's world."""

    def __init__(self, now: Callable[[], datetime] | None = None, most: int = MOST) -> None:
        self._now = now or Clock().now
        self._most = most
        self._lock = threading.Lock()
        self._ringing: dict[str, Prompt] = {}
        self._grants: dict[str, Grant] = {}

    def ring(self, number: int, state: str | None) -> Prompt:
        """A new prompt on the phone of that number."""
        with self._lock:
            prompt = Prompt(_request_id(), number, state, BY_NUMBER.get(number), self._now())
            self._ringing[prompt.request_id] = prompt
            self._forget()
        return prompt

    def ringing(self) -> list[Prompt]:
        """Every prompt that still rings, oldest first."""
        with self._lock:
            self._forget()
            return list(self._ringing.values())

    def answer(self, request_id: str, answer: str) -> tuple[Prompt, dict[str, str] | None]:
        """Answer a ringing prompt; all words but `open` end the ringing.

        Gives the prompt and the callback's body, None when nothing is posted. Raises UnknownAnswer, NotRinging.
        """
        if answer not in ANSWERS:
            raise UnknownAnswer(answer)
        with self._lock:
            self._forget()
            prompt = self._ringing.get(request_id)
            if prompt is None:
                raise NotRinging(request_id)
            return prompt, self._answer(prompt, answer)

    def play(self, prompt: Prompt, answer: str) -> dict[str, str] | None:
        """The same from a persona's script, which was due while the phone rang, also when the clock has leapt since."""
        with self._lock:
            if prompt.over.is_set():
                raise NotRinging(prompt.request_id)
            return self._answer(prompt, answer)

    def _answer(self, prompt: Prompt, answer: str) -> dict[str, str] | None:
        if answer != "open":
            prompt.over.set()
            self._ringing.pop(prompt.request_id, None)
        return self._callback(prompt, answer)

    def age(self, prompt: Prompt) -> float:
        """How many seconds ago the phone began to ring."""
        return (self._now() - prompt.since).total_seconds()

    def profile(self, token: str) -> dict[str, Any] | Refusal:
        """The profile that a token opens; refused for an unknown or too old one, and where the persona says so."""
        with self._lock:
            self._forget()
            grant = self._grants.get(token)
        if grant is None:
            return UNAUTHORIZED
        if grant.persona is None:
            return profiles.profile(grant.owner, grant.owner)
        show = profiles.partial if grant.persona.partial else profiles.profile
        return grant.persona.no_profile or show(grant.owner, grant.persona.shows or grant.owner)

    def _callback(self, prompt: Prompt, answer: str) -> dict[str, str] | None:
        if answer == "ignore":
            return None
        if answer in STATUS:
            return {"requestId": prompt.request_id, "status": STATUS[answer]}
        body = {"requestId": prompt.request_id, "accessToken": self._grant(prompt)}
        if prompt.state is not None:
            wrong = prompt.persona and prompt.persona.wrong_state
            body["state"] = secrets.token_urlsafe(24) if wrong else prompt.state
        return body

    def _grant(self, prompt: Prompt) -> str:
        token = secrets.token_urlsafe(48)
        self._grants[token] = Grant(prompt.number, prompt.persona, self._now())
        return token

    def _forget(self) -> None:
        oldest = self._now() - LIFE
        for memory in (self._ringing, self._grants):
            while memory:
                key = next(iter(memory))
                if len(memory) <= self._most and memory[key].since > oldest:
                    break
                del memory[key]


def _request_id() -> str:
    """Opaque, and always with characters that a URL must percent-encode, as Truecaller's sometimes have."""
    return f"{secrets.token_urlsafe(9)}+/{secrets.token_urlsafe(9)}="
