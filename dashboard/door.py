"""The sandbox's door, over real HTTP: which phones ring, who the personas are, a tap, and a code for a real phone.

Only in sandbox mode is anybody behind it. It must not draw, and it never speaks to Truecaller.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from signup import outbound
from signup.errors import SignupError
from signup.services import Services

SECONDS = 2.0
OK, NOT_FOUND = 200, 404


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


@dataclass(frozen=True)
class PhoneCode:
    """What opens the phone on another machine, once, within `seconds`. `address` is None where none reaches it."""

    code: str
    seconds: int
    address: str | None


def ringing(services: Services) -> list[Ringing]:
    """The phones that ring at this moment, the newest first. Raises SignupError when the sandbox is not there."""
    with _as_it_should():
        newest = sorted(_ask(services, "GET", "/phones"), key=lambda row: row["since"], reverse=True)
        return [Ringing(row["requestId"], int(row["phoneNumber"]), row["persona"]) for row in newest]


def tap(services: Services, request_id: str, answer: str) -> None:
    """Answer a phone: approve, decline, another_number, ignore or open. One that stopped ringing is left alone."""
    with _as_it_should():
        _ask(services, "POST", f"/phones/{quote(request_id, safe='')}", {"answer": answer}, fine=(OK, NOT_FOUND))


def personas(services: Services) -> list[Persona]:
    """The cast, each with the first of its reserved numbers. Raises as `ringing` does."""
    cast: dict[str, Persona] = {}
    with _as_it_should():
        for row in _ask(services, "GET", "/personas"):
            cast.setdefault(row["persona"], Persona(row["persona"], int(row["phoneNumber"]), row["description"]))
    return list(cast.values())


def phone_code(services: Services) -> PhoneCode:
    """A new code; the one before is dead. Raises as `ringing` does."""
    with _as_it_should():
        made = _ask(services, "POST", "/phone-codes")
        return PhoneCode(made["code"], made["seconds"], made["address"])


@contextmanager
def _as_it_should() -> Iterator[None]:
    """What another program on the sandbox's port may answer, told in one sentence."""
    try:
        yield
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SignupError("The sandbox does not answer as it should: look at the Health page.") from error


def _ask(
    services: Services,
    method: str,
    path: str,
    content: dict[str, Any] | None = None,
    *,
    fine: tuple[int, ...] = (OK,),
) -> Any:
    url = f"http://127.0.0.1:{services.settings.sandbox_port}{path}"
    body = json.dumps(content).encode() if content else None
    reply = outbound.send(method, url, {"Content-Type": "application/json"}, body, seconds=SECONDS)
    if reply.status not in fine or reply.unread:
        raise ValueError(reply.status)
    return json.loads(reply.body)
