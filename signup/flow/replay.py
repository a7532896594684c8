"""Replay: a callback that the sandbox posted is sent again, as it was or edited first, to see what comes of it.

    asked -> replay.sent {edited} -> the sandbox posts it, labelled -> receive, as any callback

What a labelled one causes is marked in the log and left out of the numbers. Sandbox mode only: a live callback cannot
be sent again, for its token is wiped and its state a hash. It must not change a sign-up itself.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from signup import door
from signup.clock import text
from signup.door import Posted
from signup.errors import UsageWrong
from signup.record import events
from signup.record.events import Kind
from signup.services import Services
from signup.settings_checks import is_loopback, url


def send_again(
    services: Services, posted: Posted, body: Mapping[str, Any] | None = None, *, to: str | None = None, actor: str
) -> Posted:
    """Send a callback again with this body (None: as it was); how it was answered. None goes unseen: told first.

    Raises UsageWrong in live mode and for an address outside this machine, SignupError when the sandbox does not do it.
    """
    if services.settings.mode != "sandbox":
        raise UsageWrong("There is no sandbox in live mode: a live callback cannot be sent again.")
    _only_here(to)
    body = posted.body if body is None else body
    with services.store.write() as tx:
        about = posted.first or posted.request_id
        signup = tx.one("signup_by_request", request_id=about) if about else None
        events.append(
            tx,
            at=text(services.clock.now()),
            kind=Kind.REPLAY_SENT,
            actor=actor,
            signup_id=signup["id"] if signup else None,
            details={"edited": bool(door.changes(posted, body))},
        )
    return door.send_again(services, posted, body, to)


def _only_here(to: str | None) -> None:
    """Raise UsageWrong for an address that is not on this machine."""
    if to is None:
        return
    try:
        parts = urlsplit(url(to))
        here = is_loopback(parts.hostname or "") and parts.port != 0
    except ValueError:
        here = False
    if not here:
        raise UsageWrong(
            "A callback is sent again to this machine only: give an address such as http://127.0.0.1:8000/"
        )
