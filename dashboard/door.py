"""The sandbox's door, over real HTTP: which phones ring, who the personas are, and a tap.

Only in sandbox mode is anybody behind it. It must not draw, and it never speaks to Truecaller.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from signup import outbound
from signup.errors import SignupError
from signup.services import Services

SECONDS = 2.0


@dataclass(frozen=True)
class Ringing:
    """One phone that rings. `number`: E.164 without "+"; `persona` is None for any number that waits for a tap."""

    request_id: str
    number: int
    persona: str | None


@dataclass(frozen=True)
class Persona:
    """A reserved number with a fixed outcome."""

    name: str
    number: int
    description: str


def ringing(services: Services) -> list[Ringing]:
    """The phones that ring at this moment, the newest first. Raises OutboundFailed."""
    rows = _ask(services, "GET", "/phones")
    newest = sorted(rows, key=lambda row: row["since"], reverse=True)
    return [Ringing(row["requestId"], row["phoneNumber"], row["persona"]) for row in newest]


def tap(services: Services, request_id: str, answer: str) -> None:
    """Answer a phone: approve, decline, another_number, ignore or open. One that stopped ringing is left alone."""
    _ask(services, "POST", f"/phones/{quote(request_id, safe='')}", {"answer": answer})


def personas(services: Services) -> list[Persona]:
    """The cast, each with the first of its reserved numbers. Raises OutboundFailed."""
    cast: dict[str, Persona] = {}
    for row in _ask(services, "GET", "/personas"):
        cast.setdefault(row["persona"], Persona(row["persona"], row["phoneNumber"], row["description"]))
    return list(cast.values())


def _ask(services: Services, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
    url = f"http://127.0.0.1:{services.settings.sandbox_port}{path}"
    body = json.dumps(content).encode() if content else None
    reply = outbound.send(method, url, {"Content-Type": "application/json"}, body, seconds=SECONDS)
    if reply.status not in (200, 404) or reply.unread:
        raise SignupError("The sandbox does not answer as it should: look at the Health page.")
    return json.loads(reply.body)
