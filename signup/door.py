"""The sandbox's door, over real HTTP: phones and taps, personas, a code for a real phone, callbacks sent again.

Pages and commands come in here. Only in sandbox mode is anybody behind it. It must not hand on a token or a state: in a
callback they are dots, and what comes back as dots is sent as it was.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from signup import outbound
from signup.clock import moment
from signup.errors import SignupError, UsageWrong
from signup.services import Services
from signup.truecaller import strict
from signup.truecaller.trace import DOTS

SECONDS = 2.0
REPLAY_SECONDS = 6.0
"""The sandbox waits for the answer to the callback, three seconds at most."""
SECRETS = ("accessToken", "state")
MOST_CALLBACKS, ALL_CALLBACKS = 50, 1_000
"""As many as a page shows, and as the sandbox keeps."""
MOST_BYTES = 4_194_304
"""Of its answers: an edited callback may be long, and many phones may ring."""
OK, NOT_FOUND = 200, 404
REFUSED = {
    404: "The sandbox has forgotten this callback: it was started anew, or has sent a thousand since.",
    413: "This is too large for the sandbox: at most 16,384 bytes.",
}


@dataclass(frozen=True)
class Ringing:
    """One phone that rings. `number`: E.164 without "+"; `persona` is None for any number that waits for a tap."""

    request_id: str
    number: int
    persona: str | None
    since: datetime

    @property
    def name(self) -> str:
        """What a page may call it: a request id is for nobody's eyes."""
        return hashlib.sha256(self.request_id.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Persona:
    """Ten reserved numbers with one fixed outcome."""

    name: str
    numbers: tuple[int, ...]
    description: str


@dataclass(frozen=True)
class PhoneCode:
    """What opens the phone on another machine, once, within `seconds`. `address` is None where none reaches it."""

    code: str
    seconds: int
    address: str | None


@dataclass(frozen=True)
class Posted:
    """One callback of the sandbox's. `status`: the answer to its last try, None without one; `replay`: sent by hand.

    `tapped`: a person answered the phone, not a persona; `edited`: the fields in which it is not as the callback was
    that came by itself, the secret ones too; `first`: the request that one was about.

    `request_id`: None where the body has none that can be one, as an edited body may.
    """

    id: str
    request_id: str | None
    at: str
    to: str
    replay: bool
    body: dict[str, Any]
    tries: int
    status: int | None
    edited: tuple[str, ...] = ()
    tapped: bool = False
    first: str | None = None


def ringing(services: Services) -> list[Ringing]:
    """The phones that ring at this moment, the oldest first. Raises SignupError when the sandbox is not there."""
    with _as_it_should():
        found = [
            Ringing(row["requestId"], int(row["phoneNumber"]), row["persona"], moment(row["since"]))
            for row in _ask(services, "GET", "/phones")
        ]
    return sorted(found, key=lambda one: one.since)


def tap(services: Services, request_id: str, answer: str) -> None:
    """Answer a phone: approve, decline, another_number, ignore or open. One that stopped ringing is left alone."""
    with _as_it_should():
        _ask(services, "POST", f"/phones/{quote(request_id, safe='')}", {"answer": answer}, fine=(OK, NOT_FOUND))


def personas(services: Services) -> list[Persona]:
    """The cast, each with all its reserved numbers. Raises as `ringing` does."""
    cast: dict[str, Persona] = {}
    with _as_it_should():
        for row in _ask(services, "GET", "/personas"):
            others = cast[row["persona"]].numbers if row["persona"] in cast else ()
            numbers = (*others, int(row["phoneNumber"]))
            cast[row["persona"]] = Persona(row["persona"], numbers, row["description"])
    return list(cast.values())


def phone_code(services: Services) -> PhoneCode:
    """A new code; the one before is dead. Raises as `ringing` does."""
    with _as_it_should():
        made = _ask(services, "POST", "/phone-codes")
        return PhoneCode(made["code"], made["seconds"], made["address"])


def callbacks(services: Services, request_id: str | None = None, *, most: int = MOST_CALLBACKS) -> list[Posted]:
    """The last callbacks that the sandbox posted, for one request or all, the newest first. Raises as `ringing`."""
    asked = {"limit": most} | ({"requestId": request_id} if request_id else {})
    with _as_it_should():
        return [_posted(row) for row in _ask(services, "GET", f"/callbacks?{urlencode(asked)}")]


def send_again(services: Services, posted: Posted, body: Mapping[str, Any], to: str | None = None) -> Posted:
    """Post a callback once more with this body, labelled, to our receiver or `to` another program on this machine.

    Raises as `ringing` does, and when the sandbox no longer has it or refuses the address.
    """
    asked = {"id": posted.id, "body": changes(posted, body), "to": to}
    with _as_it_should():
        sent = _ask(services, "POST", "/callbacks", asked, fine=(OK, *REFUSED), seconds=REPLAY_SECONDS)
        if sent.get("code") in REFUSED:
            raise SignupError(REFUSED[sent["code"]])
        return _posted(sent)


def changes(posted: Posted, body: Mapping[str, Any]) -> dict[str, Any]:
    """In which fields a body differs from what was posted; None for one that it leaves out."""
    names = dict.fromkeys([*posted.body, *body])
    return {name: body.get(name) for name in names if body.get(name) != posted.body.get(name)}


def _posted(row: Mapping[str, Any]) -> Posted:
    body = {name: DOTS if name in SECRETS else value for name, value in row["body"].items()}
    return Posted(
        row["id"],
        strict.request_id(row["requestId"]),
        row["at"],
        row["to"],
        row["replay"],
        body,
        row["tries"],
        row["status"],
        tuple(row["edited"]),
        row["tapped"],
        strict.request_id(row["first"]),
    )


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
    seconds: float = SECONDS,
) -> Any:
    if services.settings.mode != "sandbox":
        raise UsageWrong("There is no sandbox in live mode.")
    url = f"http://127.0.0.1:{services.settings.sandbox_port}{path}"
    body = json.dumps(content).encode() if content else None
    reply = outbound.send(method, url, {"Content-Type": "application/json"}, body, seconds=seconds, most=MOST_BYTES)
    if reply.status not in fine or reply.unread:
        raise ValueError(reply.status)
    return json.loads(reply.body)
