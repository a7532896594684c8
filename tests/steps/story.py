"""The words that step tests speak in: a person starts, Truecaller calls back, the log is read."""

from typing import Any

from signup.flow import signups
from signup.flow.receive import receive
from signup.flow.start import StartResult, start
from signup.flow.watch import Watcher
from signup.model import Callback, Result, Status
from signup.record import log
from signup.services import Services
from tests.fakes import ScriptedTruecaller

NUMBER = "+46 76 123 45 67"
VALUE = 46761234567
TOKEN = "the-access-token-0001"


def begin(services: Services, number: str = NUMBER, channel: str = "web") -> StartResult:
    """A person starts a sign-up."""
    return start(services, number, channel=channel, actor="cli")


def state_of(truecaller: ScriptedTruecaller, nth: int = -1) -> str:
    """The state that was sent with a request."""
    return truecaller.asked[nth][1]


def approve(services: Services, request_id: str, state: str | None, token: str = TOKEN, **more: Any) -> None:
    """A callback with a token arrives."""
    receive(services, Callback(request_id, Result.APPROVED, token=token, state=state, **more), None)


def say(services: Services, request_id: str, status: str, state: str | None = None) -> None:
    """A callback with a status and no token arrives."""
    results = {
        "user_rejected": Result.DECLINED,
        "use_another_number": Result.DECLINED,
        "flow_invoked": Result.OPENED,
    }
    receive(services, Callback(request_id, results.get(status, Result.OTHER), status=status, state=state), None)


def watch(services: Services) -> dict[str, int]:
    """One pass of a watcher."""
    return Watcher(services, "test").once()


def status(services: Services, signup_id: str | None) -> Status:
    found = signups.one(services, signup_id or "")
    assert found is not None
    return found.status


def code(services: Services, signup_id: str | None) -> str | None:
    found = signups.one(services, signup_id or "")
    assert found is not None
    return found.code


def kinds(services: Services, signup_id: str | None = None) -> list[str]:
    """The kinds of a sign-up's events, or of all, in order."""
    if signup_id:
        return [str(event.kind) for event in signups.timeline(services, signup_id)]
    return [str(event.kind) for event in everything(services)]


def everything(services: Services) -> list[Any]:
    """All events, oldest first."""
    return log.after(services, log.LogQuery(), 0, 10_000)


def details(services: Services, kind: str) -> list[dict[str, Any]]:
    """What all events of a kind carry."""
    return [event.details for event in everything(services) if event.kind == kind]


def tokens_kept(services: Services) -> int:
    """How many tokens the database holds at this moment."""
    with services.store.read() as tx:
        found = tx._connection.execute("SELECT id FROM callbacks WHERE token IS NOT NULL")  # type: ignore[attr-defined]
        return len(found.fetchall())
